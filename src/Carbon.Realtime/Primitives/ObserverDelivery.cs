namespace Carbon.Realtime.Primitives;

/// <summary>Pushes what waits to one observer: serialised, in order, never under a lock, nothing after the end or after disposal.</summary>
/// <remarks>One drainer at a time takes everything that waits. Disposal never waits: at most one call that was decided on before may still begin.</remarks>
internal sealed class ObserverDelivery<T> : IDelivery<T>, IThreadPoolWorkItem, IDisposable
{
    private readonly IObserver<T> _observer;
    private readonly WorkScheduler _scheduler;
    private readonly DeliveryBuffer<T> _buffer;
    private readonly IDeliveryOwner<T> _owner;
    private int _disposed;

    /// <param name="observer">Whom to tell.</param>
    /// <param name="scheduler">Where to tell.</param>
    /// <param name="buffer">What waits.</param>
    /// <param name="owner">Told what becomes of it.</param>
    public ObserverDelivery(IObserver<T> observer, WorkScheduler scheduler, DeliveryBuffer<T> buffer, IDeliveryOwner<T> owner)
    {
        _observer = observer;
        _scheduler = scheduler;
        _buffer = buffer;
        _owner = owner;
    }

    public void Post(ReadOnlySpan<T> items)
    {
        if (_buffer.Add(items))
        {
            _scheduler.Post(this);
        }
    }

    public void Post(T item) => Post(new ReadOnlySpan<T>(ref item));

    public void End(Exception? error, bool discard = false)
    {
        if (_buffer.End(error, discard))
        {
            _scheduler.Post(this);
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            // Whoever keeps the subscription must not keep what waited for it.
            _buffer.End(null, discard: true);
            _owner.OnDisposed(this);
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        try
        {
            Drain();
        }
#pragma warning disable CA1031 // Whatever an observer throws costs it its own subscription and nothing else.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Dispose();
            _owner.OnObserverThrew(e);
        }
    }

    private void Drain()
    {
        bool ended;
        while (_buffer.TryTake(out var batch, out ended))
        {
            foreach (ref var item in batch)
            {
                var next = item;
                item = default!;
                if (Volatile.Read(ref _disposed) != 0)
                {
                    return;
                }

                if (!_buffer.IsDiscarded)
                {
                    _observer.OnNext(next);
                }
            }
        }

        if (ended && Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _owner.OnDisposed(this);
            if (_buffer.Error is { } error)
            {
                _observer.OnError(error);
            }
            else
            {
                _observer.OnCompleted();
            }
        }
    }
}
