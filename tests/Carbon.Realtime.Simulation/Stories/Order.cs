using System.Text.Json.Serialization;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>The row of the simulated tables.</summary>
internal sealed record Order
{
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    [JsonPropertyName("companyId")]
    public required string CompanyId { get; init; }

    [JsonPropertyName("status")]
    public string? Status { get; init; }

    /// <summary>Each commit writes one that no other row ever had, and a larger one than all before.</summary>
    [JsonPropertyName("version")]
    public required long Version { get; init; }

    /// <summary>When it was changed, as its writer's transaction saw the time: no version, for of two that write at once the later may have the earlier.</summary>
    [JsonPropertyName("updatedAt")]
    public long UpdatedAt { get; init; }

    /// <summary>Whether only the first user may see it.</summary>
    [JsonPropertyName("secret")]
    public bool Secret { get; init; }

    /// <summary>Stored out of line: absent from the records of updates that do not change it.</summary>
    [JsonPropertyName("note")]
    public string? Note { get; init; }

    public override string ToString() => $"{Id}={Status}.{Version}{(Secret ? "!" : "")}{(Note is { } note ? $" note {note.Length}" : "")}";
}

[JsonSerializable(typeof(Order))]
internal sealed partial class OrderJson : JsonSerializerContext;
