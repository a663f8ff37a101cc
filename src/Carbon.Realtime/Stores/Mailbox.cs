namespace Carbon.Realtime.Stores;

/// <summary>What a store has to do, in the order of its coming, one thing at a time, on the scheduler.</summary>
/// <remarks>
/// Events count against a bound, but for a burst that finds none waiting; everything else is always taken. Past the bound events are dropped until all that waits is done; then their
/// loss is told, once, so that what is read from then on contains them.
/// </remarks>
internal sealed class Mailbox<TEvent>(WorkScheduler scheduler, int capacity) : IThreadPoolWorkItem
{
    /// <summary>Events whose rows came in more bytes than this do not wait either, however few they are.</summary>
    private const long MostBytes = 32 << 20;

    private readonly Lock _gate = new();
    private Queue<(Action? Work, TEvent[]? Events)> _waiting = new();
    private Queue<(Action? Work, TEvent[]? Events)> _spare = new();
    private int _events;
    private long _bytes;
    private bool _overflowed;
    private bool _running;
    private bool _closed;

    /// <summary>Given events.</summary>
    public required Action<ReadOnlySpan<TEvent>> OnEvents { get; init; }

    /// <summary>Told that events were dropped.</summary>
    public required Action OnOverflow { get; init; }

    /// <summary>Told after everything that waited, before there is a pause.</summary>
    public required Action OnDone { get; init; }

    /// <summary>Told what was thrown: a row's own equality, which is the user's code. The rest goes on.</summary>
    public required Action<Exception> OnThrown { get; init; }

    /// <summary>Any thread; may be called with locks held.</summary>
    public void Post(Action work) => Add((work, null), events: 0, bytes: 0);

    /// <inheritdoc cref="Post(Action)"/>
    /// <param name="events">Copied.</param>
    /// <param name="bytes">How large they came.</param>
    public void Post(ReadOnlySpan<TEvent> events, long bytes) => Add((null, events.ToArray()), events.Length, bytes);

    /// <summary>Nothing more is taken, and what waits is dropped; what runs runs to its end.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            _waiting.Clear();
            _spare.Clear();
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        while (true)
        {
            Queue<(Action? Work, TEvent[]? Events)> batch;
            bool overflowed;
            lock (_gate)
            {
                if (_waiting.Count == 0 && !_overflowed)
                {
                    _running = false;
                    return;
                }

                (batch, overflowed) = (_waiting, _overflowed && _waiting.Count == 0);
                _waiting = _spare;
                _spare = batch;
                _events = 0;
                _bytes = 0;
                _overflowed &= !overflowed;
            }

            while (TryDequeue(batch, out var next))
            {
                Do(next.Work ?? (() => OnEvents(next.Events)));
            }

            if (overflowed)
            {
                Do(OnOverflow);
            }

            Do(OnDone);
        }
    }

    private void Do(Action work)
    {
        try
        {
            work();
        }
#pragma warning disable CA1031 // Whatever it is, the store goes on: the next read makes good what was left undone.
        catch (Exception e)
#pragma warning restore CA1031
        {
            OnThrown(e);
        }
    }

    private bool TryDequeue(Queue<(Action? Work, TEvent[]? Events)> batch, out (Action? Work, TEvent[]? Events) next)
    {
        lock (_gate)
        {
            return batch.TryDequeue(out next);
        }
    }

    private void Add((Action? Work, TEvent[]? Events) item, int events, long bytes)
    {
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            if (events > 0 && (_overflowed || (_events > 0 && (_events + events > capacity || _bytes + bytes > MostBytes))))
            {
                _overflowed = true;
            }
            else
            {
                _waiting.Enqueue(item);
                _events += events;
                _bytes += bytes;
            }

            if (_running)
            {
                return;
            }

            _running = true;
        }

        scheduler.Post(this);
    }
}
