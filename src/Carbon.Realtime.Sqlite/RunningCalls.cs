namespace Carbon.Realtime.Sqlite;

/// <summary>Counts the calls that are under way, so that the end can wait for the last of them.</summary>
internal sealed class RunningCalls
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _count;
    private bool _closed;

    public bool IsClosed
    {
        get
        {
            lock (_gate)
            {
                return _closed;
            }
        }
    }

    /// <summary>Counts a call until what it returns is disposed.</summary>
    /// <exception cref="ObjectDisposedException">No call begins any more.</exception>
    public Call Begin()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(SqliteStoreCache));
            _count++;
            return new Call(this);
        }
    }

    /// <summary>Lets no further call begin.</summary>
    /// <returns>Completes when those that run have ended.</returns>
    public Task CloseAsync()
    {
        lock (_gate)
        {
            _closed = true;
            if (_count == 0)
            {
                _ended.TrySetResult();
            }
        }

        return _ended.Task;
    }

    private void End()
    {
        lock (_gate)
        {
            if (--_count == 0 && _closed)
            {
                _ended.TrySetResult();
            }
        }
    }

    internal readonly struct Call(RunningCalls owner) : IDisposable
    {
        public void Dispose() => owner.End();
    }
}
