namespace Carbon.Realtime.Testing;

/// <summary>A clock that stands still until <see cref="Advance"/>. Timers fire on the thread that advances, in due order.</summary>
public sealed class ManualTimeProvider : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private DateTimeOffset _utcNow;
    private long _timestamp;
    private long _order;

    /// <summary>A clock that starts at 2026-01-01 00:00 UTC.</summary>
    public ManualTimeProvider()
        : this(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero))
    {
    }

    /// <summary>A clock that starts at <paramref name="start"/>.</summary>
    public ManualTimeProvider(DateTimeOffset start) => _utcNow = start.ToUniversalTime();

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>How many timers are armed: none is what a disposed client leaves behind.</summary>
    public int ArmedTimers
    {
        get
        {
            lock (_gate)
            {
                return _timers.Count(static t => t.Due is not null);
            }
        }
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return _utcNow;
        }
    }

    /// <inheritdoc/>
    public override long GetTimestamp()
    {
        lock (_gate)
        {
            return _timestamp;
        }
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>When the next timer is due, counted from now; <see langword="null"/> if none is armed.</summary>
    public TimeSpan? NextDue()
    {
        lock (_gate)
        {
            return Next() is { } timer ? TimeSpan.FromTicks(Math.Max(0, timer.Due!.Value - _timestamp)) : null;
        }
    }

    /// <summary>Moves the clock on; every timer that falls due fires, at its own time.</summary>
    /// <param name="by">Zero fires what is due already.</param>
    /// <param name="afterEach">Called after each timer that fired: where work is posted, run it here.</param>
    public void Advance(TimeSpan by, Action? afterEach = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        long end;
        lock (_gate)
        {
            end = _timestamp + by.Ticks;
        }

        while (TakeDue(end) is { } timer)
        {
            timer.Fire();
            afterEach?.Invoke();
        }

        lock (_gate)
        {
            MoveTo(Math.Max(end, _timestamp));
        }
    }

    /// <summary>Steps the wall clock as an operator or NTP does; elapsed time and timers are not touched.</summary>
    public void StepWallClock(TimeSpan by)
    {
        lock (_gate)
        {
            _utcNow += by;
        }
    }

    private ManualTimer? TakeDue(long end)
    {
        lock (_gate)
        {
            if (Next() is not { } timer || timer.Due > end)
            {
                return null;
            }

            MoveTo(Math.Max(_timestamp, timer.Due!.Value));
            timer.Rearm(++_order);
            return timer;
        }
    }

    private ManualTimer? Next() => _timers.Where(static t => t.Due is not null).MinBy(static t => (t.Due!.Value, t.Order));

    private void MoveTo(long timestamp)
    {
        _utcNow += TimeSpan.FromTicks(timestamp - _timestamp);
        _timestamp = timestamp;
    }

    private sealed class ManualTimer(ManualTimeProvider owner, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period = Timeout.InfiniteTimeSpan;
        private bool _disposed;

        public long? Due { get; private set; }

        public long Order { get; private set; }

        public void Fire() => callback(state);

        public void Rearm(long order)
        {
            Due = _period > TimeSpan.Zero ? Due + _period.Ticks : null;
            Order = order;
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._gate)
            {
                if (_disposed)
                {
                    return false;
                }

                if (!owner._timers.Contains(this))
                {
                    owner._timers.Add(this);
                }

                _period = period;
                Due = dueTime == Timeout.InfiniteTimeSpan ? null : owner._timestamp + dueTime.Ticks;
                Order = ++owner._order;
                return true;
            }
        }

        public void Dispose()
        {
            lock (owner._gate)
            {
                _disposed = true;
                Due = null;
                owner._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
