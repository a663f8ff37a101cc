using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Carbon.Realtime.Benchmarks.Race;

namespace Carbon.Realtime.Benchmarks.Sender;

/// <summary>
/// The trigger: a plain TCP connection to the sender's port that says <c>GO n</c>. It is answered with <c>SIZE bytes</c> before the
/// first frame and <c>DONE seconds cpu-seconds</c> after the last. Separate from the WebSocket, so that any client library can race.
/// </summary>
internal sealed class SenderControl : IDisposable
{
    private readonly TcpClient _client = new();
    private readonly StreamReader _reader;

    private SenderControl(int port)
    {
        _client.Connect("127.0.0.1", port);
        _reader = new StreamReader(_client.GetStream(), Encoding.ASCII);
    }

    /// <summary>Asks the sender to send. Returns when it is about to.</summary>
    /// <param name="port">The sender's port.</param>
    /// <param name="frames">How many frames.</param>
    /// <param name="bytes">The size of all of them, WebSocket headers included.</param>
    public static SenderControl Go(int port, long frames, out long bytes)
    {
        var control = new SenderControl(port);
        control._client.GetStream().Write(Encoding.ASCII.GetBytes($"GO {frames}\n"));
        bytes = long.Parse(control.Expect("SIZE")[0], CultureInfo.InvariantCulture);
        return control;
    }

    /// <summary>Waits until all is sent, and completes a run's figures with the sender's side of it.</summary>
    public RunFigures AddTo(RunFigures figures)
    {
        var done = Expect("DONE");
        var seconds = double.Parse(done[0], CultureInfo.InvariantCulture);
        return figures with { SenderBusy = double.Parse(done[1], CultureInfo.InvariantCulture) / seconds };
    }

    public void Dispose() => _client.Dispose();

    /// <summary>The sender's side: whether a connection's first line is the trigger.</summary>
    public static bool TryParse(string line, out long frames)
    {
        frames = 0;
        return line.StartsWith("GO ", StringComparison.Ordinal) && long.TryParse(line.AsSpan(3), CultureInfo.InvariantCulture, out frames);
    }

    /// <summary>The sender's side: blasts at the client that connected last.</summary>
    public static void Answer(Stream stream, SenderSession? session, long frames)
    {
        if (session is null) throw new InvalidOperationException("No client is connected.");
        var pool = session.Prepare();
        Write(stream, $"SIZE {pool.Size(frames)}\n");
        var figures = session.Blast(pool, frames);
        Write(stream, string.Create(CultureInfo.InvariantCulture, $"DONE {figures.Seconds:R} {figures.CpuSeconds:R}\n"));
    }

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
