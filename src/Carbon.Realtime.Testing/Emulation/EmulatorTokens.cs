using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Carbon.Realtime.Testing.Emulation;

namespace Carbon.Realtime.Testing;

/// <summary>Signs and checks JSON Web Tokens with the emulator's secret (HS256).</summary>
public sealed class EmulatorTokens
{
    /// <summary>What is said of a token at the second of its end.</summary>
    internal const string EndedText = "Token has expired 0 seconds ago";

    private const string Header = """{"alg":"HS256","typ":"JWT"}""";

    private readonly byte[] _secret;
    private readonly TimeProvider _time;
    private readonly HashSet<string> _ended = new(StringComparer.Ordinal);

    internal EmulatorTokens(string secret, TimeProvider time)
    {
        _secret = Encoding.UTF8.GetBytes(secret);
        _time = time;
    }

    /// <summary>Signs any payload: for tokens that are wrong on purpose.</summary>
    /// <param name="payload">The claims.</param>
    /// <param name="secret">Another secret than the emulator's, for a wrong signature.</param>
    public string Sign(JsonObject payload, string? secret = null)
    {
        ArgumentNullException.ThrowIfNull(payload);
        var signed = $"{Encode(Header)}.{Encode(payload.ToJsonString())}";
        return $"{signed}.{Signature(signed, secret is null ? _secret : Encoding.UTF8.GetBytes(secret))}";
    }

    /// <summary>Signs a user's token.</summary>
    /// <param name="subject">The user's id, or none.</param>
    /// <param name="role">The database role.</param>
    /// <param name="expiresIn">From now; negative for a token that has expired. Default one hour.</param>
    /// <param name="claims">More claims, which win over the others.</param>
    public string Issue(string? subject, string role = "authenticated", TimeSpan? expiresIn = null, JsonObject? claims = null)
    {
        var now = _time.GetUtcNow();
        return Issue(subject, role, now, now + (expiresIn ?? TimeSpan.FromHours(1)), claims);
    }

    /// <summary>Signs a token of another time than now.</summary>
    internal string Issue(string? subject, string role, DateTimeOffset issuedAt, DateTimeOffset expiresAt, JsonObject? claims)
    {
        var payload = new JsonObject
        {
            ["role"] = role,
            ["iat"] = issuedAt.ToUnixTimeSeconds(),
            ["exp"] = expiresAt.ToUnixTimeSeconds(),
        };
        if (subject is not null)
        {
            payload["sub"] = subject;
            payload["aud"] = "authenticated";
        }

        foreach (var (name, value) in claims ?? [])
        {
            payload[name] = value?.DeepClone();
        }

        return Sign(payload);
    }

    /// <summary>From now on a token counts as expired, whatever it says. Call under the emulator's lock.</summary>
    internal void End(string token) => _ended.Add(token);

    /// <summary>Whether a token was ended before its time. Call under the emulator's lock.</summary>
    internal bool IsEnded(string token) => _ended.Contains(token);

    /// <summary>Tokens count as what they say again. Call under the emulator's lock.</summary>
    internal void ForgetEnded() => _ended.Clear();

    /// <summary>Checks a token as the server does: form, signature, required claims, expiry
    /// (docs/protocol.md, "Refused upgrades" and "Join errors").</summary>
    internal TokenVerdict Check(string token)
    {
        if (Verify(token, out var payload) is { } wrong)
        {
            return wrong;
        }

        if (!payload.TryGetProperty("role", out var role) || role.ValueKind != JsonValueKind.String || !payload.TryGetProperty("exp", out var exp))
        {
            return TokenVerdict.FieldsMissing;
        }

        if (exp.ValueKind != JsonValueKind.Number || !exp.TryGetDouble(out var seconds))
        {
            return TokenVerdict.ExpiryInvalid;
        }

        if (_ended.Contains(token))
        {
            return TokenVerdict.Expired(EndedText);
        }

        var expiresAt = At(seconds);
        var now = _time.GetUtcNow();
        return now >= expiresAt
            ? TokenVerdict.Expired(ExpiredText(now, expiresAt))
            : TokenVerdict.Valid(new EmulatorClaims(payload, role.GetString()!, expiresAt));
    }

    /// <summary>Checks form and signature.</summary>
    /// <returns>What is wrong; <see langword="null"/> if nothing is.</returns>
    internal TokenVerdict? Verify(string token, out JsonElement payload)
    {
        payload = default;
        var parts = token.Split('.');
        if (parts.Length != 3)
        {
            return TokenVerdict.Malformed;
        }

        if (!TryDecode(parts[0], out var header) || !TryDecode(parts[1], out payload))
        {
            return TokenVerdict.Undecodable;
        }

        if (!header.TryGetProperty("alg", out var algorithm) || algorithm.ValueKind != JsonValueKind.String || algorithm.GetString() != "HS256")
        {
            return TokenVerdict.NoSigner;
        }

        var expected = Encoding.ASCII.GetBytes(Signature($"{parts[0]}.{parts[1]}", _secret));
        return CryptographicOperations.FixedTimeEquals(expected, Encoding.UTF8.GetBytes(parts[2])) ? null : TokenVerdict.WrongSignature;
    }

    internal static DateTimeOffset At(double seconds) =>
        DateTimeOffset.FromUnixTimeSeconds((long)Math.Clamp(Math.Floor(seconds), -60_000_000_000, 250_000_000_000));

    internal static string ExpiredText(DateTimeOffset now, DateTimeOffset expiresAt) =>
        string.Create(CultureInfo.InvariantCulture, $"Token has expired {Math.Max(0, (long)(now - expiresAt).TotalSeconds)} seconds ago");

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private static string Signature(string signed, byte[] secret) => Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(signed)));

    private static bool TryDecode(string part, out JsonElement json)
    {
        json = default;
        try
        {
            return JsonText.TryParse(Base64Url.DecodeFromChars(part), out json) && json.ValueKind == JsonValueKind.Object;
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
