using System.Text.Json.Serialization;

namespace Carbon.Realtime.Tests.Security;

/// <summary>A row whose amount is no number where a test wants it so.</summary>
public sealed class CanaryOrder
{
    [JsonPropertyName("id")]
    public required string Id { get; set; }

    [JsonPropertyName("companyId")]
    public required string CompanyId { get; set; }

    [JsonPropertyName("status")]
    public string? Status { get; set; }

    [JsonPropertyName("amount")]
    public decimal? Amount { get; set; }
}

[JsonSerializable(typeof(CanaryOrder))]
public sealed partial class CanaryJson : JsonSerializerContext;
