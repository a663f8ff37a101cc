using System.Text.Json.Serialization;

namespace Carbon.Realtime.CoreStores;

/// <summary>What is read of an uploaded CAD model, Carbon's table <c>modelUpload</c>.</summary>
public sealed record ModelUpload
{
    /// <summary><c>modelUpload.thumbnailPath</c>; <see langword="null"/> until the model has been converted.</summary>
    [JsonPropertyName("thumbnailPath")]
    public string? ThumbnailPath { get; init; }
}
