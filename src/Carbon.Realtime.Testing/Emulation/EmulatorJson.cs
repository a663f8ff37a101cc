using System.Text.Json;
using System.Text.Json.Nodes;
using Carbon.Realtime.Testing.Emulation;

namespace Carbon.Realtime.Testing;

/// <summary>A JSON object, given as text or as a <see cref="JsonObject"/>. Text keeps every number digit by digit.</summary>
public readonly struct EmulatorJson
{
    private readonly JsonElement _object;

    private EmulatorJson(JsonElement json) => _object = json;

    internal JsonElement Element =>
        _object.ValueKind == JsonValueKind.Object ? _object : throw new InvalidOperationException("No JSON object was given.");

    /// <summary>From the text of a JSON object.</summary>
    /// <exception cref="ArgumentException">The text is not a JSON object.</exception>
    public static EmulatorJson FromText(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new EmulatorJson(document.RootElement.Clone())
                : throw new ArgumentException($"Expected a JSON object and got a {document.RootElement.ValueKind}.", nameof(json));
        }
        catch (JsonException e)
        {
            throw new ArgumentException($"Expected the text of a JSON object: {PlainWords.Of(e)}", nameof(json), e);
        }
    }

    /// <summary>From an object, which may change afterwards.</summary>
    public static EmulatorJson FromObject(JsonObject json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return FromText(json.ToJsonString());
    }

    /// <summary>From the text of a JSON object.</summary>
    public static implicit operator EmulatorJson(string json) => FromText(json);

    /// <summary>From an object.</summary>
    public static implicit operator EmulatorJson(JsonObject json) => FromObject(json);
}
