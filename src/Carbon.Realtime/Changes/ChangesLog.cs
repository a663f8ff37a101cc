using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Changes;

internal static partial class ChangesLog
{
    [LoggerMessage(LogEventRanges.Changes + 1, LogLevel.Error, "An observer of {Table} threw; its subscription is disposed")]
    public static partial void ObserverThrew(ILogger logger, string table, Exception exception);

    [LoggerMessage(LogEventRanges.Changes + 2, LogLevel.Warning, "A row of {Table} could not be decoded at {Path} into {Row} ({Exception}); streams get a gap for it, or, if it is an old row, the change without it")]
    public static partial void Undecodable(ILogger logger, string table, string path, string row, string exception);

    [LoggerMessage(LogEventRanges.Changes + 3, LogLevel.Warning,
        "A change of {Table} lacks column {Column}, which {Row} or its key needs; streams get a gap. The column may not exist; unchanged large values and columns the role may not read are not sent")]
    public static partial void ColumnAbsent(ILogger logger, string table, string column, string row);

    [LoggerMessage(LogEventRanges.Changes + 4, LogLevel.Warning,
        "A tenant is set but {Table} is not tenant-scoped: every tenant's rows that the server lets through are delivered. Say TenantScoped(column), or AllTenants() if that is meant")]
    public static partial void NotTenantScoped(ILogger logger, string table);

    [LoggerMessage(LogEventRanges.Changes + 5, LogLevel.Information, "Streams of {Table} ended: {Reason}")]
    public static partial void Ended(ILogger logger, string table, string reason);

    [LoggerMessage(LogEventRanges.Changes + 6, LogLevel.Error, "Streams of {Table} ended because of their filter: {Reason}")]
    public static partial void UnsafeFilter(ILogger logger, string table, string reason);

    [LoggerMessage(LogEventRanges.Changes + 7, LogLevel.Warning,
        "Column {Column} of {Table} is char(n) or bit(n): the server sends its first character only, so streams of {Row} get a gap instead of its rows. "
        + "Make it varchar or text (varbit for bits), or leave it out of {Row}")]
    public static partial void ColumnCut(ILogger logger, string table, string column, string row);

    [LoggerMessage(LogEventRanges.Changes + 8, LogLevel.Warning,
        "The server took all conditions on {Table} for one value, as servers before 2.100.0 do; only the first is sent now, the client judges the others. "
        + "Set RealtimeOptions.SingleFilterCondition: on text columns such a server does not refuse the filter, it just never matches")]
    public static partial void Widened(ILogger logger, string table);

    [LoggerMessage(LogEventRanges.Changes + 9, LogLevel.Warning, "An observer of the status of {Table} threw; its subscription is disposed")]
    public static partial void StatusObserverThrew(ILogger logger, string table, Exception exception);

    [LoggerMessage(LogEventRanges.Changes + 10, LogLevel.Debug, "Gap in {Table}: {Reason}")]
    public static partial void GapTold(ILogger logger, string table, GapReason reason);

    [LoggerMessage(LogEventRanges.Changes + 11, LogLevel.Trace, "A change of {Table} is not this stream's and was dropped ({Reason})")]
    public static partial void Dropped(ILogger logger, string table, FrameDropReason reason);

    [LoggerMessage(LogEventRanges.Changes + 12, LogLevel.Error, "A change token's callback for {Tables} threw")]
    public static partial void CallbackThrew(ILogger logger, string tables, Exception exception);
}
