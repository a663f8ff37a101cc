namespace Carbon.Realtime;

/// <summary>What changed since the last save that succeeded. Valid until the save ends.</summary>
public sealed class StoreCacheChanges
{
    /// <summary>Whether everything that was kept before goes.</summary>
    public bool ReplacesAll { get; init; }

    /// <summary>When the store last knew that it equalled the database, UTC.</summary>
    public required DateTimeOffset AsOf { get; init; }

    /// <summary>Rows that are new or different, each key once.</summary>
    public IReadOnlyList<StoreCacheRow> Upserts { get; init; } = [];

    /// <summary>Keys whose rows are gone; none of <see cref="Upserts"/>.</summary>
    public IReadOnlyList<string> Removes { get; init; } = [];
}

/// <summary>A row to keep.</summary>
/// <param name="Key">The row's key as text; a key of several columns is a JSON array.</param>
/// <param name="Json">The row in UTF-8.</param>
public readonly record struct StoreCacheRow(string Key, ReadOnlyMemory<byte> Json);
