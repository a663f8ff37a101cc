using System.Text.Json.Serialization;

namespace Carbon.Realtime.Interleavings;

internal sealed record Row
{
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    [JsonPropertyName("companyId")]
    public required string CompanyId { get; init; }

    /// <summary>The one user that may see it; <see langword="null"/> for everybody who is signed in.</summary>
    [JsonPropertyName("owner")]
    public string? Owner { get; init; }

    [JsonPropertyName("name")]
    public string? Name { get; init; }
}

[JsonSerializable(typeof(Row))]
internal sealed partial class RowJson : JsonSerializerContext;
