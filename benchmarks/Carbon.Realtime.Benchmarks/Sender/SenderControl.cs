using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Carbon.Realtime.Benchmarks.Sender;

/// <summary>
/// The trigger: a plain TCP connection to the sender's port, each of whose lines is a <see cref="SendOrder"/>. It is answered with <c>SIZE bytes</c>
/// before the first frame and <c>DONE seconds cpu-seconds</c> after the last. Separate from the WebSocket, so that any client library can race.
/// </summary>
internal sealed class SenderControl : IDisposable
{
    private readonly TcpClient _client = new();
    private readonly StreamReader _reader;

    public SenderControl(int port)
    {
        _client.Connect("127.0.0.1", port);
        _reader = new StreamReader(_client.GetStream(), Encoding.ASCII);
    }

    /// <summary>Asks the sender to send. Returns when it is about to.</summary>
    /// <returns>The size of all frames, WebSocket headers included.</returns>
    public long Send(SendOrder order)
    {
        Write(_client.GetStream(), $"{order}\n");
        return long.Parse(Expect("SIZE")[0], CultureInfo.InvariantCulture);
    }

    /// <summary>Waits until all is sent: the sender's side of it.</summary>
    public SenderFigures Wait()
    {
        var done = Expect("DONE");
        return new SenderFigures(double.Parse(done[0], CultureInfo.InvariantCulture), double.Parse(done[1], CultureInfo.InvariantCulture));
    }

    public void Dispose() => _client.Dispose();

    /// <summary>The sender's side: sends to the client that connected last, until the connection closes.</summary>
    public static void Answer(Stream stream, SenderSession? session, SendOrder first)
    {
        if (session is null) throw new InvalidOperationException("No client is connected.");
        var (pool, stamped) = (new Lazy<FramePool>(session.Prepare), new Lazy<StampedFrames>(session.PrepareStamped)); // made once, before the first frame
        for (var order = first; ; order = Next(stream))
        {
            Write(stream, $"SIZE {(order.PerSecond is null ? pool.Value.Size(order.Frames) : stamped.Value.Size(order.Frames))}\n");
            var figures = order.PerSecond is { } rate ? session.Pace(stamped.Value, order.Frames, rate) : session.Blast(pool.Value, order.Frames);
            Write(stream, string.Create(CultureInfo.InvariantCulture, $"DONE {figures.Seconds:R} {figures.CpuSeconds:R}\n"));
        }
    }

    private static SendOrder Next(Stream stream) => SendOrder.TryParse(SenderCommand.ReadLine(stream), out var order)
        ? order
        : throw new InvalidDataException("What is to be sent?");

    private static void Write(Stream stream, string line)
    {
        stream.Write(Encoding.ASCII.GetBytes(line));
        stream.Flush();
    }

    private string[] Expect(string word)
    {
        var parts = _reader.ReadLine()?.Split(' ') ?? throw new EndOfStreamException("The sender ended.");
        return parts[0] == word ? parts[1..] : throw new InvalidDataException($"The sender said {parts[0]}, not {word}.");
    }
}
