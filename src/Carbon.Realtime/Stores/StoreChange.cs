namespace Carbon.Realtime;

/// <summary>What became of a row.</summary>
public enum StoreChangeKind
{
    /// <summary>There was none with this key.</summary>
    Added = 0,

    /// <summary>It is another one now.</summary>
    Updated,

    /// <summary>There is none any more.</summary>
    Removed,
}

/// <summary>One row's change.</summary>
public readonly struct StoreChange<TKey, TRow> : IEquatable<StoreChange<TKey, TRow>>
    where TKey : notnull
{
    internal StoreChange(StoreChangeKind kind, TKey key, TRow? current, TRow? previous)
    {
        Kind = kind;
        Key = key;
        Current = current;
        Previous = previous;
    }

    /// <summary>What became of it.</summary>
    public StoreChangeKind Kind { get; }

    /// <summary>The row's key.</summary>
    public TKey Key { get; }

    /// <summary>The row as it is; nothing where it was removed.</summary>
    public TRow? Current { get; }

    /// <summary>The row as it was; nothing where it was added.</summary>
    public TRow? Previous { get; }

    /// <inheritdoc/>
    public bool Equals(StoreChange<TKey, TRow> other) =>
        Kind == other.Kind && EqualityComparer<TKey>.Default.Equals(Key, other.Key)
        && EqualityComparer<TRow?>.Default.Equals(Current, other.Current) && EqualityComparer<TRow?>.Default.Equals(Previous, other.Previous);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is StoreChange<TKey, TRow> other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, Key);

    /// <summary>Whether both say the same of the same row.</summary>
    public static bool operator ==(StoreChange<TKey, TRow> left, StoreChange<TKey, TRow> right) => left.Equals(right);

    /// <summary>Whether they differ.</summary>
    public static bool operator !=(StoreChange<TKey, TRow> left, StoreChange<TKey, TRow> right) => !left.Equals(right);

    /// <summary>Kind and key; nothing of the row.</summary>
    public override string ToString() => $"{Kind} {Key}";
}
