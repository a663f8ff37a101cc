namespace Carbon.Realtime.Testing.Emulation;

/// <summary>The one lock of an emulator and what is to be done later under it.</summary>
/// <remarks>
/// Posting never runs anything inside the call, so whoever holds the lock may post freely: effects happen after it.
/// Timer callbacks only post. What a work item throws is remembered and ends that item alone: under the default scheduler it would end the process, and what
/// throws is the user's own code (policies, generated columns, private channels) as often as ours.
/// </remarks>
internal sealed class EmulatorAgenda(RealtimeEnvironment environment)
{
    // TimeProvider.System takes no due time beyond 2^32 - 2 ms; whoever waits longer looks again.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(20);

    private readonly HashSet<Entry> _timers = [];
    private readonly long _started = environment.TimeProvider.GetTimestamp();
    private bool _isDisposed;

    public Lock Gate { get; } = new();

    public RealtimeEnvironment Environment { get; } = environment;

    public DateTimeOffset Now => Environment.TimeProvider.GetUtcNow();

    /// <summary>Since the beginning, whatever the clock is set to.</summary>
    public TimeSpan Elapsed => Environment.TimeProvider.GetElapsedTime(_started);

    /// <summary>What a work item threw last, where nobody was told.</summary>
    public Exception? LastFault { get; set; }

    public TimeSpan Draw(EmulatorDelay delay) => delay.Draw(Environment.Randomizer);

    /// <summary>Runs something under the lock, now.</summary>
    public T Locked<T>(Func<T> function)
    {
        lock (Gate)
        {
            return function();
        }
    }

    /// <summary>Runs something under the lock, now.</summary>
    public void Locked(Action action)
    {
        lock (Gate)
        {
            action();
        }
    }

    /// <summary>Runs <paramref name="action"/> under the lock, after a delay or as soon as the scheduler runs. Call under the lock.</summary>
    /// <returns>Disposing it, under the lock, cancels the action.</returns>
    public IDisposable After(TimeSpan delay, Action action)
    {
        var entry = new Entry(this, action);
        if (_isDisposed)
        {
            entry.Dispose();
        }
        else if (delay <= TimeSpan.Zero)
        {
            entry.Post();
        }
        else
        {
            _timers.Add(entry);
            entry.Arm(delay < LongestTimer ? delay : LongestTimer);
        }

        return entry;
    }

    /// <summary>Runs <paramref name="action"/> at a time, however far. Call under the lock.</summary>
    public IDisposable At(DateTimeOffset time, Action action)
    {
        var waiting = new Rearming();
        Arm();
        return waiting;

        void Arm() => waiting.Current = After(time - Now, () =>
        {
            // A timer of the system may fire a little early, and a long one does.
            if (Now < time)
            {
                Arm();
            }
            else
            {
                action();
            }
        });
    }

    /// <summary>Stops all timers. Call under the lock.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        foreach (var timer in _timers.ToArray())
        {
            timer.Dispose();
        }
    }

    private sealed class Rearming : IDisposable
    {
        public IDisposable? Current { get; set; }

        public void Dispose() => Current?.Dispose();
    }

    private sealed class Entry(EmulatorAgenda owner, Action action) : IDisposable, IThreadPoolWorkItem
    {
        private ITimer? _timer;
        private bool _isCancelled;

        public void Arm(TimeSpan delay) =>
            _timer = owner.Environment.TimeProvider.CreateTimer(static e => ((Entry)e!).Post(), this, delay, Timeout.InfiniteTimeSpan);

        public void Post() => owner.Environment.Scheduler.Post(this);

        public void Execute()
        {
            lock (owner.Gate)
            {
                if (!_isCancelled)
                {
                    Dispose();
                    Run();
                }
            }
        }

        private void Run()
        {
            try
            {
                action();
            }
#pragma warning disable CA1031 // Whatever it is, it must not end the process of whoever uses the emulator.
            catch (Exception e)
#pragma warning restore CA1031
            {
                owner.LastFault = e;
            }
        }

        public void Dispose()
        {
            _isCancelled = true;
            owner._timers.Remove(this);
            _timer?.Dispose();
        }
    }
}
