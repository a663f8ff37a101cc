using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>A cache that refuses to delete, or takes its time, as often as a test says.</summary>
internal sealed class StubbornCache(InMemoryStoreCache kept) : IStoreCache
{
    public InMemoryStoreCache Kept => kept;

    /// <summary>So many of the next removals of a key fail.</summary>
    public int Refusals { get; set; }

    /// <summary>So many of the next removals of a user fail.</summary>
    public int UserRefusals { get; set; }

    /// <summary>Awaited before a removal.</summary>
    public Task Removing { get; set; } = Task.CompletedTask;

    /// <summary>Awaited after a load, before the store hears of its end.</summary>
    public Task Loaded { get; set; } = Task.CompletedTask;

    public async ValueTask<StoreCacheHeader?> LoadAsync(StoreCacheKey key, StoreCacheRowHandler onRow, CancellationToken cancellationToken)
    {
        var header = await kept.LoadAsync(key, onRow, cancellationToken);
        await Loaded;
        return header;
    }

    public ValueTask SaveAsync(StoreCacheKey key, StoreCacheChanges changes, CancellationToken cancellationToken) =>
        kept.SaveAsync(key, changes, cancellationToken);

    public async ValueTask RemoveAsync(StoreCacheKey key, CancellationToken cancellationToken)
    {
        await Removing;
        Refuse(Refusals-- > 0);
        await kept.RemoveAsync(key, cancellationToken);
    }

    public async ValueTask RemoveUserAsync(string project, string? subject, CancellationToken cancellationToken)
    {
        await Removing;
        Refuse(UserRefusals-- > 0);
        await kept.RemoveUserAsync(project, subject, cancellationToken);
    }

    private static void Refuse(bool refuses)
    {
        if (refuses)
        {
            throw new StoreCacheException(StoreCacheFault.Locked, "locked", null);
        }
    }
}
