namespace Carbon.Realtime.Convergence;

/// <summary>Told what becomes of rows, one by one, in order.</summary>
internal interface IRowLog<TKey, TRow>
{
    void Added(TKey key, TRow row);

    /// <remarks>An event may bring what a read has brought before: then both are equal.</remarks>
    void Updated(TKey key, TRow row, TRow before);

    void Removed(TKey key, TRow before);
}
