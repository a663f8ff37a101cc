namespace Carbon.Realtime.Primitives;

/// <summary>Everything that is to happen later, on one timer. All members are called under the owner's gate, and so are the actions.</summary>
internal sealed class Deadlines : IDisposable
{
    /// <summary>Timers reach about 49 days; a later deadline is looked at again on the way.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    /// <summary>What is further away never happens in a process's life, and its timestamp would overflow on a clock of nanoseconds.</summary>
    private static readonly TimeSpan Horizon = TimeSpan.FromDays(3650);

    private readonly RealtimeEnvironment _environment;
    private readonly SortedSet<Deadline> _pending = [];
    private readonly ITimer _timer;
    private long _order;

    /// <param name="environment">The clock, and where <paramref name="onDue"/> runs.</param>
    /// <param name="onDue">Posted when something is due: must enter the gate and call <see cref="RunDue"/>.</param>
    public Deadlines(RealtimeEnvironment environment, Action onDue)
    {
        _environment = environment;
        using (ExecutionContext.IsFlowSuppressed() ? default(AsyncFlowControl?) : ExecutionContext.SuppressFlow())
        {
            _timer = environment.TimeProvider.CreateTimer(
                _ => environment.Scheduler.Post(onDue), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    public int Count => _pending.Count;

    /// <summary>Runs <paramref name="action"/> under the gate once <paramref name="delay"/> has passed, unless it is cancelled.</summary>
    public Deadline Schedule(TimeSpan delay, Action action)
    {
        var now = _environment.TimeProvider.GetTimestamp();
        delay = delay < Horizon ? delay : Horizon;
        var due = now + (long)(delay.TotalSeconds * _environment.TimeProvider.TimestampFrequency);
        var deadline = new Deadline(this, due, _order++, action);
        _pending.Add(deadline);
        if (ReferenceEquals(_pending.Min, deadline))
        {
            Arm();
        }

        return deadline;
    }

    /// <summary>Runs what is due, in order.</summary>
    public void RunDue()
    {
        try
        {
            while (_pending.Min is { } next && next.Due <= _environment.TimeProvider.GetTimestamp())
            {
                _pending.Remove(next);
                next.Action();
            }
        }
        finally
        {
            Arm();
        }
    }

    public void Dispose()
    {
        _pending.Clear();
        _timer.Dispose();
    }

    private void Arm()
    {
        if (_pending.Min is not { } next)
        {
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return;
        }

        var wait = _environment.TimeProvider.GetElapsedTime(_environment.TimeProvider.GetTimestamp(), next.Due);
        wait = wait < TimeSpan.Zero ? TimeSpan.Zero : wait > LongestWait ? LongestWait : wait;

        // Timers count whole milliseconds and round down: one more, or it fires early and for nothing.
        _timer.Change(TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds)), Timeout.InfiniteTimeSpan);
    }

    private void Cancel(Deadline deadline)
    {
        if (_pending.Remove(deadline))
        {
            Arm();
        }
    }

    /// <summary>One thing that is to happen.</summary>
    internal sealed class Deadline(Deadlines owner, long due, long order, Action action) : IComparable<Deadline>
    {
        public long Due => due;

        public Action Action => action;

        public void Cancel() => owner.Cancel(this);

        public int CompareTo(Deadline? other) => other is null ? 1 : (due, order).CompareTo((other.Due, other.Order));

        private long Order => order;
    }
}
