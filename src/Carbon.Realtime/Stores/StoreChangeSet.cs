using System.Collections.Immutable;

namespace Carbon.Realtime;

/// <summary>How a store came from one snapshot to the next. Immutable.</summary>
/// <remarks>
/// <see cref="Snapshot"/> is always the state after it. Change sets that are applied in order, beginning with a reset, give the same rows: every
/// <see cref="StoreChangeKind.Added"/> key is new, every other one is there. A change set without changes says that only the status is another one.
/// </remarks>
public sealed class StoreChangeSet<TKey, TRow>
    where TKey : notnull
{
    internal StoreChangeSet(StoreSnapshot<TKey, TRow> snapshot, bool isReset, ImmutableArray<StoreChange<TKey, TRow>> changes)
    {
        Snapshot = snapshot;
        IsReset = isReset;
        Changes = changes;
    }

    /// <summary>Rows and status after it.</summary>
    public StoreSnapshot<TKey, TRow> Snapshot { get; }

    /// <summary>
    /// Whether everything before is to be forgotten and <see cref="Snapshot"/> taken instead: the first change set of every subscription; after another
    /// user or tenant; for an observer that did not keep up. It has no <see cref="Changes"/>.
    /// </summary>
    public bool IsReset { get; }

    /// <summary>The rows' changes in their order; one row may have several.</summary>
    public ImmutableArray<StoreChange<TKey, TRow>> Changes { get; }

    /// <summary>How true the rows are after it.</summary>
    public StoreStatus Status => Snapshot.Status;
}
