using System.Text.Json;
using System.Text.Json.Nodes;

namespace Carbon.Realtime.Testing;

/// <summary>The claims of a validated token, as a policy sees them.</summary>
public sealed class EmulatorClaims
{
    private readonly JsonElement _payload;

    internal EmulatorClaims(JsonElement payload, string role, DateTimeOffset expiresAt)
    {
        _payload = payload;
        Role = role;
        ExpiresAt = expiresAt;
    }

    /// <summary>The database role: <c>anon</c>, <c>authenticated</c> or <c>service_role</c>.</summary>
    public string Role { get; }

    /// <summary>The user's id (<c>auth.uid()</c>), where the token has one.</summary>
    public string? Subject => Text("sub");

    /// <summary>When the token expires.</summary>
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>A claim as text: a string's content or another value's JSON; <see langword="null"/> if it is absent or null.</summary>
    public string? Text(string claim) => _payload.TryGetProperty(claim, out var value) ? Text(value) : null;

    /// <summary>A claim that is an array, as texts; a single value gives one text, an absent claim none.</summary>
    public IReadOnlyList<string> Texts(string claim)
    {
        if (!_payload.TryGetProperty(claim, out var value))
        {
            return [];
        }

        return value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(Text).OfType<string>()]
            : Text(value) is { } text ? [text] : [];
    }

    /// <summary>All claims.</summary>
    public JsonObject ToJsonObject() => JsonObject.Create(_payload)!;

    /// <summary>All claims, as the token has them.</summary>
    internal string Json => _payload.GetRawText();

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => value.GetString(),
        _ => value.GetRawText(),
    };
}
