using System.Text.Json;

namespace Carbon.Realtime.Protocol;

/// <summary>The payload of a <c>system</c> message (docs/protocol.md, "System messages").</summary>
/// <param name="Extension"><c>postgres_changes</c> or <c>system</c>.</param>
/// <param name="IsOk">Whether the status is <c>ok</c>.</param>
/// <param name="Message">The server's words; sometimes an inspected Elixir term.</param>
internal sealed record SystemPayload(string Extension, bool IsOk, string Message)
{
    public const string PostgresChanges = "postgres_changes";

    /// <summary>Reads a payload; a shape that cannot be read gives <see langword="null"/>.</summary>
    public static SystemPayload? TryParse(ReadOnlySpan<byte> payload) => JsonPayload.TryRead(payload, static root => new SystemPayload(
        root.TryGetProperty("extension"u8, out var extension) ? extension.GetString() ?? "" : "",
        root.GetProperty("status"u8).ValueEquals("ok"u8),
        !root.TryGetProperty("message"u8, out var message) ? ""
            : message.ValueKind == JsonValueKind.String ? message.GetString()! : message.GetRawText()));
}
