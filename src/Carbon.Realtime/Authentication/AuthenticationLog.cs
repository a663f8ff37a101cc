using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Authentication;

internal static partial class AuthenticationLog
{
    [LoggerMessage(4000, LogLevel.Warning, "No access token: {Message}")]
    public static partial void ProviderFailed(ILogger logger, string message);

    [LoggerMessage(4001, LogLevel.Debug, "Access token asked for ({Reason})")]
    public static partial void Asking(ILogger logger, AccessTokenReason reason);
}
