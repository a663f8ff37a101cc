using Carbon.Realtime.Transport;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Connection;

internal static partial class ConnectionLog
{
    [LoggerMessage(1000, LogLevel.Debug, "Connecting to {Address}, attempt {Attempt}")]
    public static partial void Dialing(ILogger logger, RealtimeSocketAddress address, int attempt);

    [LoggerMessage(1001, LogLevel.Information, "Connected to {Address}")]
    public static partial void Opened(ILogger logger, RealtimeSocketAddress address);

    [LoggerMessage(1002, LogLevel.Information, "Connection to {Address} ended: {Reason}")]
    public static partial void Ended(ILogger logger, RealtimeSocketAddress address, string reason);

    [LoggerMessage(1003, LogLevel.Debug, "Connecting again in {Wait}")]
    public static partial void Retrying(ILogger logger, TimeSpan wait);
}
