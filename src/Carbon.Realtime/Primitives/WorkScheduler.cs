namespace Carbon.Realtime;

/// <summary>Decides where the library's own work runs: deliveries to observers, connection loops, timer reactions.</summary>
/// <remarks>
/// A parameter, so that a test can own it: with a manual scheduler "nothing was delivered" is a fact instead of a guess about time.
/// Implementations must be thread-safe and must never run posted work inside <c>Post</c>.
/// </remarks>
public abstract class WorkScheduler
{
    /// <summary>The .NET thread pool; the default.</summary>
    public static WorkScheduler ThreadPool { get; } = new ThreadPoolWorkScheduler();

    /// <summary>Where the continuations of the library's asynchronous loops run.</summary>
    public abstract TaskScheduler TaskScheduler { get; }

    /// <summary>Queues <paramref name="item"/>; returns before it runs. The caller's execution context does not flow.</summary>
    /// <param name="item">Executed exactly once.</param>
    public abstract void Post(IThreadPoolWorkItem item);

    /// <summary>Queues <paramref name="action"/>; returns before it runs. The caller's execution context does not flow.</summary>
    /// <param name="action">Executed exactly once.</param>
    public void Post(Action action) => Post(new ActionItem(action));

    /// <summary>Starts an asynchronous loop on this scheduler, without the caller's execution context: a loop outlives its starter.</summary>
    /// <remarks>Loops must not use <c>ConfigureAwait(false)</c>, so that every continuation comes back to this scheduler.</remarks>
    internal Task Start(Func<Task> loop)
    {
        using (ExecutionContext.IsFlowSuppressed() ? default(AsyncFlowControl?) : ExecutionContext.SuppressFlow())
        {
            return Task.Factory.StartNew(loop, CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler).Unwrap();
        }
    }

    /// <summary>Calls other people's code on this scheduler, so that it may block without blocking its caller. The caller's execution context flows.</summary>
    internal Task<T> Call<T>(Func<Task<T>> function) =>
        Task.Factory.StartNew(function, CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler).Unwrap();

    private sealed class ActionItem(Action action) : IThreadPoolWorkItem
    {
        public void Execute() => action();
    }

    private sealed class ThreadPoolWorkScheduler : WorkScheduler
    {
        public override TaskScheduler TaskScheduler => TaskScheduler.Default;

        public override void Post(IThreadPoolWorkItem item) => System.Threading.ThreadPool.UnsafeQueueUserWorkItem(item, preferLocal: false);
    }
}
