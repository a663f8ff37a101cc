namespace Carbon.Realtime.Convergence;

/// <summary>All that <see cref="ConvergenceRules{TKey, TRow}"/> remembers, and nothing else: two that are equal here go on alike. One writer.</summary>
internal sealed class ConvergenceState<TKey, TRow>(IEqualityComparer<TKey>? comparer)
    where TKey : notnull
{
    private long _moment;

    public RowTable<TKey, TRow> Rows { get; } = new(comparer);

    public Doubts<TKey> Doubts { get; } = new(comparer);

    /// <summary>The moment of the last word about a key since the oldest read that is under way: an event, or another read's.</summary>
    public Dictionary<TKey, long> Touched { get; } = new(comparer);

    /// <summary>Keys that were read by themselves not long ago: when, and how many reads it took.</summary>
    public Dictionary<TKey, (TimeSpan At, int Attempts)> Asked { get; } = new(comparer);

    /// <summary>The scan that runs.</summary>
    public ScanMarks? Scan { get; set; }

    /// <summary>The keys that are being read by themselves.</summary>
    public PointMarks<TKey>? Points { get; set; }

    /// <summary>When the last scan ended.</summary>
    public TimeSpan? Scanned { get; set; }

    /// <summary>Whether the cache is being read.</summary>
    public bool IsHydrating { get; set; }

    /// <summary>Grows with every word about a key. Any thread may read it; with one writer the bus need not be locked.</summary>
    public long Moment
    {
        get => Volatile.Read(ref _moment);
        set => Volatile.Write(ref _moment, value);
    }
}

/// <summary>What a scan under way must remember.</summary>
/// <param name="start">The moment before its first request.</param>
internal sealed class ScanMarks(long start)
{
    public long Start => start;

    /// <summary>The slots of the rows that it brought.</summary>
    public SlotSet Seen { get; } = new();
}

/// <summary>What a reading of single keys must remember.</summary>
/// <param name="Start">The moment before its request.</param>
/// <param name="Keys">Which keys.</param>
internal sealed record PointMarks<TKey>(long Start, HashSet<TKey> Keys);
