namespace Carbon.Realtime.Primitives;

/// <summary>What waits for one subscriber: bounded, filled under a short lock, taken in one go.</summary>
/// <remarks>
/// Two arrays change places, so that a steady flow allocates nothing. On overflow what waits is kept, what comes is dropped until all that
/// waits is taken, and then one marker says so (rule 1: a gap is delivered when reading is safe again).
/// </remarks>
/// <param name="capacity">The most items that wait.</param>
/// <param name="owner">Has the marker.</param>
internal sealed class DeliveryBuffer<T>(int capacity, IDeliveryOwner<T> owner)
{
    /// <summary>For the gap that every subscription begins with: many get nothing else for hours.</summary>
    private const int InitialCapacity = 1;

    /// <summary>Arrays up to this length are kept while idle.</summary>
    private const int KeptCapacity = 256;

    private readonly Lock _gate = new();
    private T[] _filling = [];
    private T[] _spare = [];
    private int _count;
    private int _taken;
    private int _told;
    private bool _overflowed;
    private bool _taking;
    private bool _ended;
    private bool _discarded;
    private Exception? _error;

    /// <summary>Told how many items are here: what waits, and the batch that was taken until the next is asked for.</summary>
    public Tally.Cell? Depth { get; init; }

    /// <summary>Whether an item that comes alone says nothing beside the last one that waits; <see langword="null"/> if that never is.</summary>
    public Func<T, T, bool>? IsRedundant { get; init; }

    /// <summary>What says as much as the last item that waits and one that comes alone together; <see langword="null"/> if they stay apart. Pure: runs under a lock.</summary>
    public Func<T, T, T>? Merge { get; init; }

    /// <summary>What happened to the end of the stream.</summary>
    public Exception? Error => _error;

    /// <summary>Adds items.</summary>
    /// <returns>Whether somebody must start taking.</returns>
    public bool Add(ReadOnlySpan<T> items)
    {
        lock (_gate)
        {
            if (_ended || items.IsEmpty)
            {
                return false;
            }

            if (_count > 0 && items.Length == 1 && !_overflowed && IsRedundant?.Invoke(_filling[_count - 1], items[0]) == true)
            {
                return false;
            }

            if (_count > 0 && items.Length == 1 && Merge is { } merge)
            {
                _filling[_count - 1] = merge(_filling[_count - 1], items[0]);
                return false;
            }

            var fits = _overflowed ? 0 : Math.Min(items.Length, capacity - _count);
            if (fits < items.Length)
            {
                _overflowed = true;
            }

            Reserve(_count + fits);
            items[..fits].CopyTo(_filling.AsSpan(_count));
            _count += fits;
            TellDepth();
            return StartTaking();
        }
    }

    /// <inheritdoc cref="Add(ReadOnlySpan{T})"/>
    public bool Add(T item) => Add(new ReadOnlySpan<T>(ref item));

    /// <summary>Whether what waits is not wanted any more, not even the rest of a batch that was taken.</summary>
    public bool IsDiscarded => Volatile.Read(ref _discarded);

    /// <summary>Nothing is added after this; what waits is still taken, unless it is discarded.</summary>
    /// <returns>Whether somebody must start taking.</returns>
    public bool End(Exception? error, bool discard = false)
    {
        lock (_gate)
        {
            if (discard)
            {
                Volatile.Write(ref _discarded, true);
                _filling.AsSpan(0, _count).Clear();
                _count = 0;
                _taken = 0;
                TellDepth();
                _overflowed = false;
            }

            if (_ended)
            {
                return false;
            }

            _ended = true;
            _error = error;
            return StartTaking();
        }
    }

    /// <summary>Takes all that waits. The batch may be used until the next call.</summary>
    /// <param name="batch">What waited; clear what has been handled.</param>
    /// <param name="ended">With an empty batch: the end was reached. It is told once.</param>
    /// <returns>Whether there was anything; if not, taking stops until an <c>Add</c> says to start again.</returns>
    public bool TryTake(out Span<T> batch, out bool ended)
    {
        lock (_gate)
        {
            ended = false;
            if (_count == 0 && _overflowed)
            {
                _overflowed = false;
                Reserve(1);
                _filling[_count++] = owner.Overflowed();
            }

            if (_count > 0)
            {
                (_filling, _spare) = (_spare, _filling);
                batch = _spare.AsSpan(0, _count);
                _taken = _count;
                _count = 0;
                TellDepth();
                return true;
            }

            _taken = 0;
            TellDepth();
            _taking = false;
            batch = default;
            ended = _ended;
            if (_filling.Length > KeptCapacity || ended)
            {
                _filling = [];
            }

            if (_spare.Length > KeptCapacity || ended)
            {
                _spare = [];
            }

            return false;
        }
    }

    private void TellDepth()
    {
        var depth = _count + _taken;
        if (depth != _told)
        {
            Depth?.Add(depth - _told);
            _told = depth;
        }
    }

    private bool StartTaking()
    {
        if (_taking)
        {
            return false;
        }

        _taking = true;
        return true;
    }

    private void Reserve(int count)
    {
        if (count > _filling.Length)
        {
            Array.Resize(ref _filling, Math.Min(Math.Max(Math.Max(InitialCapacity, _filling.Length * 2), count), Math.Max(capacity, 1)));
        }
    }
}
