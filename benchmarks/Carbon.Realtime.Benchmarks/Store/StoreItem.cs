using System.Globalization;
using System.Text.Json.Serialization;

namespace Carbon.Realtime.Benchmarks.Store;

/// <summary>A row as Carbon's core stores have them: a record, its key a text of twenty letters, nine more columns, of which the last one changes.</summary>
public sealed record StoreItem
{
    public required string Id { get; init; }
    public required string ReadableId { get; init; }
    public string? Revision { get; init; }
    public required string ReadableIdWithRevision { get; init; }
    public required string Name { get; init; }
    public required string Type { get; init; }
    public required string ReplenishmentSystem { get; init; }
    public required string ItemTrackingType { get; init; }
    public string? UnitOfMeasureCode { get; init; }
    public required int Change { get; init; }

    /// <summary>An item with texts of its own, as decoding makes them: nothing is shared, not even the key.</summary>
    public static StoreItem Create(int number, int change) => new()
    {
        Id = Invariant($"cq{(uint)number * 2654435761u:x8}{number:x10}"),
        ReadableId = Invariant($"P-{number:000000}"),
        Revision = Invariant($"{number % 3}"),
        ReadableIdWithRevision = Invariant($"P-{number:000000}.{number % 3}"),
        Name = Invariant($"Hexagon bolt M{number % 40} x {number % 200}"),
        Type = Invariant($"Part{""}"),
        ReplenishmentSystem = Invariant($"Buy and Make{""}"),
        ItemTrackingType = Invariant($"Inventory{""}"),
        UnitOfMeasureCode = Invariant($"EA{""}"),
        Change = change,
    };

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StoreItem))]
public sealed partial class StoreJson : JsonSerializerContext;
