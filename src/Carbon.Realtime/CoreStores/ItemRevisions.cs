namespace Carbon.Realtime.CoreStores;

/// <summary>Which of an item's revisions is the latest.</summary>
public static class ItemRevisions
{
    /// <summary>Ranks two revisions: none, empty and <c>"0"</c> are the first one and equal; all others come after it, by their characters.</summary>
    /// <returns>Less than, equal to or greater than zero, as comparers have it.</returns>
    public static int Compare(string? x, string? y) => string.CompareOrdinal(RankOf(x), RankOf(y));

    /// <summary>The latest revision of each readable id.</summary>
    /// <param name="items">Items of one company. Types may share a readable id; the highest id decides between equal revisions.</param>
    /// <returns>By <see cref="Item.ReadableId"/>.</returns>
    public static IReadOnlyDictionary<string, Item> LatestByReadableId(IEnumerable<Item> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        var latest = new Dictionary<string, Item>(StringComparer.Ordinal);
        foreach (var item in items)
        {
            if (!latest.TryGetValue(item.ReadableId, out var known) || IsLater(item, known))
            {
                latest[item.ReadableId] = item;
            }
        }

        return latest;
    }

    private static string RankOf(string? revision) => revision is null or "0" ? "" : revision;

    private static bool IsLater(Item item, Item than)
    {
        var order = Compare(item.Revision, than.Revision);
        return order != 0 ? order > 0 : string.CompareOrdinal(item.Id, than.Id) > 0;
    }
}
