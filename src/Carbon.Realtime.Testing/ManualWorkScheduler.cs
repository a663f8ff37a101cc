namespace Carbon.Realtime.Testing;

/// <summary>A scheduler whose work runs only when the test says so, on the test's own thread, in the order it was posted.</summary>
/// <remarks><see cref="RunUntilIdle"/> returning is the proof that nothing more was to be done: no test needs to wait for time to pass.</remarks>
public sealed class ManualWorkScheduler : WorkScheduler
{
    private readonly Lock _gate = new();
    private readonly Queue<IThreadPoolWorkItem> _queue = new();
    private readonly QueueTaskScheduler _tasks;

    /// <summary>A scheduler with nothing to do.</summary>
    public ManualWorkScheduler() => _tasks = new QueueTaskScheduler(this);

    /// <inheritdoc/>
    public override TaskScheduler TaskScheduler => _tasks;

    /// <summary>How many work items wait.</summary>
    public int Pending
    {
        get
        {
            lock (_gate)
            {
                return _queue.Count;
            }
        }
    }

    /// <summary>The thread that all work comes from where a run must be the same each time.</summary>
    internal int? OnlyThread { get; set; }

    /// <summary>How much work came from another thread: a continuation took a detour over the real world, and came when it liked.</summary>
    internal int Strays { get; private set; }

    /// <inheritdoc/>
    public override void Post(IThreadPoolWorkItem item)
    {
        lock (_gate)
        {
            Strays += OnlyThread is { } thread && thread != Environment.CurrentManagedThreadId ? 1 : 0;
            _queue.Enqueue(item);
        }
    }

    /// <summary>Runs what waits, and what that posts, until nothing waits.</summary>
    /// <param name="limit">The most items to run: work that goes on for ever is a failure, not a hang.</param>
    /// <exception cref="InvalidOperationException">The limit was reached.</exception>
    public void RunUntilIdle(int limit = 1_000_000)
    {
        for (var ran = 0; TryTake(out var item); ran++)
        {
            if (ran >= limit)
            {
                throw new InvalidOperationException($"Still busy after {limit} work items: something posts itself for ever.");
            }

            Execute(item);
        }
    }

    /// <summary>Runs one work item.</summary>
    /// <returns>Whether there was one.</returns>
    public bool RunOne()
    {
        if (!TryTake(out var item))
        {
            return false;
        }

        Execute(item);
        return true;
    }

    /// <summary>Awaits prefer a synchronisation context to a task scheduler, and test frameworks set one: continuations would go astray.</summary>
    private static void Execute(IThreadPoolWorkItem item)
    {
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            item.Execute();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out IThreadPoolWorkItem? item)
    {
        lock (_gate)
        {
            return _queue.TryDequeue(out item);
        }
    }

    private sealed class QueueTaskScheduler(ManualWorkScheduler owner) : TaskScheduler
    {
        public void Run(Task task) => TryExecuteTask(task);

        protected override void QueueTask(Task task) => owner.Post(new TaskItem(this, task));

        // Never inline: a continuation that ran inside the code that completed it would hide re-entrancy that production can have.
        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

        protected override IEnumerable<Task> GetScheduledTasks() => [];
    }

    private sealed class TaskItem(QueueTaskScheduler scheduler, Task task) : IThreadPoolWorkItem
    {
        public void Execute() => scheduler.Run(task);
    }
}
