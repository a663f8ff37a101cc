using System.Text.Json.Serialization;

namespace Carbon.Realtime.Interleavings;

internal sealed record Row
{
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    [JsonPropertyName("companyId")]
    public required string CompanyId { get; init; }

    [JsonPropertyName("name")]
    public string? Name { get; init; }
}

[JsonSerializable(typeof(Row))]
internal sealed partial class RowJson : JsonSerializerContext;
