using Carbon.Realtime.Primitives;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Authentication;

internal static partial class AuthenticationLog
{
    [LoggerMessage(LogEventRanges.Authentication + 1, LogLevel.Warning, "No access token: {Message}")]
    public static partial void ProviderFailed(ILogger logger, string message);

    [LoggerMessage(LogEventRanges.Authentication + 2, LogLevel.Debug, "Access token asked for ({Reason})")]
    public static partial void Asking(ILogger logger, AccessTokenReason reason);
}
