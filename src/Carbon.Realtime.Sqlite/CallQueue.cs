namespace Carbon.Realtime.Sqlite;

/// <summary>Lets one call in after the other, in the order in which they came. Blocks nobody.</summary>
/// <remarks>
/// Awaits keep the caller's scheduler: SQLite then works on the thread where the store asked for it. A call that finds the queue empty
/// goes on synchronously.
/// </remarks>
internal sealed class CallQueue
{
    private readonly Lock _gate = new();
    private Task _last = Task.CompletedTask;

    /// <summary>Waits for its turn, which lasts until what it returns is disposed.</summary>
    public async ValueTask<Turn> EnterAsync(CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task before;
        lock (_gate)
        {
            before = _last;
            _last = done.Task;
        }

        try
        {
            await before.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Others stand behind it already: its place stays, and passes the turn on when it comes.
            _ = before.ContinueWith(
                static (_, state) => ((TaskCompletionSource)state!).SetResult(), done, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            throw;
        }

        return new Turn(done);
    }

    internal readonly struct Turn(TaskCompletionSource done) : IDisposable
    {
        public void Dispose() => done.SetResult();
    }
}
