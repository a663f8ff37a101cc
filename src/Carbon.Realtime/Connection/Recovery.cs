using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Connection;

/// <summary>After a fault: why it happened, how often in a row, and when the next try is due. For a connection and for each channel. Under the gate.</summary>
/// <remarks>
/// Two kinds of waits, counted apart. Quick ones, after what passes by itself, are the back-off's. Slow ones, after what only somebody's
/// change can cure, are drawn from 30 to 60 s at first (a table that was just published should flow soon) and double up to 5 to 10 min:
/// a refused join blocks the whole socket for 5 s (docs/protocol.md, "Joins block the socket"), so that a few dozen refused channels, tried every
/// minute for ever, would keep the good ones waiting. Both begin anew once it has worked for long enough.
/// </remarks>
/// <param name="deadlines">Where the wait is kept.</param>
/// <param name="environment">Clock and chance.</param>
/// <param name="backoff">The quick waits.</param>
/// <param name="slowRetry">The first slow wait is drawn from between this and its double.</param>
internal sealed class Recovery(Deadlines deadlines, RealtimeEnvironment environment, Backoff backoff, TimeSpan slowRetry)
{
    /// <summary>How often the first slow wait goes into the longest: 30 s grow to 5 min.</summary>
    private const int SlowGrowth = 10;

    private Deadlines.Deadline? _due;
    private long _faultedAt;
    private int _slowTries;
    private bool _hasFreshToken;

    /// <summary>The last fault; <see langword="null"/> once it is overcome.</summary>
    public RealtimeException? Error { get; private set; }

    /// <summary>Whether somebody must change something to overcome it.</summary>
    public bool IsFaulted { get; private set; }

    /// <summary>Faults in a row, of either kind.</summary>
    public int Attempt { get; private set; }

    /// <summary>When the next try is due, while <see cref="IsWaiting"/>.</summary>
    public DateTimeOffset? NextRetry { get; private set; }

    public bool IsWaiting => _due is not null;

    /// <summary>Notes a fault that needs no wait of ours.</summary>
    public void Note(ServerFault fault)
    {
        IsFaulted = fault.Reaction == Reaction.RetrySlowly || (fault.Reaction == Reaction.RefreshTokenOnce && _hasFreshToken);

        // A fault that a fresh token did not cure is none that passes by itself, and its exception says so.
        Error = (IsFaulted ? fault with { Reaction = Reaction.RetrySlowly } : fault).ToException();
    }

    /// <summary>Notes a fault and schedules the next try.</summary>
    /// <param name="fault">Its reaction decides the wait; a first fault of the token is retried at once, with the fresh one.</param>
    /// <param name="retry">Runs under the gate when the wait is over.</param>
    /// <returns>The wait; zero when there is none, and <paramref name="retry"/> does not run.</returns>
    public TimeSpan Schedule(ServerFault fault, Action retry)
    {
        Attempt++;
        Note(fault);
        var wait = IsFaulted ? NextSlow() : backoff.Next(fault.Reaction == Reaction.RetrySpread);
        if (!IsFaulted && Attempt == 1 && fault.Reaction is Reaction.RefreshTokenThenRetry or Reaction.RefreshTokenOnce)
        {
            EndWait();
            return TimeSpan.Zero;
        }

        _faultedAt = environment.TimeProvider.GetTimestamp();
        Wait(wait, retry);
        return wait;
    }

    /// <summary>Notes a fault that several share, whose next try is the same for all of them.</summary>
    /// <param name="fault">The fault.</param>
    /// <param name="wait">The wait that they share.</param>
    /// <param name="retry">Runs under the gate when the wait is over.</param>
    public void Schedule(ServerFault fault, TimeSpan wait, Action retry)
    {
        Attempt++;
        Note(fault);
        _faultedAt = environment.TimeProvider.GetTimestamp();
        Wait(wait, retry);
    }

    /// <summary>Another wait for the same fault.</summary>
    public void Rewait(TimeSpan wait, Action retry) => Wait(wait, retry);

    /// <summary>A fresh token was asked for and came: if it is refused, too, no further one will do.</summary>
    public void NoteFreshToken() => _hasFreshToken = true;

    /// <summary>What the wait is for may be over: tries now, or as soon as the shortest wait has passed since the fault.</summary>
    /// <remarks>A wait that the server asked for is kept: what it said is as true as before.</remarks>
    /// <param name="retry">The try.</param>
    public void Hasten(Action retry)
    {
        if (!IsWaiting || Error?.Reason == RealtimeErrorReason.RateLimited)
        {
            return;
        }

        var left = backoff.Shortest - environment.TimeProvider.GetElapsedTime(_faultedAt);
        if (left > TimeSpan.Zero)
        {
            Wait(left, retry);
        }
        else
        {
            EndWait();
            retry();
        }
    }

    /// <summary>The wait is over, or not wanted any more; what happened is still known.</summary>
    public void EndWait()
    {
        _due?.Cancel();
        _due = null;
        NextRetry = null;
    }

    /// <summary>What the fault was of has been replaced: it is not told any more. How often there was one in a row still counts, and a wait goes on.</summary>
    public void Excuse()
    {
        Error = null;
        IsFaulted = false;
    }

    /// <summary>It works again; a fault soon after still counts as in a row.</summary>
    public void Overcome()
    {
        EndWait();
        Error = null;
        IsFaulted = false;
        _hasFreshToken = false;
    }

    /// <summary>It has worked for long enough: the waits begin small again.</summary>
    public void Reset()
    {
        Attempt = 0;
        _slowTries = 0;
        backoff.Reset();
    }

    private TimeSpan NextSlow()
    {
        var least = slowRetry * Math.Min(Math.Pow(2, _slowTries++), SlowGrowth);
        return Backoff.Between(least, least * 2, environment.Randomizer);
    }

    private void Wait(TimeSpan wait, Action retry)
    {
        EndWait();
        NextRetry = environment.TimeProvider.GetUtcNow() + wait;
        _due = deadlines.Schedule(wait, () =>
        {
            EndWait();
            retry();
        });
    }
}
