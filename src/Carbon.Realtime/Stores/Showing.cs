using Carbon.Realtime.Convergence;

namespace Carbon.Realtime.Stores;

/// <summary>What a store shows, made into a snapshot by the first who looks: a store that nobody looks at copies nothing. Any thread.</summary>
internal sealed class Showing<TKey, TRow>(long version, LazyImage<TKey, TRow> rows, StoreStatus status)
    where TKey : notnull
{
    private StoreSnapshot<TKey, TRow>? _snapshot;

    public long Version => version;

    public StoreStatus Status => status;

    public int Count => rows.Count;

    /// <summary>Whether somebody looked.</summary>
    public bool IsTaken => Volatile.Read(ref _snapshot) is not null;

    /// <summary>The one snapshot of it. May wait while a burst of changes is applied.</summary>
    public StoreSnapshot<TKey, TRow> Snapshot => Volatile.Read(ref _snapshot) ?? Take();

    private StoreSnapshot<TKey, TRow> Take()
    {
        var snapshot = new StoreSnapshot<TKey, TRow>(version, rows.Take(), status);
        return Interlocked.CompareExchange(ref _snapshot, snapshot, null) ?? snapshot;
    }
}
