using Carbon.Realtime.Primitives;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Snapshots;

internal static partial class SnapshotsLog
{
    [LoggerMessage(LogEventRanges.Snapshots + 1, LogLevel.Information, "A read of {Table} is repeated in {Wait}: {Fault}")]
    public static partial void Retrying(ILogger logger, string table, string fault, TimeSpan wait);

    [LoggerMessage(LogEventRanges.Snapshots + 2, LogLevel.Warning, "A row of {Table} that was read could not be decoded at {Path} into {Row} ({Exception})")]
    public static partial void Undecodable(ILogger logger, string table, string path, string row, string exception);

    [LoggerMessage(LogEventRanges.Snapshots + 3, LogLevel.Error,
        "{Count} rows of {Table} that were read belong to another tenant than was asked for, and were dropped: something between here and the database answers for somebody else")]
    public static partial void Foreign(ILogger logger, string table, int count);
}
