namespace Carbon.Realtime.Stores;

/// <summary>Whether anything was begun to be removed under a key since somebody began to look: what they have read of it may be gone by now, and owed no more.</summary>
/// <param name="key">The key.</param>
/// <param name="forget">Ends it.</param>
internal sealed class RemovalWatch(StoreCacheKey key, Action<RemovalWatch> forget) : IDisposable
{
    private bool _hasBegun;

    public StoreCacheKey Key => key;

    public bool HasBegun
    {
        get => Volatile.Read(ref _hasBegun);
        set => Volatile.Write(ref _hasBegun, value);
    }

    public void Dispose() => forget(this);
}
