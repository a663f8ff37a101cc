namespace Carbon.Realtime;

/// <summary>What became of a place in a view.</summary>
public enum StoreViewChangeKind
{
    /// <summary>A row is new at <see cref="StoreViewChange{TRow}.Index"/>; those from there on move down by one.</summary>
    Inserted = 0,

    /// <summary>The row at <see cref="StoreViewChange{TRow}.Index"/> is gone; those behind it move up by one.</summary>
    Removed,

    /// <summary>The row at <see cref="StoreViewChange{TRow}.Index"/> is another one, of the same key.</summary>
    Replaced,

    /// <summary>The row was taken from <see cref="StoreViewChange{TRow}.OldIndex"/> and put in at <see cref="StoreViewChange{TRow}.Index"/>, as counted after the taking.</summary>
    Moved,
}

/// <summary>One step from a view's last rows to its next. Steps are applied one after another: each index counts what the steps before it did.</summary>
public readonly struct StoreViewChange<TRow> : IEquatable<StoreViewChange<TRow>>
{
    internal StoreViewChange(StoreViewChangeKind kind, int index, int oldIndex, TRow? current, TRow? previous)
    {
        Kind = kind;
        Index = index;
        OldIndex = oldIndex;
        Current = current;
        Previous = previous;
    }

    /// <summary>What became of the place.</summary>
    public StoreViewChangeKind Kind { get; }

    /// <summary>Where, from 0.</summary>
    public int Index { get; }

    /// <summary>Where the row was before; <see cref="Index"/>, but for <see cref="StoreViewChangeKind.Moved"/>.</summary>
    public int OldIndex { get; }

    /// <summary>The row that is there now; nothing where it was removed.</summary>
    public TRow? Current { get; }

    /// <summary>The row that was there; nothing where it was inserted.</summary>
    public TRow? Previous { get; }

    /// <inheritdoc/>
    public bool Equals(StoreViewChange<TRow> other) =>
        Kind == other.Kind && Index == other.Index && OldIndex == other.OldIndex
        && EqualityComparer<TRow?>.Default.Equals(Current, other.Current) && EqualityComparer<TRow?>.Default.Equals(Previous, other.Previous);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is StoreViewChange<TRow> other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, Index, OldIndex);

    /// <summary>Whether both say the same of the same place.</summary>
    public static bool operator ==(StoreViewChange<TRow> left, StoreViewChange<TRow> right) => left.Equals(right);

    /// <summary>Whether they differ.</summary>
    public static bool operator !=(StoreViewChange<TRow> left, StoreViewChange<TRow> right) => !left.Equals(right);

    /// <summary>Kind and place; nothing of the row.</summary>
    public override string ToString() => Kind == StoreViewChangeKind.Moved ? $"{Kind} {OldIndex} to {Index}" : $"{Kind} {Index}";
}
