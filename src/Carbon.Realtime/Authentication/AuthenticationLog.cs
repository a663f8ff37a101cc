using Carbon.Realtime.Primitives;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Authentication;

internal static partial class AuthenticationLog
{
    [LoggerMessage(LogEventRanges.Authentication + 1, LogLevel.Warning, "No access token: {Message}")]
    public static partial void ProviderFailed(ILogger logger, string message);

    [LoggerMessage(LogEventRanges.Authentication + 2, LogLevel.Debug, "Access token asked for ({Reason})")]
    public static partial void Asking(ILogger logger, AccessTokenReason reason);

    [LoggerMessage(LogEventRanges.Authentication + 3, LogLevel.Warning,
        "The access-token provider returned an API key (sb_…), which is nobody's token: joins are made in the role of RealtimeOptions.ApiKey. "
        + "Return the signed-in user's access token (a JWT), or null while nobody is signed in")]
    public static partial void ApiKeyAsToken(ILogger logger);

    [LoggerMessage(LogEventRanges.Authentication + 4, LogLevel.Warning,
        "The access-token provider was asked for a fresh token and returned one that ended at {Expiry:u}, while this device's clock says {Now:u}; "
        + "it is used all the same, and the server judges. Check the clock, and that the provider refreshes when MustBeFresh is set")]
    public static partial void LooksExpired(ILogger logger, DateTimeOffset expiry, DateTimeOffset now);

    [LoggerMessage(LogEventRanges.Authentication + 5, LogLevel.Warning, "The access-token provider's cancellation threw {Exception}")]
    public static partial void CancellationThrew(ILogger logger, string exception);

    [LoggerMessage(LogEventRanges.Authentication + 6, LogLevel.Error, "Taking a token's answer in threw; the others that wait for it were told, and the next question is asked")]
    public static partial void Thrown(ILogger logger, Exception exception);

    [LoggerMessage(LogEventRanges.Authentication + 7, LogLevel.Warning,
        "RealtimeOptions.ApiKey is a secret key (service_role): whoever holds it passes row level security. It must not be in a program that leaves your hands; there, use the publishable or anon key")]
    public static partial void SecretApiKey(ILogger logger);
}
