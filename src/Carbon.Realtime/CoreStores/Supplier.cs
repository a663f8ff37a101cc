using System.Text.Json.Serialization;

namespace Carbon.Realtime.CoreStores;

/// <summary>Who sells to the company: a row of Carbon's table <c>supplier</c>, the columns that lists need.</summary>
public sealed record Supplier
{
    /// <summary><c>supplier.id</c>, text: the primary key.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary><c>supplier.readableId</c>: what people call it; the database sets it, and rows older than the column may have none.</summary>
    [JsonPropertyName("readableId")]
    public string? ReadableId { get; init; }

    /// <summary><c>supplier.name</c>, one of its kind in a company.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary><c>supplier.website</c>.</summary>
    [JsonPropertyName("website")]
    public string? Website { get; init; }

    /// <summary><c>supplier.supplierStatus</c>, the enum <c>supplierStatusType</c>: one of <see cref="SupplierStatuses"/>, or a newer one.</summary>
    [JsonPropertyName("supplierStatus")]
    public string? SupplierStatus { get; init; }
}
