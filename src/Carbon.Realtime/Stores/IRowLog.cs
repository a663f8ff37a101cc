namespace Carbon.Realtime.Stores;

/// <summary>Told what becomes of rows, one by one, in order.</summary>
internal interface IRowLog<TKey, TRow>
{
    void Added(TKey key, TRow row);

    void Updated(TKey key, TRow row, TRow before);

    void Removed(TKey key, TRow before);
}
