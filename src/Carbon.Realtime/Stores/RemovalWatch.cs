namespace Carbon.Realtime.Stores;

/// <summary>Whether anything was begun to be removed under a key since somebody began to look: what they have read of it may be gone by now, and owed no more.</summary>
/// <param name="key">The key.</param>
/// <param name="forget">Ends it.</param>
internal sealed class RemovalWatch(StoreCacheKey key, Action<RemovalWatch> forget) : IDisposable
{
    private volatile bool _hasBegun;

    public StoreCacheKey Key => key;

    public bool HasBegun
    {
        get => _hasBegun;
        set => _hasBegun = value;
    }

    public void Dispose() => forget(this);
}
