using System.Collections.Immutable;

namespace Carbon.Realtime;

/// <summary>How a view came from one list to the next. Immutable.</summary>
/// <remarks><see cref="Snapshot"/> is always the list after it. A change set without changes says that only the status is another one.</remarks>
public sealed class StoreViewChangeSet<TRow>
{
    internal StoreViewChangeSet(StoreViewSnapshot<TRow> snapshot, bool isReset, ImmutableArray<StoreViewChange<TRow>> changes)
    {
        Snapshot = snapshot;
        IsReset = isReset;
        Changes = changes;
    }

    /// <summary>Rows and status after it.</summary>
    public StoreViewSnapshot<TRow> Snapshot { get; }

    /// <summary>
    /// Whether the list before is to be forgotten and <see cref="Snapshot"/> taken instead: the first change set of every subscription, and whenever
    /// the store's is one. It has no <see cref="Changes"/>.
    /// </summary>
    public bool IsReset { get; }

    /// <summary>The steps from the list before to <see cref="Snapshot"/>, in their order.</summary>
    public ImmutableArray<StoreViewChange<TRow>> Changes { get; }

    /// <summary>How true the rows are after it.</summary>
    public StoreStatus Status => Snapshot.Status;
}
