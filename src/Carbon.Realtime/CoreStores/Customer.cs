using System.Text.Json.Serialization;

namespace Carbon.Realtime.CoreStores;

/// <summary>Who buys: a row of Carbon's table <c>customer</c>, the columns that lists need.</summary>
public sealed record Customer
{
    /// <summary><c>customer.id</c>, text: the primary key.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary><c>customer.readableId</c>: what people call it; the database sets it, and rows older than the column may have none.</summary>
    [JsonPropertyName("readableId")]
    public string? ReadableId { get; init; }

    /// <summary><c>customer.name</c>, one of its kind in a company.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary><c>customer.website</c>.</summary>
    [JsonPropertyName("website")]
    public string? Website { get; init; }
}
