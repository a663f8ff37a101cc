using System.Text.Json;

namespace Carbon.Realtime.Protocol;

/// <summary>Reads the small payloads of control messages, where clarity is worth more than speed.</summary>
internal static class JsonPayload
{
    public static T? TryRead<T>(ReadOnlySpan<byte> payload, Func<JsonElement, T> read)
        where T : class
    {
        try
        {
            var reader = new Utf8JsonReader(payload);
            using var document = JsonDocument.ParseValue(ref reader);
            return read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }
}
