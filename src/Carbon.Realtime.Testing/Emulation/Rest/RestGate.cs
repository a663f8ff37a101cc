using System.Net;
using System.Text.Json;

namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>Who is asking: the gateway's check of the API key, then PostgREST's of the token.</summary>
internal sealed class RestGate(EmulatorTokens tokens, TimeProvider time)
{
    private const string KeyHint = "No `apikey` request header or url param was found.";

    // nginx' large_client_header_buffers in the gateway.
    private const int MaxRequestLine = 8192;

    // PostgREST forgives clocks that differ by half a minute.
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    private static readonly JsonElement Anonymous = JsonDocument.Parse("""{"role":"anon"}""").RootElement;

    /// <summary>The gateway. What it says has no code.</summary>
    public void CheckKey(RestRequest request)
    {
        if (request.LineLength > MaxRequestLine)
        {
            throw new RestException(HttpStatusCode.RequestUriTooLong, null, "URI too long");
        }

        var key = request.Header("apikey") ?? KeyOf(request.Query)
            ?? throw RestException.Gateway(HttpStatusCode.Unauthorized, "No API key found in request", KeyHint);
        if (tokens.Check(key).Claims is not { Role: "anon" or RestSource.ServiceRole, Subject: null })
        {
            // A user's token is none of the gateway's keys, whoever signed it.
            throw RestException.Gateway(HttpStatusCode.Unauthorized, "Invalid API key", "Double check your Supabase `anon` or `service_role` API key.");
        }
    }

    /// <summary>PostgREST. Without a token, and with another scheme than Bearer, the reader is <c>anon</c>: the key's role counts only as a token.</summary>
    public EmulatorClaims Authenticate(RestRequest request, Func<string, bool> hasRole)
    {
        if (request.Header("Authorization") is not { } header || !header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            return new EmulatorClaims(Anonymous, "anon", DateTimeOffset.MaxValue);
        }

        var token = header["Bearer ".Length..].Trim();
        if (tokens.Verify(token, out var payload) is { } wrong)
        {
            throw RestException.Token("PGRST301", wrong.Text);
        }

        var now = time.GetUtcNow();
        var expiresAt = Time(payload, "exp") ?? DateTimeOffset.MaxValue;
        if ((expiresAt != DateTimeOffset.MaxValue && now - Skew >= expiresAt) || tokens.IsEnded(token))
        {
            throw RestException.Token("PGRST303", "JWT expired");
        }

        if (Time(payload, "nbf") is { } notBefore && now + Skew < notBefore)
        {
            throw RestException.Token("PGRST303", "JWT not yet valid");
        }

        var role = payload.TryGetProperty("role", out var claim) && claim.ValueKind == JsonValueKind.String ? claim.GetString()! : "anon";
        return hasRole(role)
            ? new EmulatorClaims(payload, role, expiresAt)
            : throw RestException.Token("22023", $"role \"{role}\" does not exist");
    }

    private static DateTimeOffset? Time(JsonElement payload, string name) =>
        !payload.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) ? EmulatorTokens.At(seconds)
        : throw RestException.Token("PGRST303", $"The JWT '{name}' claim must be a number");

    private static string? KeyOf(string query) => query.TrimStart('?').Split('&')
        .FirstOrDefault(static p => p.StartsWith("apikey=", StringComparison.Ordinal))?["apikey=".Length..];
}
