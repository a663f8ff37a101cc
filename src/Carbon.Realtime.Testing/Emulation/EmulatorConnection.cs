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

    private readonly EmulatorServer _server;
    private readonly IEmulatorPeer _peer;
    private readonly Queue<SocketMessage> _outbox = new();
    private readonly Queue<Action> _postponed = new();
    private readonly Queue<string> _received = new();
    private long _lastReceived;
    private IDisposable? _idle;
    private bool _isBlocked;
    private bool _isDraining;
    private bool _isBroken;

    internal EmulatorConnection(EmulatorServer server, IEmulatorPeer peer, int id, EmulatorProtocolVersion version, string apiKey)
    {
        _server = server;
        _peer = peer;
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

    /// <summary>The last frames that the client sent, oldest first, as many as <see cref="EmulatorOptions.ReceivedFrameLogLimit"/>.</summary>
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
            if (!IsOpen)
            {
                return;
            }

            if (frame.Length > MaxFrameBytes)
            {
                CloseUnderLock(1009, "");
                return;
            }

            _lastReceived = Time.GetTimestamp();
            Log(frame);
            WhenNotBlocked(() => _server.Handle(this, frame));
        }
    }

    /// <summary>Takes a frame of the client. Answers go to the peer, later.</summary>
    public void Receive(string frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        Receive(Encoding.UTF8.GetBytes(frame));
    }

    /// <summary>The client closed the socket, or it broke on the client's side. The peer hears nothing more.</summary>
    public void Disconnect()
    {
        lock (Gate)
        {
            _outbox.Clear();
            End();
        }
    }

    /// <summary>The server closes the socket, after what it has sent already.</summary>
    public void Close(int code, string reason)
    {
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
            if (IsOpen)
            {
                End();
                _outbox.Clear();
                _isBroken = true;
                Drain();
            }
        }
    }

    internal void CloseUnderLock(int code, string reason)
    {
        if (IsOpen)
        {
            End();
            Deliver(SocketMessage.Closed(code, reason));
        }
    }

    /// <summary>Sends a frame of the server, unless a failing join holds everything up
    /// (docs/protocol.md, "Joins block the socket").</summary>
    internal void Push(string joinRef, string reference, string topic, string @event, string payload)
    {
        var frame = Encoding.UTF8.GetBytes(WireFrame.Write(Version, joinRef, reference, topic, @event, payload));
        WhenNotBlocked(() => Deliver(SocketMessage.Text(frame)));
    }

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
        _received.Enqueue(Encoding.UTF8.GetString(frame));
        while (_received.Count > _server.Options.ReceivedFrameLogLimit)
        {
            _received.Dequeue();
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

    private void Deliver(SocketMessage message)
    {
        _outbox.Enqueue(message);
        Drain();
    }

    private void Drain()
    {
        if (!_isDraining)
        {
            _isDraining = true;
            _server.Agenda.Environment.Scheduler.Post(DrainOutbox);
        }
    }

    /// <summary>The single drainer: takes what there is under the lock and hands it over outside it.</summary>
    private void DrainOutbox()
    {
        while (true)
        {
            SocketMessage[] batch;
            bool isBroken;
            lock (Gate)
            {
                batch = [.. _outbox];
                _outbox.Clear();
                isBroken = _isBroken;
                _isBroken = false;
                if (batch.Length == 0 && !isBroken)
                {
                    _isDraining = false;
                    return;
                }
            }

            foreach (var message in batch)
            {
                _peer.OnMessage(message);
            }

            if (isBroken)
            {
                _peer.OnBroken();
            }
        }
    }
}
