using Carbon.Realtime.Primitives;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Connection;

internal static partial class ConnectionLog
{
    [LoggerMessage(LogEventRanges.Connection + 1, LogLevel.Debug, "Connecting to {Address}, attempt {Attempt}")]
    public static partial void Dialing(ILogger logger, string address, int attempt);

    [LoggerMessage(LogEventRanges.Connection + 2, LogLevel.Information, "Connected to {Address}")]
    public static partial void Opened(ILogger logger, string address);

    [LoggerMessage(LogEventRanges.Connection + 3, LogLevel.Information, "Connection to {Address} ended: {Reason}")]
    public static partial void Ended(ILogger logger, string address, string reason);

    [LoggerMessage(LogEventRanges.Connection + 4, LogLevel.Information, "Connecting again in {Wait}; attempts failed in a row: {Attempt}, the last for {Reason}")]
    public static partial void Retrying(ILogger logger, TimeSpan wait, int attempt, RealtimeErrorReason reason);

    [LoggerMessage(LogEventRanges.Connection + 5, LogLevel.Information, "The process or the machine stood still for about {Stillness}, unless somebody set the clock forward")]
    public static partial void Paused(ILogger logger, TimeSpan stillness);

    [LoggerMessage(LogEventRanges.Connection + 6, LogLevel.Information, "The wall clock moved by {Step} more than time went by; times are computed again")]
    public static partial void ClockChanged(ILogger logger, TimeSpan step);
}
