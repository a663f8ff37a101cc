using System.Text;
using Carbon.Realtime.Testing.Emulation;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Testing;

/// <summary>One open socket, seen from the server. Hosts feed it with the client's frames; tests look at it.</summary>
/// <remarks>Thread-safe. What the server sends goes to the connection's <see cref="IEmulatorPeer"/>.</remarks>
public sealed class EmulatorConnection
{
    // Cowboy's max_frame_size in the server's endpoint (docs/protocol.md, "The socket's limits").
    internal const int MaxFrameBytes = 5_000_000;

    // Whatever the limit of their number: a test that sends large frames is no reason to keep them all.
    private const int MostCharactersRemembered = 16 * 1024 * 1024;

    private readonly EmulatorServer _server;
    private readonly EmulatorOutbox _outbox;
    private readonly Queue<Action> _postponed = new();
    private readonly Queue<string> _received = new();
    private long _receivedCharacters;
    private long _lastReceived;
    private IDisposable? _idle;
    private int _lastChannelNumber;
    private bool _isBlocked;

    internal EmulatorConnection(EmulatorServer server, IEmulatorPeer peer, int id, EmulatorProtocolVersion version, string apiKey)
    {
        _server = server;
        _outbox = new EmulatorOutbox(server.Agenda, peer);
        Id = id;
        Version = version;
        ApiKey = apiKey;
        _lastReceived = Time.GetTimestamp();
        WatchIdle();
    }

    /// <summary>Counts the emulator's connections from 1.</summary>
    public int Id { get; }

    /// <summary>The form of its frames.</summary>
    public EmulatorProtocolVersion Version { get; }

    /// <summary>Whether the socket is open.</summary>
    public bool IsOpen { get; private set; } = true;

    /// <summary>Whether nothing passes the connection any more, in either direction, and nobody is told (<see cref="EmulatorFaults.HalfOpen()"/>).</summary>
    public bool IsHalfOpen { get; private set; }

    /// <summary>
    /// The last text frames that the client sent, oldest first, as many as <see cref="EmulatorOptions.ReceivedFrameLogLimit"/> and no more than 16 Mi characters.
    /// </summary>
    public IReadOnlyList<string> ReceivedFrames
    {
        get
        {
            lock (Gate)
            {
                return [.. _received];
            }
        }
    }

    /// <summary>The topics that are joined now, in the order of their joins.</summary>
    public IReadOnlyList<string> Topics
    {
        get
        {
            lock (Gate)
            {
                return [.. Channels.Keys];
            }
        }
    }

    internal string ApiKey { get; }

    /// <summary>How many of its next changes do not reach it.</summary>
    internal int ChangesToDrop { get; set; }

    internal OrderedDictionary<string, EmulatorChannel> Channels { get; } = new(StringComparer.Ordinal);

    private Lock Gate => _server.Agenda.Gate;

    private TimeProvider Time => _server.Agenda.Environment.TimeProvider;

    /// <summary>Takes a frame of the client. Answers go to the peer, later.</summary>
    public void Receive(ReadOnlySpan<byte> utf8)
    {
        var frame = utf8.ToArray();
        lock (Gate)
        {
            if (Accepts(frame.Length))
            {
                Log(frame);
                WhenNotBlocked(() => Handle(() => _server.Handle(this, frame)));
            }
        }
    }

    /// <summary>Takes a binary frame of the client: a broadcast of version 2 (docs/protocol.md, "Binary frames"). Anything else is dropped.</summary>
    public void ReceiveBinary(ReadOnlySpan<byte> frame)
    {
        var broadcast = UserBroadcast.Read(frame);
        lock (Gate)
        {
            if (Accepts(frame.Length) && broadcast is not null && Version == EmulatorProtocolVersion.V2)
            {
                WhenNotBlocked(() => Handle(() => _server.Handle(this, broadcast)));
            }
        }
    }

    /// <summary>Takes a frame of the client. Answers go to the peer, later.</summary>
    public void Receive(string frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        Receive(Encoding.UTF8.GetBytes(frame));
    }

    /// <summary>Takes a sign of life that is no frame, for example a WebSocket ping: it keeps an idle socket open (docs/protocol.md, "Thirty facts", fact 13).</summary>
    public void ReceivePing()
    {
        lock (Gate)
        {
            _lastReceived = IsHalfOpen ? _lastReceived : Time.GetTimestamp();
        }
    }

    /// <summary>The client closed the socket, or it broke on the client's side. The peer hears nothing more.</summary>
    public void Disconnect()
    {
        lock (Gate)
        {
            _server.Trouble.HalfOpen.Remove(this);
            _outbox.Clear();
            End();
        }
    }

    /// <summary>The server closes the socket, after what it has sent already.</summary>
    /// <exception cref="ArgumentException">No close frame has such a code, or so long a reason: more than 123 bytes.</exception>
    public void Close(int code, string reason)
    {
        CloseFrame.Check(code, reason);
        lock (Gate)
        {
            CloseUnderLock(code, reason);
        }
    }

    /// <summary>The connection breaks without a close frame; what was sent and not yet delivered is lost.</summary>
    public void Break()
    {
        lock (Gate)
        {
            if (IsOpen || IsHalfOpen)
            {
                _server.Trouble.HalfOpen.Remove(this);
                IsHalfOpen = false;
                End();
                _outbox.Break();
            }
        }
    }

    internal void CloseUnderLock(int code, string reason)
    {
        if (IsOpen)
        {
            End();
            Deliver(new OutgoingMessage(SocketMessage.Closed(code, reason)));
        }
    }

    /// <summary>Sends a frame of the server, unless a failing join holds everything up
    /// (docs/protocol.md, "Joins block the socket").</summary>
    internal void Push(string joinRef, string reference, string topic, string @event, string payload)
    {
        var frame = Encoding.UTF8.GetBytes(WireFrame.Write(Version, joinRef, reference, topic, @event, payload));
        WhenNotBlocked(() => Send(SocketMessage.Text(frame)));
    }

    /// <summary>Sends a binary frame of the server.</summary>
    internal void PushBinary(byte[] frame) => WhenNotBlocked(() => Send(SocketMessage.Binary(frame)));

    /// <summary>Nothing passes any more. The server may close the socket later, and the client does not hear of it.</summary>
    internal void FallSilent()
    {
        if (IsOpen)
        {
            IsHalfOpen = true;
            _outbox.Clear();
            _server.Trouble.HalfOpen.Add(this);
        }
    }

    internal int NextChannelNumber() => ++_lastChannelNumber;

    /// <summary>Blocks the whole socket for a time: no frame is read and none is sent, for any channel.</summary>
    internal void Block(TimeSpan time, Action then)
    {
        if (time <= TimeSpan.Zero)
        {
            then();
            return;
        }

        _isBlocked = true;
        _server.Agenda.After(time, () =>
        {
            _isBlocked = false;
            if (IsOpen)
            {
                then();
            }

            while (!_isBlocked && IsOpen && _postponed.TryDequeue(out var action))
            {
                action();
            }
        });
    }

    private bool Accepts(int bytes)
    {
        if (!IsOpen || IsHalfOpen)
        {
            return false;
        }

        if (bytes > MaxFrameBytes)
        {
            CloseUnderLock(1009, "");
            return false;
        }

        _lastReceived = Time.GetTimestamp();
        return true;
    }

    private void Handle(Action handle)
    {
        try
        {
            handle();
        }
#pragma warning disable CA1031 // Who may use a private channel is decided by the user's code: the frame is not answered, and whoever carries frames goes on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _server.Agenda.LastFault = e;
        }
    }

    private void Send(SocketMessage message)
    {
        foreach (var outgoing in _server.Trouble.Wire?.Send(message, Version) ?? [new OutgoingMessage(message)])
        {
            Deliver(outgoing);
        }
    }

    private void WhenNotBlocked(Action action)
    {
        if (_isBlocked)
        {
            _postponed.Enqueue(action);
        }
        else
        {
            action();
        }
    }

    private void Log(byte[] frame)
    {
        var text = Encoding.UTF8.GetString(frame);
        _received.Enqueue(text);
        _receivedCharacters += text.Length;
        while (_received.Count > _server.Options.ReceivedFrameLogLimit || _receivedCharacters > MostCharactersRemembered)
        {
            _receivedCharacters -= _received.Dequeue().Length;
        }
    }

    private void WatchIdle()
    {
        if (_server.Options.Timing.IdleTimeout is { } timeout)
        {
            // Only the client's frames count (docs/protocol.md, "The socket's limits").
            _idle = _server.Agenda.After(timeout - Time.GetElapsedTime(_lastReceived), () =>
            {
                if (Time.GetElapsedTime(_lastReceived) >= timeout)
                {
                    CloseUnderLock(1000, "");
                }
                else
                {
                    WatchIdle();
                }
            });
        }
    }

    private void End()
    {
        IsOpen = false;
        _idle?.Dispose();
        _postponed.Clear();
        foreach (var channel in Channels.Values)
        {
            channel.Stop();
        }

        Channels.Clear();
        _server.Forget(this);
    }

    private void Deliver(OutgoingMessage message)
    {
        if (!IsHalfOpen)
        {
            _outbox.Send(message);
        }
    }
}
