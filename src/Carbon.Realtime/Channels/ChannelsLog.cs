using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Channels;

internal static partial class ChannelsLog
{
    [LoggerMessage(LogEventRanges.Channels + 1, LogLevel.Debug, "Joining {Topic} with {Bindings} bindings")]
    public static partial void Joining(ILogger logger, string topic, int bindings);

    [LoggerMessage(LogEventRanges.Channels + 2, LogLevel.Debug, "Changes flow on {Topic} ({Cause})")]
    public static partial void Subscribed(ILogger logger, string topic, ReadyCause cause);

    [LoggerMessage(LogEventRanges.Channels + 3, LogLevel.Warning, "Channel {Group} ({Tables}) will be joined again: {Reason}")]
    public static partial void Recovering(ILogger logger, string group, string tables, string reason);

    [LoggerMessage(LogEventRanges.Channels + 4, LogLevel.Warning, "The server refused one of {Count} subscriptions of channel {Group} and does not say which; halves of it join apart now: {Reason}")]
    public static partial void Splitting(ILogger logger, string group, int count, string reason);

    [LoggerMessage(LogEventRanges.Channels + 5, LogLevel.Error, "Subscription to {Tables} on {Topic} refused: {Reason}")]
    public static partial void Refused(ILogger logger, string tables, string topic, string reason);

    [LoggerMessage(LogEventRanges.Channels + 6, LogLevel.Warning, "{Topic} is joined but the server has not said within {Timeout} that changes flow; still waiting")]
    public static partial void SlowToSubscribe(ILogger logger, string topic, TimeSpan timeout);

    [LoggerMessage(LogEventRanges.Channels + 7, LogLevel.Debug, "Token pushed on {Topic}")]
    public static partial void TokenPushed(ILogger logger, string topic);

    [LoggerMessage(LogEventRanges.Channels + 8, LogLevel.Information, "Another user is signed in: {Topic} is left and joined again")]
    public static partial void UserChanged(ILogger logger, string topic);

    [LoggerMessage(LogEventRanges.Channels + 9, LogLevel.Warning, "A message from the server could not be read ({Reason}, {Count} so far); streams that may have lost a change are told. Said again each time their number doubles")]
    public static partial void Unreadable(ILogger logger, FrameDropReason reason, long count);

    [LoggerMessage(LogEventRanges.Channels + 10, LogLevel.Warning, "An observer of the manager's status threw; its subscription is disposed")]
    public static partial void StatusObserverThrew(ILogger logger, Exception exception);

    /// <summary>Which tables are meant: the first few, and how many more.</summary>
    public static string Tables(IEnumerable<Subscription> subscriptions)
    {
        const int MostNamed = 5;
        var names = subscriptions.Select(static s => $"{s.Request.Binding.Schema}.{s.Request.Binding.Table}").Distinct().ToList();
        return string.Join(", ", names.Take(MostNamed)) + (names.Count > MostNamed ? $" and {names.Count - MostNamed} more" : "");
    }
}
