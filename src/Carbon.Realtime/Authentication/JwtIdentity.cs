using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Carbon.Realtime.Authentication;

/// <summary>What a token says of itself. Read for scheduling and for telling users apart, never trusted: the server judges.</summary>
/// <param name="Subject">The user, <c>sub</c>.</param>
/// <param name="Role">The PostgreSQL role, <c>role</c>.</param>
/// <param name="ExpiresAt">When it ends, <c>exp</c>; <see langword="null"/> for a token that cannot be read.</param>
internal sealed record JwtIdentity(string? Subject, string? Role, DateTimeOffset? ExpiresAt)
{
    /// <summary>A larger token is not looked into.</summary>
    private const int MaxLength = 16 * 1024;

    private static readonly JwtIdentity Opaque = new(null, null, null);

    public static JwtIdentity Read(string token)
    {
        var parts = token.Split('.');
        if (token.Length > MaxLength || parts.Length != 3)
        {
            return Opaque;
        }

        try
        {
            using var claims = JsonDocument.Parse(Base64Url.DecodeFromUtf8(Encoding.UTF8.GetBytes(parts[1].TrimEnd('='))));
            return new JwtIdentity(Text(claims.RootElement, "sub"), Text(claims.RootElement, "role"), Time(claims.RootElement, "exp"));
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return Opaque;
        }
    }

    /// <summary>Whether a token of <paramref name="other"/> acts for the same user in the same role.</summary>
    public bool IsSameUser(JwtIdentity other) => Subject == other.Subject && Role == other.Role;

    private static string? Text(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static DateTimeOffset? Time(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds)
        && seconds is > 0 and < 253_402_300_799
            ? DateTimeOffset.UnixEpoch.AddSeconds(seconds)
            : null;
}
