namespace Carbon.Realtime.Simulation.Stories;

/// <summary>What many programs have: one file for each table, whoever is signed in. For <see cref="Sabotage.CacheHasNoGeneration"/>.</summary>
internal sealed class GenerationlessCache(IStoreCache inner) : IStoreCache
{
    private readonly Dictionary<string, StoreCacheKey> _keys = [];

    public ValueTask<StoreCacheHeader?> LoadAsync(StoreCacheKey key, StoreCacheRowHandler onRow, CancellationToken cancellationToken) =>
        inner.LoadAsync(Same(key), onRow, cancellationToken);

    public ValueTask SaveAsync(StoreCacheKey key, StoreCacheChanges changes, CancellationToken cancellationToken) => inner.SaveAsync(Same(key), changes, cancellationToken);

    public ValueTask RemoveAsync(StoreCacheKey key, CancellationToken cancellationToken) => inner.RemoveAsync(Same(key), cancellationToken);

    public ValueTask RemoveUserAsync(string project, string? subject, CancellationToken cancellationToken) => inner.RemoveUserAsync(project, subject, cancellationToken);

    private StoreCacheKey Same(StoreCacheKey key) => _keys.TryGetValue(key.Table, out var first) ? first : _keys[key.Table] = key;
}
