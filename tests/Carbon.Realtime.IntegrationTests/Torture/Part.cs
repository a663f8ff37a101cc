using System.Text.Json.Serialization;

namespace Carbon.Realtime.IntegrationTests.Torture;

/// <summary>The row of the tortured tables.</summary>
internal sealed record Part
{
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    [JsonPropertyName("companyId")]
    public required string CompanyId { get; init; }

    [JsonPropertyName("status")]
    public string? Status { get; init; }

    /// <summary>Whether only the first user may see it; a row is born with it and keeps it.</summary>
    [JsonPropertyName("secret")]
    public bool Secret { get; init; }
}

[JsonSerializable(typeof(Part))]
internal sealed partial class PartJson : JsonSerializerContext;
