using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Connection;

/// <summary>After a fault: why it happened, how often in a row, and when the next try is due. For a connection and for each channel. Under the gate.</summary>
/// <param name="deadlines">Where the wait is kept.</param>
/// <param name="environment">Clock and chance.</param>
/// <param name="backoff">The waits after faults that pass by themselves.</param>
/// <param name="slowRetry">The wait after a fault that only somebody's change can cure is drawn from between this and its double.</param>
internal sealed class Recovery(Deadlines deadlines, RealtimeEnvironment environment, Backoff backoff, TimeSpan slowRetry)
{
    private Deadlines.Deadline? _retry;

    /// <summary>The last fault; <see langword="null"/> once it is overcome.</summary>
    public RealtimeException? Error { get; private set; }

    /// <summary>Whether somebody must change something to overcome it.</summary>
    public bool IsFaulted { get; private set; }

    /// <summary>Faults in a row.</summary>
    public int Attempt => backoff.Attempt;

    /// <summary>When the next try is due, while <see cref="IsWaiting"/>.</summary>
    public DateTimeOffset? NextRetry { get; private set; }

    public bool IsWaiting => _retry is not null;

    /// <summary>Notes a fault that needs no wait of ours.</summary>
    public void Note(ServerFault fault)
    {
        IsFaulted = fault.Reaction == Reaction.RetrySlowly || (fault.Reaction == Reaction.RefreshTokenOnce && Attempt > 1);

        // A fault that a fresh token did not cure is none that passes by itself, and its exception says so.
        Error = (IsFaulted ? fault with { Reaction = Reaction.RetrySlowly } : fault).ToException();
    }

    /// <summary>Notes a fault and schedules the next try.</summary>
    /// <param name="fault">Its reaction decides the wait; a first fault of the token is retried at once, with the fresh one.</param>
    /// <param name="retry">Runs under the gate when the wait is over.</param>
    /// <returns>The wait; zero when there is none, and <paramref name="retry"/> does not run.</returns>
    public TimeSpan Schedule(ServerFault fault, Action retry)
    {
        EndWait();
        var wait = backoff.Next();
        Note(fault);
        if (IsFaulted)
        {
            wait = Backoff.Between(slowRetry, slowRetry * 2, environment.Randomizer);
        }
        else if (fault.Reaction is Reaction.RefreshTokenThenRetry or Reaction.RefreshTokenOnce && Attempt == 1)
        {
            return TimeSpan.Zero;
        }

        NextRetry = environment.TimeProvider.GetUtcNow() + wait;
        _retry = deadlines.Schedule(wait, () =>
        {
            EndWait();
            retry();
        });
        return wait;
    }

    /// <summary>The wait is over, or not wanted any more; what happened is still known.</summary>
    public void EndWait()
    {
        _retry?.Cancel();
        _retry = null;
        NextRetry = null;
    }

    /// <summary>It works again; a fault soon after still counts as in a row.</summary>
    public void Overcome()
    {
        EndWait();
        Error = null;
        IsFaulted = false;
    }

    /// <summary>It has worked for long enough: the waits begin small again.</summary>
    public void Reset() => backoff.Reset();
}
