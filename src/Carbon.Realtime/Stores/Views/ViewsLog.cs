using Carbon.Realtime.Primitives;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Stores.Views;

/// <summary>What views say. No key, no row.</summary>
internal static partial class ViewsLog
{
    [LoggerMessage(LogEventRanges.Stores + 101, LogLevel.Error, "The filter or the order of a view of {Table} threw {Exception}; that view ends, the store goes on.")]
    public static partial void ViewThrew(ILogger logger, string table, string exception);

    [LoggerMessage(LogEventRanges.Stores + 102, LogLevel.Warning, "The synchronization context of a list of {Table} takes no more work ({Exception}); the list is not updated any more.")]
    public static partial void ContextGone(ILogger logger, string table, string exception);
}
