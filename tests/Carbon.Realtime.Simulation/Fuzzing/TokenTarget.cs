using System.Text;
using System.Text.Json;
using Carbon.Realtime.Authentication;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>What a provider of tokens answers. Declared: nothing throws. The token does not show itself, is surely its own user's, and says what its claims say where System.Text.Json reads them.</summary>
internal sealed class TokenTarget : FuzzTarget
{
    private const string Header = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

    public override string Name => "token";

    public override (long Fixed, long PerByte) Budget => (24 * 1024, 64);

    public override IReadOnlyList<byte[]> Recorded { get; } = [.. ((string[])
    [
        $"{Header}.eyJyb2xlIjoiYW5vbiIsImlzcyI6InN1cGFiYXNlIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjIyMDg5ODg4MDB9.HTg6IN5XmIMi8wsk-PxvFjtBBFVPQ4A4YvYyl_9EMlQ",
        $"{Header}.{Packed("""{"sub":"7c1f2a30-0000-4000-8000-000000000001","role":"authenticated","exp":1767229200,"iat":1767225600,"aud":"authenticated","session_id":"x","app_metadata":{"provider":"email"}}""")}.c2lnbmF0dXJl",
        "sb_publishable_x", "sb_secret_x", "", "...",
    ]).Select(Encoding.UTF8.GetBytes)];

    public override byte[] Write(Chance chance) => Pack(Encoding.UTF8.GetBytes(Claims(chance)), chance);

    /// <summary>Mostly the claims, which their packing hides from damage.</summary>
    public override byte[] Damage(byte[] input, byte[] other, Chance chance)
    {
        var parts = Encoding.UTF8.GetString(input).Split('.');
        return chance.OneIn(4) || parts.Length != 3 || Unpack(parts[1]) is not { } claims
            ? Mutations.Mutate(input, other, Words, chance)
            : Pack(Mutations.Mutate(claims, Encoding.UTF8.GetBytes(Claims(chance)), Words, chance), chance);
    }

    protected override Verdict Judge(byte[] input)
    {
        var text = Encoding.UTF8.GetString(input);
        Begin();
        var token = AccessToken.From(text);
        var again = AccessToken.From(text);
        End();
        if (token is null)
        {
            Require(string.IsNullOrWhiteSpace(text) || AccessToken.IsApiKey(text), "no token");
            return Verdict.Refused("nobody's");
        }

        Require(token.ToString() == "***" && (token.Value.Length < 20 || !token.Identity.ToString().Contains(token.Value, StringComparison.Ordinal)), "the token shows itself");
        Require(token.Identity.IsSurelySameUser(again!.Identity), "the token is not its own user's");
        Require((token.Identity.Subject is null) == (token.Identity.Mark is not null), "nothing tells whose it is");
        Require(token.Identity.ExpiresAt is not { } end || (end >= DateTimeOffset.UnixEpoch && end < DateTimeOffset.MaxValue), "an end that is none");
        return Compare(token);
    }

    private static Verdict Compare(AccessToken token)
    {
        var parts = token.Value.Split('.');
        var mayBeRead = parts.Length == 3 && token.Value.Length <= 16 * 1024;
        Require(mayBeRead || token.Identity is { Subject: null, Role: null, ExpiresAt: null }, "claims out of nothing");
        if (!mayBeRead || Unpack(parts[1]) is not { } json || !System.Text.Unicode.Utf8.IsValid(json))
        {
            return Verdict.Refused("no JWT");
        }

        try
        {
            using var claims = JsonDocument.Parse(json);
            if (claims.RootElement.ValueKind != JsonValueKind.Object)
            {
                return Verdict.Refused("no claims");
            }

            // Throws where a name is not Unicode: then it depends on what else is there whether it is looked at.
            _ = claims.RootElement.EnumerateObject().Select(static c => c.Name).ToList();
            var (subject, role) = (Text(claims, "sub"), Text(claims, "role"));
            Require(token.Identity.Subject == subject && token.Identity.Role == role, "another user");
            var seconds = claims.RootElement.TryGetProperty("exp", out var exp) && exp.ValueKind == JsonValueKind.Number && exp.TryGetDouble(out var number) ? number : 0;
            Require(seconds is > 1 and < 253_402_300_000
                ? token.Identity.ExpiresAt is { } end && Math.Abs((end - DateTimeOffset.UnixEpoch).TotalSeconds - seconds) < 0.01
                : seconds is > 0 and < 253_402_300_799 || token.Identity.ExpiresAt is null, "another end");
            return Verdict.Accepted(token.Identity.Subject is null ? "no user" : token.Identity.ExpiresAt is null ? "user without an end" : "user");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return Verdict.Refused("no claims");
        }
    }

    private static string? Text(JsonDocument claims, string name) => claims.RootElement.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;

    private static string Claims(Chance chance) => HostileJson.Object(chance,
        ("sub", chance.OneIn(4) ? HostileJson.Value(chance, 2) : "\"user_1\""), ("role", chance.OneIn(6) ? HostileJson.Value(chance, 1) : "\"authenticated\""),
        ("exp", chance.OneIn(3) ? HostileJson.Value(chance, 1) : "1767229200"), ("iat", "1767225600"), ("app_metadata", HostileJson.Value(chance, 3)));

    private static string Packed(string json) => Convert.ToBase64String(Encoding.UTF8.GetBytes(json)).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private static byte[] Pack(byte[] claims, Chance chance)
    {
        var packed = Convert.ToBase64String(claims).Replace('+', '-').Replace('/', '_');
        return Encoding.UTF8.GetBytes($"{(chance.OneIn(12) ? " " : "")}{Header}.{(chance.OneIn(6) ? packed : packed.TrimEnd('='))}.c2lnbmF0dXJl");
    }

    /// <summary>The claims' bytes, strictly.</summary>
    private static byte[]? Unpack(string part)
    {
        var text = part.TrimEnd('=');
        var bytes = new byte[text.Length];
        return text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') && text.Length % 4 != 1
            && Convert.TryFromBase64String(text.Replace('-', '+').Replace('_', '/') + new string('=', (4 - (text.Length % 4)) % 4), bytes, out var length)
            && Convert.ToBase64String(bytes, 0, length).TrimEnd('=').Replace('+', '-').Replace('/', '_') == text // no bit more than the bytes have
            ? bytes[..length]
            : null;
    }
}
