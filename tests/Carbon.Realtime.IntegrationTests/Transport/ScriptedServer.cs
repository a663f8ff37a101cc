using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.IntegrationTests.Transport;

/// <summary>A server that speaks WebSocket by hand on a loopback port, so that a test decides over every byte. Serves one connection a script.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _script;

    private ScriptedServer(Func<ScriptedPeer, Task>[] scripts)
    {
        _listener.Start();
        _script = ServeAsync(scripts);
    }

    /// <summary>Runs each script with a connection of its own, in order, once its request has been read.</summary>
    public static ScriptedServer Start(params Func<ScriptedPeer, Task>[] scripts) => new(scripts);

    public RealtimeSocketAddress Address(int maxMessageBytes = 1 << 20, params KeyValuePair<string, string>[] headers) =>
        new(new Uri($"ws://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/socket/websocket?apikey=planted-key&vsn=2.0.0"), headers, maxMessageBytes);

    /// <summary>Ends the script and reports its failure.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _script;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException)
        {
            // The client left first.
        }

        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task ServeAsync(Func<ScriptedPeer, Task>[] scripts)
    {
        foreach (var script in scripts)
        {
            using var client = await _listener.AcceptSocketAsync(_stop.Token);
            client.NoDelay = true;
            using var peer = new ScriptedPeer(client, _stop.Token);
            await peer.ReadRequestAsync();
            await script(peer);
        }
    }
}

/// <summary>The server's end of one connection.</summary>
internal sealed class ScriptedPeer(Socket socket, CancellationToken stop) : IDisposable
{
    private readonly NetworkStream _stream = new(socket, ownsSocket: false);

    /// <summary>Request line and headers.</summary>
    public string Request { get; private set; } = "";

    public void Dispose() => _stream.Dispose();

    public static byte[] Text(string text, bool last = true, bool first = true) => Frame(first ? 1 : 0, Encoding.UTF8.GetBytes(text), last);

    public static byte[] Close(int code, string reason = "")
    {
        var payload = new byte[2 + Encoding.UTF8.GetByteCount(reason)];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)code);
        Encoding.UTF8.GetBytes(reason, payload.AsSpan(2));
        return Frame(8, payload);
    }

    public static byte[] Frame(int opcode, byte[] payload, bool last = true)
    {
        var frame = new List<byte> { (byte)(opcode | (last ? 0x80 : 0)) };
        if (payload.Length < 126)
        {
            frame.Add((byte)payload.Length);
        }
        else
        {
            var length = new byte[8];
            BinaryPrimitives.WriteUInt64BigEndian(length, (ulong)payload.Length);
            frame.AddRange([127, .. length]);
        }

        frame.AddRange(payload);
        return [.. frame];
    }

    public async Task ReadRequestAsync()
    {
        var request = new StringBuilder();
        var one = new byte[1];
        while (!request.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await _stream.ReadExactlyAsync(one, stop);
            request.Append((char)one[0]);
        }

        Request = request.ToString();
    }

    /// <param name="headers">More of them, each with its line's end.</param>
    public Task AcceptAsync(string headers = "")
    {
        var key = Request.Split("Sec-WebSocket-Key: ")[1].Split("\r\n")[0];
#pragma warning disable CA5350 // The handshake of RFC 6455 is defined with SHA-1.
        var accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        return SendAsync($"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n{headers}\r\n");
    }

    public Task RefuseAsync(string status, string body, string contentType = "application/json") =>
        SendAsync($"HTTP/1.1 {status}\r\nContent-Type: {contentType}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(params byte[][] parts)
    {
        foreach (var part in parts)
        {
            await _stream.WriteAsync(part, stop);
        }
    }

    /// <summary>The client's next frame, unmasked.</summary>
    public async Task<(int Opcode, byte[] Payload)> ReadFrameAsync()
    {
        var head = await ReadAsync(2);
        var length = (head[1] & 0x7F) switch
        {
            126 => BinaryPrimitives.ReadUInt16BigEndian(await ReadAsync(2)),
            127 => (int)BinaryPrimitives.ReadUInt64BigEndian(await ReadAsync(8)),
            var small => small,
        };
        var mask = await ReadAsync(4);
        var payload = await ReadAsync(length);
        for (var i = 0; i < payload.Length; i++)
        {
            payload[i] ^= mask[i % 4];
        }

        return (head[0] & 0x0F, payload);
    }

    /// <summary>Ends the connection with a TCP reset.</summary>
    public void Reset()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }

    /// <summary>Until the test is over.</summary>
    public Task WaitAsync() => Task.Delay(Timeout.Infinite, stop);

    private async Task<byte[]> ReadAsync(int count)
    {
        var bytes = new byte[count];
        await _stream.ReadExactlyAsync(bytes, stop);
        return bytes;
    }
}
