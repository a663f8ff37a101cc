using System.Text.Json.Serialization;

namespace Carbon.Realtime.CoreStores;

/// <summary>Something that is bought, made, sold or stocked: a row of Carbon's table <c>item</c>, the columns that lists need.</summary>
/// <remarks>
/// Not here: supersession (<c>supersessionMode</c>, <c>successorItemId</c>), which Carbon keeps in the table <c>itemSupersession</c>, so that neither an item's
/// change nor a read of <c>item</c> tells it; quantities, which are <c>itemStockQuantities</c>'. An item that is no longer active stays a row: filter by
/// <see cref="Active"/>.
/// </remarks>
public sealed record Item
{
    /// <summary><c>item.id</c>, text: the primary key.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary><c>item.readableId</c>: what people call it, the same for all of its revisions.</summary>
    [JsonPropertyName("readableId")]
    public required string ReadableId { get; init; }

    /// <summary><c>item.revision</c>: <c>"0"</c>, empty or <see langword="null"/> for the first one. <see cref="ItemRevisions"/> ranks them.</summary>
    [JsonPropertyName("revision")]
    public string? Revision { get; init; }

    /// <summary><c>item.readableIdWithRevision</c>, which the database makes: <see cref="ReadableId"/>, and <c>.</c> and the revision unless it is the first.</summary>
    [JsonPropertyName("readableIdWithRevision")]
    public required string ReadableIdWithRevision { get; init; }

    /// <summary><c>item.name</c>.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary><c>item.type</c>, the enum <c>itemType</c>: one of <see cref="ItemTypes"/>, or a newer one.</summary>
    [JsonPropertyName("type")]
    public required string Type { get; init; }

    /// <summary><c>item.replenishmentSystem</c>: one of <see cref="ReplenishmentSystems"/>, or a newer one.</summary>
    [JsonPropertyName("replenishmentSystem")]
    public required string ReplenishmentSystem { get; init; }

    /// <summary><c>item.itemTrackingType</c>: one of <see cref="ItemTrackingTypes"/>, or a newer one.</summary>
    [JsonPropertyName("itemTrackingType")]
    public required string ItemTrackingType { get; init; }

    /// <summary><c>item.unitOfMeasureCode</c>; <see langword="null"/> where none is set, or its unit was deleted.</summary>
    [JsonPropertyName("unitOfMeasureCode")]
    public string? UnitOfMeasureCode { get; init; }

    /// <summary><c>item.active</c>: whether it is still in use.</summary>
    [JsonPropertyName("active")]
    public required bool Active { get; init; }
}
