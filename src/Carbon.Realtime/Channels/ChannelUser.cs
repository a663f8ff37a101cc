using Carbon.Realtime.Authentication;

namespace Carbon.Realtime.Channels;

/// <summary>Whom channels speak for: subscriptions of one user share channels, those of different users never do.</summary>
internal sealed class ChannelUser(TokenSession tokens)
{
    public TokenSession Tokens => tokens;
}
