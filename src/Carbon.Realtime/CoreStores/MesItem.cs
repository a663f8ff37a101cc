using System.Text.Json.Serialization;

namespace Carbon.Realtime.CoreStores;

/// <summary>An item as the shop floor shows it, with a picture: a row of Carbon's table <c>item</c> and of its model's <c>modelUpload</c>.</summary>
/// <remarks>
/// Changes of <c>item</c> do not bring <see cref="ModelUpload"/>, which is another table's: who follows items reads the changed ones by key. A change of the
/// upload alone is not told.
/// </remarks>
public sealed record MesItem
{
    /// <summary><c>item.id</c>, text: the primary key.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary><c>item.readableIdWithRevision</c>, which the database makes.</summary>
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

    /// <summary><c>item.active</c>: whether it is still in use.</summary>
    [JsonPropertyName("active")]
    public required bool Active { get; init; }

    /// <summary><c>item.thumbnailPath</c>: the item's own picture. <see cref="Thumbnail"/> is the one to show.</summary>
    [JsonPropertyName("thumbnailPath")]
    public string? ThumbnailPath { get; init; }

    /// <summary>The CAD model that was uploaded for the item (<c>item.modelUploadId</c>); <see langword="null"/> where there is none.</summary>
    [JsonPropertyName("modelUpload")]
    public ModelUpload? ModelUpload { get; init; }

    /// <summary>The picture to show: the item's own, else its model's. A path in Supabase Storage; <see langword="null"/> where there is none.</summary>
    [JsonIgnore]
    public string? Thumbnail => ThumbnailPath ?? ModelUpload?.ThumbnailPath;
}
