using System.Collections.Concurrent;
using System.Globalization;

namespace Carbon.Realtime.IntegrationTests.Torture;

/// <summary>
/// The thread pool, and how much that was posted there has not come to its end, timers that fire and, where that is asked for, the steps of loops included. "Nothing" is a barrier: no callback is under
/// way, and none is about to begin.
/// </summary>
internal sealed class CountedScheduler : WorkScheduler
{
    private readonly Lock _gate = new();
    private readonly List<TaskCompletionSource> _waiting = [];
    private int _open;

    /// <param name="countsTasks">Whether loops' steps are counted too; if not, they run where they do in production.</param>
    public CountedScheduler(bool countsTasks)
    {
        TaskScheduler = countsTasks ? new CountedTasks(this) : ThreadPool.TaskScheduler;
    }

    public override TaskScheduler TaskScheduler { get; }

    public override void Post(IThreadPoolWorkItem item)
    {
        Begin();
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

    /// <summary>Something begins that is not posted, and ends with <see cref="End"/>.</summary>
    public void Begin()
    {
        lock (_gate)
        {
            _open++;
        }
    }

    public void End()
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

    /// <summary>A step of a loop, from one await to the next.</summary>
    private sealed class CountedTasks(CountedScheduler owner) : TaskScheduler
    {
        protected override void QueueTask(Task task) => owner.Post(() => TryExecuteTask(task));

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => !taskWasPreviouslyQueued && Current == this && TryExecuteTask(task);

        protected override IEnumerable<Task> GetScheduledTasks() => [];
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

/// <summary>The system's clock, and which timers of it are armed. One that fires is work from before it is none.</summary>
internal sealed class CountedTime(CountedScheduler scheduler) : TimeProvider
{
    private readonly ConcurrentDictionary<CountedTimer, string> _armed = new();

    /// <summary>What is still to fire, as whom it would call.</summary>
    public IReadOnlyCollection<string> Armed => [.. _armed.Values];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new CountedTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private void Begin() => scheduler.Begin();

    private void End() => scheduler.End();

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
                Note(dueTime != Timeout.InfiniteTimeSpan ? string.Create(CultureInfo.InvariantCulture, $"{_callback.Method.DeclaringType}, in {dueTime}") : null);
                return _timer.Change(dueTime, period);
            }
        }

        public void Dispose()
        {
            lock (_gate)
            {
                _isDisposed = true;
                Note(null);
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
            _owner.Begin();
            try
            {
                lock (_gate)
                {
                    if (!_isPeriodic)
                    {
                        Note(null);
                    }
                }

                _callback(_state);
            }
            finally
            {
                _owner.End();
            }
        }

        private void Note(string? what)
        {
            if (what is not null)
            {
                _owner._armed[this] = what;
            }
            else
            {
                _owner._armed.TryRemove(this, out _);
            }
        }
    }
}
