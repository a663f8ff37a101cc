using System.Text;
using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Connection;

/// <summary>Beats at a fixed interval, whatever else is sent or received, and gives the socket up when a beat stays unanswered.</summary>
/// <remarks>
/// The server closes after 60 s without a client frame even while data flows, so inbound traffic replaces no beat. While joins are pending
/// an unanswered beat proves nothing: a join blocks the whole socket, a failing one for five seconds. Under the connection's gate.
/// </remarks>
internal sealed class Heartbeat(RealtimeConnection connection, TimeSpan interval)
{
    /// <summary>Beats that may stay unanswered while joins are pending.</summary>
    private const int Patience = 3;

    private Deadlines.Deadline? _next;
    private Deadlines.Deadline? _stable;
    private string? _awaited;
    private int _unanswered;
    private long _beatAt;

    public void Start(TimeSpan stableAfter, Action onStable)
    {
        Stop();
        _next = connection.Deadlines.Schedule(interval, Beat);
        _stable = connection.Deadlines.Schedule(stableAfter, onStable);
    }

    public void Stop()
    {
        _next?.Cancel();
        _stable?.Cancel();
        _awaited = null;
        _unanswered = 0;
    }

    public void OnReply(ReadOnlySpan<byte> reference)
    {
        if (_awaited is not null && reference.SequenceEqual(Encoding.UTF8.GetBytes(_awaited)))
        {
            _awaited = null;
            _unanswered = 0;
            connection.Instruments.HeartbeatAnswered(_beatAt);
        }
    }

    private void Beat()
    {
        if (_awaited is not null && ++_unanswered >= (connection.IsJoining ? Patience : 1))
        {
            connection.OnHeartbeatMissed();
            return;
        }

        _awaited = connection.Beat();
        _beatAt = connection.Instruments.Clock.GetTimestamp();
        _next = connection.Deadlines.Schedule(interval, Beat);
    }
}
