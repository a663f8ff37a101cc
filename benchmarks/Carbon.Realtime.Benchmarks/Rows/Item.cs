using System.Text.Json.Serialization;

namespace Carbon.Realtime.Benchmarks.Rows;

/// <summary>
/// Carbon's item: the row of the race. Setters, not <c>init</c>: for <c>init</c> properties the source generator goes through a
/// constructor with an argument array, and the race would measure that instead of the way of an event.
/// </summary>
public sealed class Item
{
    public string Id { get; set; } = "";
    public string ReadableId { get; set; } = "";
    public string? Revision { get; set; }
    public string ReadableIdWithRevision { get; set; } = "";
    public string Name { get; set; } = "";
    public string Type { get; set; } = "";
    public string ReplenishmentSystem { get; set; } = "";
    public string ItemTrackingType { get; set; } = "";
    public string? UnitOfMeasureCode { get; set; }
    public bool Active { get; set; }
    public string CompanyId { get; set; } = "";
    public DateTimeOffset? UpdatedAt { get; set; }
}

/// <summary>The source-generated metadata that every contender decodes with.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Item))]
public sealed partial class BenchJson : JsonSerializerContext;
