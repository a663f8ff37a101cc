using System.Collections.Concurrent;

namespace Carbon.Realtime.IntegrationTests.Torture;

/// <summary>The thread pool, and how much that was posted there has not come to its end. "Nothing" is a barrier: no callback is under way, and none is about to begin.</summary>
internal sealed class CountedScheduler : WorkScheduler
{
    private readonly Lock _gate = new();
    private readonly List<TaskCompletionSource> _waiting = [];
    private int _open;

    public override TaskScheduler TaskScheduler => ThreadPool.TaskScheduler;

    public override void Post(IThreadPoolWorkItem item)
    {
        lock (_gate)
        {
            _open++;
        }

        ThreadPool.Post(new Counted(this, item));
    }

    /// <summary>Completes when there is a moment without posted work.</summary>
    public Task WhenIdleAsync()
    {
        lock (_gate)
        {
            if (_open == 0)
            {
                return Task.CompletedTask;
            }

            var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add(waiting);
            return waiting.Task;
        }
    }

    private void End()
    {
        lock (_gate)
        {
            if (--_open == 0)
            {
                _waiting.ForEach(static w => w.SetResult());
                _waiting.Clear();
            }
        }
    }

    private sealed class Counted(CountedScheduler owner, IThreadPoolWorkItem item) : IThreadPoolWorkItem
    {
        public void Execute()
        {
            try
            {
                item.Execute();
            }
            finally
            {
                owner.End();
            }
        }
    }
}

/// <summary>The system's clock, and which timers of it are armed.</summary>
internal sealed class CountedTime : TimeProvider
{
    private readonly ConcurrentDictionary<CountedTimer, string> _armed = new();
    private TaskCompletionSource? _none;

    public int Armed => _armed.Count;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new CountedTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Completes when no timer is armed. To be asked when none is armed any more.</summary>
    public Task WhenNoneAsync()
    {
        var none = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _none, none);
        Look();
        return none.Task;
    }

    private void Look()
    {
        if (_armed.IsEmpty)
        {
            Volatile.Read(ref _none)?.TrySetResult();
        }
    }

    private sealed class CountedTimer : ITimer
    {
        private readonly CountedTime _owner;
        private readonly TimerCallback _callback;
        private readonly object? _state;
        private readonly Lock _gate = new();
        private readonly ITimer _timer;
        private bool _isPeriodic;
        private bool _isDisposed;

        public CountedTimer(CountedTime owner, TimerCallback callback, object? state)
        {
            (_owner, _callback, _state) = (owner, callback, state);
            _timer = System.CreateTimer(static t => ((CountedTimer)t!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (_gate)
            {
                if (_isDisposed)
                {
                    return false;
                }

                _isPeriodic = period != Timeout.InfiniteTimeSpan && period != TimeSpan.Zero;
                Note(dueTime != Timeout.InfiniteTimeSpan);
                return _timer.Change(dueTime, period);
            }
        }

        public void Dispose()
        {
            lock (_gate)
            {
                _isDisposed = true;
                Note(false);
                _timer.Dispose();
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Fire()
        {
            lock (_gate)
            {
                if (!_isPeriodic)
                {
                    Note(false);
                }
            }

            _callback(_state);
        }

        private void Note(bool isArmed)
        {
            if (isArmed)
            {
                _owner._armed[this] = "";
            }
            else if (_owner._armed.TryRemove(this, out _))
            {
                _owner.Look();
            }
        }
    }
}
