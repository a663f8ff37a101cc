using System.Text;
using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Connection;

/// <summary>Beats at a fixed interval, whatever else is sent or received, and gives the socket up when beats stay unanswered.</summary>
/// <remarks>
/// The server closes after 60 s without a client frame even while data flows, so inbound traffic replaces no beat. What an unanswered beat proves
/// depends on what else is known (<see cref="Patience"/>): a missed beat is no gap while the socket is kept, giving it up makes one
/// (docs/protocol.md, "Silent loss"). After a pause of the machine or the process a beat goes out at once, as a probe: its answer says that the
/// socket survived. Under the connection's gate, except <see cref="OnHeard"/>.
/// </remarks>
internal sealed class Heartbeat(RealtimeConnection connection, TimeProvider clock, TimeSpan interval)
{
    private readonly PauseDetector _pauses = new(interval);
    private readonly List<Sent> _unanswered = [];
    private Deadlines.Deadline? _next;
    private Deadlines.Deadline? _stable;
    private bool _isProbing;
    private bool _hasHeard;

    public void Start(TimeSpan stableAfter, Action onStable)
    {
        _pauses.Start(Monotonic, clock.GetUtcNow());
        _next = connection.Deadlines.Schedule(interval, Beat);
        _stable = connection.Deadlines.Schedule(stableAfter, onStable);
    }

    /// <summary>The socket ended; looks at the clocks once more, for a pause may be why.</summary>
    public void Stop()
    {
        if (_next is null)
        {
            return;
        }

        Look();
        _next.Cancel();
        _next = null;
        _stable?.Cancel();
        _unanswered.Clear();
        _isProbing = false;
    }

    /// <summary>Something came, whatever it was: the other end can be heard. On the reader's loop, outside the gate.</summary>
    public void OnHeard() => Volatile.Write(ref _hasHeard, true);

    /// <summary>A reply came.</summary>
    /// <returns>Whether it says that the socket survived a pause.</returns>
    public bool OnReply(ReadOnlySpan<byte> reference)
    {
        // Late replies count: they say that our beats arrive. One answers all beats before it, and the probe is the first of its list.
        var answered = Encoding.UTF8.GetString(reference);
        var index = _unanswered.FindIndex(beat => beat.Reference == answered);
        if (index < 0)
        {
            return false;
        }

        connection.Instruments.HeartbeatAnswered(_unanswered[index].At);
        _unanswered.RemoveRange(0, index + 1);
        var survived = _isProbing;
        _isProbing = false;
        return survived;
    }

    private TimeSpan Monotonic => clock.GetElapsedTime(0, clock.GetTimestamp());

    private void Beat()
    {
        var look = Look();
        if (look.IsPause)
        {
            // The reply to the last beat may lie unread in the buffer, and would not prove that the socket survived.
            _unanswered.Clear();
            _isProbing = true;
        }
        else if (_unanswered.Count >= Patience(look))
        {
            connection.OnHeartbeatMissed();
            return;
        }

        Volatile.Write(ref _hasHeard, false);
        _unanswered.Add(new Sent(connection.Beat(), clock.GetTimestamp()));
        _next = connection.Deadlines.Schedule(interval, Beat);
    }

    /// <summary>So many unanswered beats are proof.</summary>
    private int Patience(ClockLook look)
    {
        // A join blocks the whole socket, a failing one for five seconds. Where data flows, a reply can only be late, until it becomes likely that
        // our frames do not arrive. And where we were held up ourselves, the reply may have come and not be read yet.
        if (connection.IsJoining || Volatile.Read(ref _hasHeard) || look.IsLate)
        {
            return 3;
        }

        // A probe may have been sent before the network was back: TCP repeats it after up to as long again.
        return _isProbing ? 2 : 1;
    }

    private ClockLook Look()
    {
        var look = _pauses.Look(Monotonic, clock.GetUtcNow());
        connection.OnLooked(look);
        return look;
    }

    private readonly record struct Sent(string Reference, long At);
}
