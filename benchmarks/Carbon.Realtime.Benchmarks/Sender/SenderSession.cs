using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Sender;

/// <summary>One WebSocket client of the sender: the hand-made handshake, the answers, and the changes.</summary>
internal sealed class SenderSession(Socket socket, Stream input, Workload load)
{
    private readonly PhoenixAnswers _answers = new(load);

    // Answers (heartbeats) may come between two buffers of a blast, never inside one.
    private readonly Lock _write = new();

    /// <summary>The WebSocket handshake; the request line was read already, whatever its path.</summary>
    public void Upgrade()
    {
        string? key = null;
        while (SenderCommand.ReadLine(input) is { Length: > 0 } header)
        {
            if (header.StartsWith("Sec-WebSocket-Key:", StringComparison.OrdinalIgnoreCase)) key = header[18..].Trim();
        }

        if (key is null) throw new InvalidDataException("No Sec-WebSocket-Key in the request.");
#pragma warning disable CA5350 // RFC 6455, section 4.2.2, asks for SHA-1; nothing is protected by it.
        var accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        Send(Encoding.ASCII.GetBytes(
            $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"));
    }

    /// <summary>Answers the client until it closes.</summary>
    public void Run()
    {
        while (true)
        {
            var (opcode, payload) = WebSocketFrames.Read(input);
            switch (opcode)
            {
                case WebSocketFrames.Text:
                    foreach (var answer in _answers.To(payload)) SendFrame(WebSocketFrames.Text, Encoding.UTF8.GetBytes(answer));
                    break;
                case WebSocketFrames.Ping:
                    SendFrame(WebSocketFrames.Pong, payload);
                    break;
                case WebSocketFrames.Close:
                    SendFrame(WebSocketFrames.Close, payload);
                    return;
            }
        }
    }

    /// <summary>The frames for the subscription that the client has made, as fast as the client takes them.</summary>
    /// <exception cref="InvalidOperationException">The client has not joined a topic with a binding on items.</exception>
    public FramePool Prepare() => new(load, Subscription.Topic, Subscription.Ids);

    /// <summary>The same frames, each with its moment.</summary>
    /// <exception cref="InvalidOperationException">As above.</exception>
    public StampedFrames PrepareStamped() => new(load, Subscription.Topic, Subscription.Ids);

    /// <summary>Sends as fast as the client takes; returns once the last byte is in the kernel's hands.</summary>
    public SenderFigures Blast(FramePool pool, long frames)
    {
        var cpu = Environment.CpuUsage.TotalTime;
        var start = Stopwatch.GetTimestamp();
        foreach (var buffer in pool.Buffers(frames)) Send(buffer.Span);
        return new SenderFigures(Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
    }

    /// <summary>Sends one frame at a time at the rate given. What is late is sent at once, and stamped with the moment at which it is sent.</summary>
    /// <remarks>It spins for the next moment: no timer is as fine as a ten thousandth of a second.</remarks>
    public SenderFigures Pace(StampedFrames pool, long frames, long perSecond)
    {
        var cpu = Environment.CpuUsage.TotalTime;
        var start = Stopwatch.GetTimestamp();
        for (var i = 0L; i < frames; i++)
        {
            var due = start + (i * Stopwatch.Frequency / perSecond);
            while (Stopwatch.GetTimestamp() < due) Thread.SpinWait(10);
            Send(pool.Take(i, Stopwatch.GetTimestamp()));
        }

        return new SenderFigures(Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
    }

    private (string Topic, IReadOnlyList<long> Ids) Subscription => _answers.Subscription ?? throw new InvalidOperationException("Nothing is subscribed.");

    private void SendFrame(byte opcode, byte[] payload)
    {
        using var frame = new MemoryStream(payload.Length + 10);
        WebSocketFrames.Append(frame, opcode, payload);
        Send(frame.GetBuffer().AsSpan(0, (int)frame.Length));
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        lock (_write)
        {
            while (!bytes.IsEmpty) bytes = bytes[socket.Send(bytes)..];
        }
    }
}

/// <summary>How long it took to send all, and how much of it the sender computed: the rest it waited for its client.</summary>
/// <param name="Seconds">From the first to the last <c>send</c>.</param>
/// <param name="CpuSeconds">Processor time of the sender's process meanwhile.</param>
internal readonly record struct SenderFigures(double Seconds, double CpuSeconds)
{
    public double Busy => CpuSeconds / Seconds;
}
