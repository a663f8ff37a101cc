namespace Carbon.Realtime.Changes;

/// <summary>Who wants to know that a table changed, and not what. Called under the gate.</summary>
internal interface ITableWatcher
{
    /// <summary>Rows changed, or may have.</summary>
    /// <param name="table">The table.</param>
    /// <param name="gap">Why they may have; <see langword="null"/> for changes that came.</param>
    void OnTouched(string table, GapReason? gap);

    /// <summary>Nothing more will come.</summary>
    /// <param name="error">Why; <see langword="null"/> after a disposal.</param>
    void OnEnded(Exception? error);
}
