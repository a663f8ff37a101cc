using Carbon.Realtime.Authentication;

namespace Carbon.Realtime.Channels;

/// <summary>Whom channels speak for: subscriptions of one user share channels, those of different users never do.</summary>
internal sealed class ChannelUser(TokenSession tokens)
{
    public TokenSession Tokens => tokens;

    /// <summary>Who was signed in when that was looked at last.</summary>
    public string? LastSubject { get; set; }

    /// <summary>Who is signed in now, in whose role; <see langword="null"/> for nobody. Equal for the tokens of one sign-in.</summary>
    public (string? Subject, string? Role)? SignedInAs => tokens.Current?.Identity is { } identity ? (identity.Subject, identity.Role) : null;
}
