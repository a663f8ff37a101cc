using System.Buffers.Text;
using System.Security.Cryptography;
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

    /// <summary>What a fresh token of the same user says differently.</summary>
    private static readonly string[] OfOneToken = ["exp", "iat", "nbf", "jti"];

    /// <summary>
    /// Of a token that names no user: a hash of what it says beside its times, or of all of it where it cannot be read. Tells apart whom nothing else
    /// does; <see langword="null"/> where there is a subject. Never the token.
    /// </summary>
    public string? Mark { get; init; }

    public static JwtIdentity Read(string token)
    {
        var parts = token.Split('.');
        if (token.Length > MaxLength || parts.Length != 3)
        {
            return Unreadable(token);
        }

        try
        {
            using var claims = JsonDocument.Parse(Base64Url.DecodeFromUtf8(Encoding.UTF8.GetBytes(parts[1].TrimEnd('='))));
            var subject = Text(claims.RootElement, "sub");
            return new JwtIdentity(subject, Text(claims.RootElement, "role"), Time(claims.RootElement, "exp"))
            {
                Mark = subject is null ? MarkOf(claims.RootElement) : null,
            };
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return Unreadable(token);
        }
    }

    /// <summary>Whether a token of <paramref name="other"/> acts for the same user in the same role, as far as the two can be told apart.</summary>
    /// <remarks>Enough for channels, where the server judges each token that it is given.</remarks>
    public bool IsSameUser(JwtIdentity other) => Subject == other.Subject && Role == other.Role;

    /// <summary>Whether it certainly does: asked where rows of the one would be shown to the other.</summary>
    public bool IsSurelySameUser(JwtIdentity other) => IsSameUser(other) && Mark == other.Mark;

    private static JwtIdentity Unreadable(string token) => new(null, null, null) { Mark = Hash(token) };

    private static string MarkOf(JsonElement claims) => Hash(string.Join('\n', claims.EnumerateObject()
        .Where(static c => !OfOneToken.Contains(c.Name)).Select(static c => $"{c.Name}:{c.Value.GetRawText()}").Order(StringComparer.Ordinal)));

    private static string Hash(string text) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static string? Text(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static DateTimeOffset? Time(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds)
        && seconds is > 0 and < 253_402_300_799
            ? DateTimeOffset.UnixEpoch.AddSeconds(seconds)
            : null;
}
