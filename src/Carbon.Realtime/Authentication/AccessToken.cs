namespace Carbon.Realtime.Authentication;

/// <summary>A token that does not show itself: its text form is <c>***</c>, so that no log or exception can carry it by accident.</summary>
internal sealed class AccessToken
{
    private AccessToken(string value)
    {
        Value = value;
        Identity = JwtIdentity.Read(value);
    }

    /// <summary>The secret: for frames and Authorization headers only.</summary>
    public string Value { get; }

    public JwtIdentity Identity { get; }

    /// <summary>Wraps a provider's answer. Blank means nobody is signed in; so does an API key, which the server ignores here.</summary>
    public static AccessToken? From(string? value) =>
        string.IsNullOrWhiteSpace(value) || IsApiKey(value) ? null : new AccessToken(value.Trim());

    /// <summary>Whether it is one of the project's keys, <c>sb_publishable_…</c> or <c>sb_secret_…</c>, and nobody's token.</summary>
    public static bool IsApiKey(string? value) => value.AsSpan().TrimStart().StartsWith("sb_", StringComparison.Ordinal);

    /// <summary>Whether a key of the project passes row level security: <c>sb_secret_…</c>, or a JWT of the role <c>service_role</c>.</summary>
    public static bool IsSecretKey(string apiKey) =>
        apiKey.AsSpan().Trim().StartsWith("sb_secret_", StringComparison.Ordinal) || JwtIdentity.Read(apiKey).Role == "service_role";

    public override string ToString() => "***";
}
