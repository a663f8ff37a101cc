using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Channels;

/// <summary>A server as the real one is: it handles the frames of a socket one after another, and a join can keep it (docs/protocol.md, "Joins block the socket").</summary>
internal sealed class SerialServer
{
    private readonly World _world;
    private readonly Queue<(FakeRealtimeSocket Socket, SentFrame Frame)> _waiting = new();
    private readonly ITimer _timer;
    private (FakeRealtimeSocket Socket, SentFrame Frame)? _handling;

    public SerialServer(World world)
    {
        _world = world;
        _timer = world.Env.Time.CreateTimer(_ => OnHandled(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        world.Server.Opened = socket => socket.OnSent = text =>
        {
            _waiting.Enqueue((socket, SentFrame.Parse(text)));
            Next();
        };
    }

    /// <summary>How long a join takes, and why it is refused, if it is; by its number, from 0.</summary>
    public Func<int, (double Seconds, string? Refusal)> Answer { get; set; } = static _ => (5, "MusterJoinError: not now");

    /// <summary>Joins handled.</summary>
    public int Joins { get; private set; }

    /// <summary>The longest a heartbeat waited for its reply.</summary>
    public TimeSpan SlowestBeat { get; private set; }

    private readonly Dictionary<SentFrame, DateTimeOffset> _beats = [];

    private void Next()
    {
        foreach (var (_, beat) in _waiting.Where(static w => w.Frame.Event == "heartbeat"))
        {
            _beats.TryAdd(beat, _world.Env.Time.GetUtcNow());
        }

        while (_handling is null && _waiting.TryDequeue(out var next))
        {
            if (next.Frame.Event == "phx_join")
            {
                _handling = next;
                _timer.Change(TimeSpan.FromSeconds(Answer(Joins).Seconds), Timeout.InfiniteTimeSpan);
            }
            else if (next.Frame.Event == "heartbeat")
            {
                var waited = _world.Env.Time.GetUtcNow() - _beats[next.Frame];
                SlowestBeat = waited > SlowestBeat ? waited : SlowestBeat;
                next.Socket.Reply(next.Frame, "ok", "{}");
            }
            else if (next.Frame.Event == "phx_leave")
            {
                next.Socket.Reply(next.Frame, "ok", "{}");
                next.Socket.CloseChannel(next.Frame);
            }
        }
    }

    private void OnHandled()
    {
        var (socket, join) = _handling!.Value;
        _handling = null;
        if (Answer(Joins++).Refusal is { } refusal)
        {
            socket.RefuseJoin(join, refusal);
        }
        else
        {
            socket.AcceptJoin(join);
            socket.Subscribed(join);
        }

        Next();
    }
}
