namespace Carbon.Realtime.Changes;

/// <summary>What a change does to a table of rows.</summary>
internal enum RowEventKind
{
    /// <summary>The row is this one now.</summary>
    Put,

    /// <summary>There is no such row any more, or it is not ours.</summary>
    Remove,

    /// <summary>The row changed, and what it is now cannot be told from the change.</summary>
    Ask,
}

/// <summary>One change of one row.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Key">Which row; with <see cref="RowEventKind.Remove"/> it may be one that nobody here ever had, and another tenant's.</param>
/// <param name="Row">With <see cref="RowEventKind.Put"/>.</param>
/// <param name="CommittedAt">By the server's clock.</param>
internal readonly record struct RowEvent<TKey, TRow>(RowEventKind Kind, TKey Key, TRow? Row, DateTimeOffset? CommittedAt);

/// <summary>Holds rows and is told what changes them. Implemented by Stores.</summary>
/// <remarks>Members with "under the gate" must only take a note of it. All that one socket brings is told in its order.</remarks>
internal interface IRowSink<TKey, TRow>
{
    /// <summary>The server said that changes flow: for the first time, or again, for whatever reason. Under the gate.</summary>
    void OnEpoch();

    /// <summary>Changes do not flow any more. Under the gate.</summary>
    void OnEpochEnded();

    /// <summary>Changes flow, but something was lost that may have been any row's. Under the gate or not.</summary>
    void OnMissed(GapReason reason);

    /// <summary>Changes in their order. On the reader's loop, outside the gate; the span is valid during the call.</summary>
    /// <param name="events">The changes.</param>
    /// <param name="bytes">How large their rows came.</param>
    void OnEvents(ReadOnlySpan<RowEvent<TKey, TRow>> events, long bytes);

    /// <summary>Where the subscription stands. Under the gate.</summary>
    void OnStatus(RealtimeStatus status);

    /// <summary>Nothing more will come. Under the gate.</summary>
    void OnEnded(Exception? error);
}
