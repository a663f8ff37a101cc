namespace Carbon.Realtime.Protocol;

/// <summary>What a change did.</summary>
internal enum ChangeType
{
    Insert,
    Update,
    Delete,
}

/// <summary>One <c>postgres_changes</c> payload as slices of the receive buffer: valid for the duration of the call that got it.</summary>
/// <remarks>docs/protocol.md, "Changes". No row exists yet: it is for the guard to say whether one should.</remarks>
internal readonly ref struct ChangeFrame
{
    public ChangeType Type { get; init; }

    public ReadOnlySpan<byte> Schema { get; init; }

    public ReadOnlySpan<byte> Table { get; init; }

    /// <summary>All bindings of the channel that matched, by the ids of the join reply.</summary>
    public ReadOnlySpan<long> Ids { get; init; }

    /// <summary>UTC, whole milliseconds, equal for all rows of a transaction; absent in the 400 and 401 shapes.</summary>
    public DateTimeOffset? CommitTimestamp { get; init; }

    /// <summary>The new row's text; empty where there is none.</summary>
    public ReadOnlySpan<byte> Record { get; init; }

    public RecordIndex RecordIndex { get; init; }

    /// <summary>What the server sent of the old row; empty where there is none.</summary>
    public ReadOnlySpan<byte> OldRecord { get; init; }

    public RecordIndex OldRecordIndex { get; init; }

    public TableColumns Columns { get; init; }

    /// <summary>The raw <c>errors</c> array; empty when the server sent null.</summary>
    public ReadOnlySpan<byte> Errors { get; init; }
}
