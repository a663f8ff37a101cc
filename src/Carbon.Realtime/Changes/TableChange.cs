namespace Carbon.Realtime;

/// <summary>One element of a change stream: <see cref="Inserted{TKey, TRow}"/>, <see cref="Updated{TKey, TRow}"/>, <see cref="Deleted{TKey, TRow}"/> or <see cref="Gap{TKey, TRow}"/>. Immutable.</summary>
/// <typeparam name="TKey">The table's key.</typeparam>
/// <typeparam name="TRow">The table's row.</typeparam>
public abstract class TableChange<TKey, TRow>
    where TKey : notnull
{
    private readonly long _committedAtTicks;

    private protected TableChange(DateTimeOffset? committedAt) => _committedAtTicks = committedAt?.UtcTicks ?? 0;

    /// <summary>
    /// When the transaction committed, UTC, in whole milliseconds; equal for all its rows. For display and lag: it neither orders nor
    /// identifies changes. <see langword="null"/> for gaps.
    /// </summary>
    public DateTimeOffset? CommittedAt => _committedAtTicks == 0 ? null : new DateTimeOffset(_committedAtTicks, TimeSpan.Zero);
}

/// <summary>A row was inserted.</summary>
/// <inheritdoc cref="TableChange{TKey, TRow}"/>
public sealed class Inserted<TKey, TRow> : TableChange<TKey, TRow>
    where TKey : notnull
{
    internal Inserted(TKey key, TRow row, DateTimeOffset? committedAt)
        : base(committedAt)
    {
        Key = key;
        Row = row;
    }

    /// <summary>The row's key.</summary>
    public TKey Key { get; }

    /// <summary>The whole row.</summary>
    public TRow Row { get; }

    /// <inheritdoc/>
    public override string ToString() => $"inserted {Key}";
}

/// <summary>A row was updated. It may be new to you: a row that comes to match the filter arrives as an update; one that leaves it sends nothing.</summary>
/// <inheritdoc cref="TableChange{TKey, TRow}"/>
public sealed class Updated<TKey, TRow> : TableChange<TKey, TRow>
    where TKey : notnull
{
    /// <summary>What most updates have none of: another key than before, or the row before.</summary>
    private readonly Before? _before;

    internal Updated(TKey key, TRow row, DateTimeOffset? committedAt)
        : base(committedAt)
    {
        Key = key;
        Row = row;
    }

    internal Updated(TKey key, TRow row, TKey oldKey, TRow? oldRow, bool hasOldRow, DateTimeOffset? committedAt)
        : this(key, row, committedAt) => _before = new Before(oldKey, oldRow, hasOldRow);

    /// <summary>The row's key after the update.</summary>
    public TKey Key { get; }

    /// <summary>The whole row after the update.</summary>
    public TRow Row { get; }

    /// <summary>The row's key before the update; differs from <see cref="Key"/> only when the primary key itself changed.</summary>
    public TKey OldKey => _before is { } before ? before.Key : Key;

    /// <summary>The row before the update, where the server sent it whole: that needs <c>REPLICA IDENTITY FULL</c>.</summary>
    public TRow? OldRow => _before is { } before ? before.Row : default;

    /// <summary>Whether <see cref="OldRow"/> was sent.</summary>
    public bool HasOldRow => _before?.HasRow == true;

    /// <inheritdoc/>
    public override string ToString() => $"updated {Key}";

    private sealed record Before(TKey Key, TRow? Row, bool HasRow);
}

/// <summary>A row was deleted.</summary>
/// <inheritdoc cref="TableChange{TKey, TRow}"/>
public sealed class Deleted<TKey, TRow> : TableChange<TKey, TRow>
    where TKey : notnull
{
    internal Deleted(TKey key, TRow? oldRow, bool hasOldRow, bool isVerified, DateTimeOffset? committedAt)
        : base(committedAt)
    {
        Key = key;
        OldRow = oldRow;
        HasOldRow = hasOldRow;
        IsVerified = isVerified;
    }

    /// <summary>The deleted row's key.</summary>
    public TKey Key { get; }

    /// <summary>The row before the delete, where the server sent it whole: that needs <c>REPLICA IDENTITY FULL</c> and no row level security.</summary>
    public TRow? OldRow { get; }

    /// <summary>Whether <see cref="OldRow"/> was sent.</summary>
    public bool HasOldRow { get; }

    /// <summary>
    /// Whether the server matched the deleted row with the stream's filter and tenant. Always, unless the stream opted in to key-only
    /// deletes (<see cref="ChangeStreamOptions.KeyOnlyDeletes"/>): those may be anybody's.
    /// </summary>
    public bool IsVerified { get; }

    /// <inheritdoc/>
    public override string ToString() => IsVerified ? $"deleted {Key}" : $"deleted {Key} (unverified)";
}

/// <summary>From here on the stream is complete; re-read what you hold. Always the first element, and again after every possible loss.</summary>
/// <remarks>Delivered when reading is safe again, once per episode, in order with the changes.</remarks>
/// <inheritdoc cref="TableChange{TKey, TRow}"/>
public sealed class Gap<TKey, TRow> : TableChange<TKey, TRow>
    where TKey : notnull
{
    internal Gap(GapReason reason)
        : base(null) => Reason = reason;

    internal Gap(GapReason reason, TKey key)
        : base(null)
    {
        Reason = reason;
        Key = key;
        HasKey = true;
    }

    /// <summary>What happened.</summary>
    public GapReason Reason { get; }

    /// <summary>Whether only the row of <see cref="Key"/> is concerned; otherwise everything is.</summary>
    public bool HasKey { get; }

    /// <summary>The row to read again, where <see cref="HasKey"/>.</summary>
    public TKey? Key { get; }

    /// <inheritdoc/>
    public override string ToString() => HasKey ? $"gap ({Reason}) at {Key}" : $"gap ({Reason})";
}
