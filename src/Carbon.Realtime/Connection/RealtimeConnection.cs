using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Transport;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Connection;

/// <summary>Keeps one socket open while somebody needs it: dials, beats, notices death, backs off, dials again.</summary>
/// <remarks>
/// All state, this room's and the Channels room's, is behind <see cref="Gate"/>. Under it nothing blocks, no user code runs and no socket
/// is touched: sends go to a queue, timers and aborts are posted. One attempt (dial, read to the end) runs at a time, so the readers of two
/// sockets never overlap and no change of an old socket can follow a gap of a new one.
/// </remarks>
internal sealed class RealtimeConnection : IAsyncDisposable
{
    private readonly RealtimeEnvironment _environment;
    private readonly ConnectionOptions _options;
    private readonly IRealtimeSocketFactory _factory;
    private readonly RealtimeSocketAddress _address;
    private readonly FrameWriter _writer;
    private readonly ILogger _logger;
    private readonly Heartbeat _heartbeat;
    private Deadlines.Deadline? _idle;
    private Deadlines.Deadline? _closeIsLate;
    private SocketRun? _run;
    private Task _running = Task.CompletedTask;
    private long _reference;
    private bool _isEnding;
    private bool _needed;
    private IConnectionHandler _handler = null!;

    public RealtimeConnection(
        RealtimeEnvironment environment,
        ConnectionOptions options,
        IRealtimeSocketFactory factory,
        RealtimeSocketAddress address,
        FrameWriter writer,
        RealtimeInstruments instruments,
        ILogger logger)
    {
        Instruments = instruments;
        _environment = environment;
        _options = options;
        _factory = factory;
        _address = address;
        _writer = writer;
        _logger = logger;
        Deadlines = new Deadlines(environment, RunDue);
        var backoff = new Backoff(options.ReconnectMin, options.ReconnectMax, options.ReturnSpread, environment.Randomizer);
        Recovery = new Recovery(Deadlines, environment, backoff, options.SlowRetry);
        _heartbeat = new Heartbeat(this, environment.TimeProvider, options.HeartbeatInterval);
    }

    public Lock Gate { get; } = new();

    /// <summary>Everything that is to happen later, here and in Channels.</summary>
    public Deadlines Deadlines { get; }

    /// <summary>What is measured, here and in Channels.</summary>
    public RealtimeInstruments Instruments { get; }

    public ConnectionState State { get; private set; }

    /// <summary>Why the last attempt ended, and when the next is due.</summary>
    public Recovery Recovery { get; }

    /// <summary>Sets who sits on this connection; once, before anything else.</summary>
    public void Attach(IConnectionHandler handler) => _handler = handler;

    /// <summary>Somebody needs a socket: dials unless one is there or on its way, or the end has begun. Under the gate.</summary>
    public void Need()
    {
        if (_isEnding)
        {
            return;
        }

        _needed = true;
        _idle?.Cancel();
        _idle = null;
        if (TryMove(ConnectionState.Idle, ConnectionState.Dialing))
        {
            Dial();
        }
    }

    /// <summary>Nobody needs a socket any more: it is closed after the idle time-out. Under the gate.</summary>
    /// <remarks>The server kills sockets without channels after ten minutes anyway.</remarks>
    public void NeedNot()
    {
        _needed = false;
        if (State == ConnectionState.Waiting)
        {
            State = ConnectionState.Idle;
            Recovery.Overcome();
            _handler.OnChanged(wasOpen: false);
        }
        else if (_idle is null && State is ConnectionState.Open or ConnectionState.Dialing)
        {
            _idle = Deadlines.Schedule(_options.IdleTimeout, () =>
            {
                _idle = null;
                Close();
            });
        }
    }

    /// <summary>A reference no other push of this connection has. Under the gate.</summary>
    public string NextReference() => (++_reference).ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The network may be back: ends a wait for the next dial. Under the gate.</summary>
    public void RetryNow()
    {
        if (State == ConnectionState.Waiting)
        {
            Recovery.Hasten(Redial);
            _handler.OnChanged(wasOpen: false);
        }
    }

    /// <summary>Queues a frame; order is kept. Under the gate; ignored while no socket is open.</summary>
    public void Send(byte[] frame)
    {
        if (State is ConnectionState.Open or ConnectionState.Closing)
        {
            _run!.Send(frame);
        }
    }

    /// <summary>Gives up the socket at once. Under the gate.</summary>
    public void Drop(ServerFault fault)
    {
        if (TryMove(ConnectionState.Open, ConnectionState.Closing))
        {
            _run!.Abort(fault);
        }
    }

    /// <summary>Closes politely, within the close time-out, and dials no more.</summary>
    public ValueTask DisposeAsync() => new(_environment.Scheduler.Start(EndAsync));

    private async Task EndAsync()
    {
        Task running;
        lock (Gate)
        {
            _isEnding = true;
            _needed = false;
            Close();
            if (State is ConnectionState.Idle or ConnectionState.Waiting)
            {
                State = ConnectionState.Disposed;
            }

            running = _running;
        }

        await running;
        lock (Gate)
        {
            State = ConnectionState.Disposed;
            Deadlines.Dispose();
        }
    }

    private void Close()
    {
        Recovery.EndWait();
        if (TryMove(ConnectionState.Open, ConnectionState.Closing))
        {
            // A server that does not answer the close must not keep us waiting.
            var run = _run!;
            run.Close();
            _closeIsLate = Deadlines.Schedule(_options.CloseTimeout, () => run.Abort(FaultTable.Close(null, null)));
        }
        else if (State == ConnectionState.Dialing)
        {
            _run!.GiveUp();
        }
    }

    private void Dial()
    {
        _run = new SocketRun(_environment, _factory, _address, _options.ConnectTimeout, this, new MessageReader(Gate, _heartbeat, _handler));
        _running = _environment.Scheduler.Start(_run.RunAsync);
        ConnectionLog.Dialing(_logger, _address.ToString(), Recovery.Attempt + 1);
        _handler.OnChanged(wasOpen: false);
    }

    private void Redial()
    {
        if (TryMove(ConnectionState.Waiting, ConnectionState.Dialing))
        {
            Dial();
        }
    }

    private void RunDue()
    {
        lock (Gate)
        {
            if (State != ConnectionState.Disposed)
            {
                Deadlines.RunDue();
            }
        }
    }

    private bool TryMove(ConnectionState expected, ConnectionState next)
    {
        if (State != expected)
        {
            return false;
        }

        State = next;
        return true;
    }

    internal Task PrepareAsync() => _handler.PrepareAsync();

    /// <summary>The socket of <paramref name="run"/> is open.</summary>
    /// <returns>Whether it is still wanted.</returns>
    internal bool OnOpened(SocketRun run)
    {
        lock (Gate)
        {
            if (!ReferenceEquals(run, _run) || !TryMove(ConnectionState.Dialing, ConnectionState.Open))
            {
                return false;
            }

            Recovery.Overcome();
            ConnectionLog.Opened(_logger, _address.ToString());
            _heartbeat.Start(_options.StableAfter, Recovery.Reset);
            _handler.OnOpened();
            return true;
        }
    }

    /// <summary>The attempt of <paramref name="run"/> ended; nothing of it follows.</summary>
    internal void OnEnded(SocketRun run, ServerFault fault)
    {
        lock (Gate)
        {
            var wasOpen = run.WasOpen;
            _heartbeat.Stop();
            _closeIsLate?.Cancel();
            _idle?.Cancel();
            _idle = null;
            ConnectionLog.Ended(_logger, _address.ToString(), run.IsVoluntary ? "nobody needs it" : fault.Message);
            if (!_needed || State == ConnectionState.Disposed)
            {
                State = State == ConnectionState.Disposed ? State : ConnectionState.Idle;
                Recovery.Overcome();
                _handler.OnChanged(wasOpen);
                return;
            }

            if (run.IsVoluntary)
            {
                // Needed again while it was being closed for want of use: no fault, no back-off.
                State = ConnectionState.Dialing;
                _handler.OnChanged(wasOpen);
                Dial();
                return;
            }

            State = ConnectionState.Waiting;
            ConnectionLog.Retrying(_logger, Recovery.Schedule(fault, Redial), Recovery.Attempt, fault.Reason);
            Instruments.Reconnecting(fault.Reason);
            _handler.OnChanged(wasOpen);
        }
    }

    /// <summary>Sends a heartbeat. Under the gate.</summary>
    internal string Beat()
    {
        var reference = NextReference();
        Send(_writer.Heartbeat(reference));
        return reference;
    }

    /// <summary>Whether a late heartbeat reply proves nothing. Under the gate.</summary>
    internal bool IsJoining => _handler.IsJoining;

    internal void OnHeartbeatMissed() =>
        Drop(new ServerFault(RealtimeErrorReason.ConnectionLost, Reaction.Retry, "The server stopped answering heartbeats."));

    /// <summary>What a look at the clocks showed. Under the gate.</summary>
    internal void OnLooked(ClockLook look)
    {
        if (look.IsPause)
        {
            ConnectionLog.Paused(_logger, look.Stillness);
        }

        if (look.IsClockChange)
        {
            ConnectionLog.ClockChanged(_logger, look.Step);
            _handler.OnClockChanged();
        }
    }
}
