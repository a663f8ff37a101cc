namespace Carbon.Realtime.Primitives;

/// <summary>Hands what waits to one reader that pulls. One reader, one call at a time.</summary>
internal sealed class PullDelivery<T>(DeliveryBuffer<T> buffer, IDeliveryOwner<T> owner) : IDelivery<T>, IDisposable
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _available = NewSignal();
    private int _disposed;

    public void Post(ReadOnlySpan<T> items)
    {
        if (buffer.Add(items))
        {
            Signal();
        }
    }

    public void End(Exception? error, bool discard = false)
    {
        if (buffer.End(error, discard))
        {
            Signal();
        }
    }

    /// <summary>Everything that waits, then everything that comes, until the end.</summary>
    /// <remarks>The subscription exists since before the enumeration began, and ends with it.</remarks>
    public async IAsyncEnumerable<T> ReadAllAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using (this)
        {
            while (true)
            {
                // Taking may only begin once the buffer has said so, as its contract is for one taker at a time.
                await Available().WaitAsync(cancellationToken).ConfigureAwait(false);
                while (Take(out var batch, out var ended))
                {
                    foreach (var item in batch)
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        if (!buffer.IsDiscarded)
                        {
                            yield return item;
                        }
                    }

                    if (ended)
                    {
                        if (buffer.Error is { } error)
                        {
                            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);
                        }

                        yield break;
                    }
                }
            }
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            buffer.End(null, discard: true);
            owner.OnDisposed(this);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private bool Take(out T[] batch, out bool ended)
    {
        lock (_gate)
        {
            // A new signal before the last look: what is added after that look finds it.
            _available = NewSignal();
        }

        var any = buffer.TryTake(out var items, out ended);
        batch = items.ToArray();
        items.Clear();
        return any || ended;
    }

    private void Signal()
    {
        lock (_gate)
        {
            _available.TrySetResult();
        }
    }

    private Task Available()
    {
        lock (_gate)
        {
            return _available.Task;
        }
    }
}
