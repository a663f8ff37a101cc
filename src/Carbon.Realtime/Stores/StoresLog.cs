using Carbon.Realtime.Convergence;
using Carbon.Realtime.Primitives;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Stores;

/// <summary>What this room says. No key, no row.</summary>
internal static partial class StoresLog
{
    [LoggerMessage(LogEventRanges.Stores + 1, LogLevel.Debug, "The store of {Table} reads everything: {Cause}.")]
    public static partial void ScanBegun(ILogger logger, string table, ScanCause cause);

    [LoggerMessage(LogEventRanges.Stores + 2, LogLevel.Debug, "The store of {Table} read {Rows} rows in {Duration}.")]
    public static partial void Scanned(ILogger logger, string table, long rows, TimeSpan duration);

    [LoggerMessage(LogEventRanges.Stores + 3, LogLevel.Warning, "The store of {Table} could not read its rows: {Error}")]
    public static partial void ScanFailed(ILogger logger, string table, string error);

    [LoggerMessage(LogEventRanges.Stores + 4, LogLevel.Warning, "The store of {Table} could not read single rows and tries again: {Error}")]
    public static partial void AskingFailed(ILogger logger, string table, string error);

    [LoggerMessage(LogEventRanges.Stores + 5, LogLevel.Debug, "{Keys} keys of {Table} change too often to be read one by one; the next full read settles them.")]
    public static partial void LeftToReconcile(ILogger logger, string table, int keys);

    [LoggerMessage(LogEventRanges.Stores + 6, LogLevel.Warning, "The server lost changes of {Table} without a word; a read has put {Rows} rows right.")]
    public static partial void Repaired(ILogger logger, string table, int rows);

    [LoggerMessage(LogEventRanges.Stores + 7, LogLevel.Warning, "The subscription of {Table} loses changes although it seems well: {Cure}.")]
    public static partial void Renewing(ILogger logger, string table, StreamCure cure);

    [LoggerMessage(LogEventRanges.Stores + 8, LogLevel.Warning, "Changes of {Table} came faster than they were applied; some were dropped, and everything is read again.")]
    public static partial void Overflowed(ILogger logger, string table);

    [LoggerMessage(LogEventRanges.Stores + 9, LogLevel.Warning, "The user may not read {Table} any more: its rows are gone from the store and the cache.")]
    public static partial void Purged(ILogger logger, string table);

    [LoggerMessage(LogEventRanges.Stores + 10, LogLevel.Debug, "The cache of {Table} was loaded: {Result}, {Rows} rows.")]
    public static partial void CacheLoaded(ILogger logger, string table, string result, int rows);

    [LoggerMessage(LogEventRanges.Stores + 11, LogLevel.Warning, "The cache of {Table} could not be written: {Fault}. The store goes on without.")]
    public static partial void CacheNotSaved(ILogger logger, string table, string fault);

    [LoggerMessage(LogEventRanges.Stores + 12, LogLevel.Error, "A row of {Table} threw {Exception} when it was compared with another one; Equals must not throw.")]
    public static partial void Thrown(ILogger logger, string table, string exception);

    [LoggerMessage(LogEventRanges.Stores + 13, LogLevel.Error, "An observer of the store of {Table} threw and lost its subscription.")]
    public static partial void ObserverThrew(ILogger logger, string table, Exception exception);

    [LoggerMessage(LogEventRanges.Stores + 14, LogLevel.Warning, "The store of {Table} has no access token to read with and asks again: {Error}")]
    public static partial void NoIdentity(ILogger logger, string table, string error);

    [LoggerMessage(LogEventRanges.Stores + 15, LogLevel.Warning, "The cache of {Table} is not written any more until the store begins anew: {Fault}.")]
    public static partial void CacheGivenUp(ILogger logger, string table, string fault);

    [LoggerMessage(LogEventRanges.Stores + 16, LogLevel.Warning, "The cache still holds rows of {Table} that nobody may see any more: {Fault}. They are deleted as soon as it lets them be.")]
    public static partial void CacheNotEmptied(ILogger logger, string table, string fault);

    [LoggerMessage(LogEventRanges.Stores + 17, LogLevel.Warning, "The cache of {Table} could not be loaded: {Fault}. The rows are read from the server.")]
    public static partial void CacheNotLoaded(ILogger logger, string table, string fault);

    [LoggerMessage(LogEventRanges.Stores + 18, LogLevel.Debug, "The cache of {Table} kept nothing that the change could be put on; all rows are saved again.")]
    public static partial void CacheHadNothing(ILogger logger, string table);
}
