namespace Carbon.Realtime.Benchmarks.Growth;

/// <summary>One subscriber: counts the changes that it is told, and says when it has as many as are due.</summary>
internal sealed class CountingSubscriber<TRow>(CountdownEvent due) : IObserver<TableChange<string, TRow>>
{
    private readonly TaskCompletionSource _live = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _left;

    /// <summary>Completes with the gap from which on changes come.</summary>
    public Task Live => _live.Task;

    /// <summary>So many more are due.</summary>
    public void Expect(int changes) => Volatile.Write(ref _left, changes);

    public void OnNext(TableChange<string, TRow> value)
    {
        if (value is Gap<string, TRow>)
        {
            if (!_live.TrySetResult()) throw new InvalidOperationException($"A subscriber was told of {value}.");
        }
        else if (--_left == 0)
        {
            due.Signal();
        }
    }

    public void OnError(Exception error) => _live.TrySetException(error);

    public void OnCompleted() => _live.TrySetException(new InvalidOperationException("The stream completed."));
}
