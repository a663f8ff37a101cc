using System.Net.WebSockets;
using System.Threading.Channels;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Emulator;

/// <summary>Carries the frames of one emulated connection over a WebSocket; one loop for each direction.</summary>
/// <param name="mostUnsentBytes">How much waits for a client that does not read, before its connection is broken.</param>
internal sealed class WebSocketPeer(long mostUnsentBytes) : IEmulatorPeer
{
    private long _unsentBytes;

    private readonly Channel<(SocketMessage Message, int FragmentBytes)> _outgoing =
        Channel.CreateUnbounded<(SocketMessage, int)>(new UnboundedChannelOptions { SingleReader = true });

    private readonly Lock _gate = new();
    private Action? _abort;
    private bool _isBroken;

    public void OnMessage(SocketMessage message) => OnFragmented(message, int.MaxValue);

    public void OnFragmented(SocketMessage message, int fragmentBytes)
    {
        if (Interlocked.Add(ref _unsentBytes, message.Payload.Length) > mostUnsentBytes)
        {
            // The real server's process has a limit for its heap, and ends (docs/protocol.md, "The socket's limits").
            OnBroken();
            return;
        }

        _outgoing.Writer.TryWrite((message, fragmentBytes));
        if (message.Kind == SocketMessageKind.Closed)
        {
            _outgoing.Writer.TryComplete();
        }
    }

    public void OnBroken()
    {
        Action? abort;
        lock (_gate)
        {
            _isBroken = true;
            abort = _abort;
        }

        _outgoing.Writer.TryComplete();
        abort?.Invoke();
    }

    /// <summary>Runs until the socket is closed by either side or broken.</summary>
    /// <param name="socket">The accepted socket.</param>
    /// <param name="tap">What it writes through.</param>
    /// <param name="connection">The emulator's side of it.</param>
    /// <param name="abort">Cuts the TCP connection: what <see cref="RealtimeEmulator.BreakConnections"/> means.</param>
    public async Task RunAsync(WebSocket socket, WireTap tap, EmulatorConnection connection, Action abort)
    {
        bool isBroken;
        lock (_gate)
        {
            _abort = abort;
            isBroken = _isBroken;
        }

        if (isBroken)
        {
            abort();
        }

        var sending = SendAsync(socket, tap);
        await ReceiveAsync(socket, tap.Frames, connection);
        connection.Disconnect();
        _outgoing.Writer.TryComplete();
        await sending;
    }

    private static async Task ReceiveAsync(WebSocket socket, ClientFrames frames, EmulatorConnection connection)
    {
        var buffer = new byte[16 * 1024];
        var length = 0;
        try
        {
            while (true)
            {
                if (length == buffer.Length)
                {
                    Array.Resize(ref buffer, buffer.Length * 2);
                }

                var result = await socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
                if (result.MessageType == WebSocketMessageType.Close)
                {
                    // Forgotten before it is answered: a client whose close was answered is gone.
                    connection.Disconnect();
                    if (socket.State == WebSocketState.CloseReceived)
                    {
                        await socket.CloseOutputAsync(socket.CloseStatus ?? WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                    }

                    return;
                }

                // A message over the limit is handed over before its end: the emulator closes with 1009, and the rest is read and forgotten.
                length += result.Count;
                if (result.EndOfMessage || length > EmulatorConnection.MaxFrameBytes)
                {
                    if (frames.IsText)
                    {
                        connection.Receive(buffer.AsSpan(0, length));
                    }
                    else
                    {
                        connection.ReceiveBinary(buffer.AsSpan(0, length));
                    }

                    length = 0;
                    if (result.EndOfMessage)
                    {
                        frames.Next();
                    }
                }
            }
        }
        catch (Exception e) when (IsEndOfSocket(e))
        {
            // The client is gone; nobody is left to be told.
        }
    }

    private async Task SendAsync(WebSocket socket, WireTap tap)
    {
        try
        {
            await foreach (var (message, fragmentBytes) in _outgoing.Reader.ReadAllAsync())
            {
                tap.IsGathering = _outgoing.Reader.TryPeek(out _);
                if (message.Kind == SocketMessageKind.Closed)
                {
                    await socket.CloseOutputAsync((WebSocketCloseStatus)(message.CloseCode ?? 1000), message.CloseReason, CancellationToken.None);
                }
                else
                {
                    var type = message.Kind == SocketMessageKind.Binary ? WebSocketMessageType.Binary : WebSocketMessageType.Text;
                    var left = message.Payload;
                    for (; left.Length > fragmentBytes; left = left[fragmentBytes..])
                    {
                        await socket.SendAsync(left[..fragmentBytes], type, endOfMessage: false, CancellationToken.None);
                    }

                    await socket.SendAsync(left, type, endOfMessage: true, CancellationToken.None);
                    Interlocked.Add(ref _unsentBytes, -message.Payload.Length);
                }
            }
        }
        catch (Exception e) when (IsEndOfSocket(e))
        {
            // The receiving loop notices the same.
        }
    }

    private static bool IsEndOfSocket(Exception e) =>
        e is WebSocketException or OperationCanceledException or IOException or InvalidOperationException or ObjectDisposedException;
}
