using System.Text;

namespace Carbon.Realtime.Tests.Caching;

/// <summary>Keys, rows and short words for caches under test.</summary>
internal static class CacheRows
{
    public static readonly DateTimeOffset AsOf = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public static StoreCacheKey Key { get; } = new()
    {
        Project = "https://abc.supabase.co",
        Subject = "user_1",
        Role = "authenticated",
        Tenant = "co_1",
        Table = "public.item",
        Query = "select=id",
        Shape = "s1",
    };

    public static StoreCacheRow Row(string key, string json) => new(key, Encoding.UTF8.GetBytes(json));

    public static StoreCacheChanges Replace(params StoreCacheRow[] rows) => new() { ReplacesAll = true, AsOf = AsOf, Upserts = rows };

    public static StoreCacheChanges Change(StoreCacheRow[] upserts, params string[] removes) => new() { AsOf = AsOf, Upserts = upserts, Removes = removes };

    /// <summary>The same, of another time.</summary>
    public static StoreCacheChanges At(this StoreCacheChanges changes, DateTimeOffset asOf) =>
        new() { ReplacesAll = changes.ReplacesAll, AsOf = asOf, Upserts = changes.Upserts, Removes = changes.Removes };

    public static ValueTask SaveAsync(this IStoreCache cache, StoreCacheKey key, StoreCacheChanges changes) => cache.SaveAsync(key, changes, CancellationToken.None);

    public static ValueTask RemoveAsync(this IStoreCache cache, StoreCacheKey key) => cache.RemoveAsync(key, CancellationToken.None);

    /// <summary>The rows in the order of their JSON; <see langword="null"/> when nothing is kept.</summary>
    public static async Task<string[]?> RowsAsync(this IStoreCache cache, StoreCacheKey key) => (await cache.LoadAsync(key)).Rows;

    public static async Task<(StoreCacheHeader? Header, string[]? Rows)> LoadAsync(this IStoreCache cache, StoreCacheKey key)
    {
        var rows = new List<string>();
        var header = await cache.LoadAsync(key, row => rows.Add(Encoding.UTF8.GetString(row)), CancellationToken.None);
        rows.Sort(StringComparer.Ordinal);
        return (header, header is null && rows.Count == 0 ? null : [.. rows]);
    }

    public static async Task<StoreCacheException> FaultAsync(Func<ValueTask> call) =>
        (await FluentActions.Awaiting(async () => await call()).Should().ThrowAsync<StoreCacheException>()).Which;
}
