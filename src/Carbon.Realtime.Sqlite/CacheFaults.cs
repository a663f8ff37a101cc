using Microsoft.Data.Sqlite;
using static SQLitePCL.raw;

namespace Carbon.Realtime.Sqlite;

/// <summary>What went wrong, in the words of the cache: the one table of SQLite's result codes (https://www.sqlite.org/rescode.html).</summary>
internal static class CacheFaults
{
    /// <summary>Whether an exception is of the file or its database, and not of the caller.</summary>
    public static bool Recognises(Exception exception) =>
        exception is SqliteException or DamagedCacheException or IOException or UnauthorizedAccessException;

    /// <summary>Which fault it is; <paramref name="fileExists"/> tells a file that may not be opened from one that is not there.</summary>
    public static StoreCacheFault Classify(Exception exception, bool fileExists) => exception switch
    {
        DamagedCacheException => StoreCacheFault.Corrupt,
        UnauthorizedAccessException => StoreCacheFault.ReadOnly,
        SqliteException sqlite => Classify(sqlite, fileExists),
        _ => StoreCacheFault.Unavailable,
    };

    /// <summary>What happened and what to do. No key, no row.</summary>
    public static string Describe(StoreCacheFault fault, string path) => fault switch
    {
        StoreCacheFault.Corrupt => $"The cache {path} is damaged.",
        StoreCacheFault.Locked => $"Another process holds the cache {path}. What was not saved is saved later.",
        StoreCacheFault.ReadOnly => $"The cache {path} may not be written. Make the file and its folder writable for the user who runs the program.",
        StoreCacheFault.Full => $"There is no room to save the cache {path}. What was kept before is still there.",
        _ => $"The cache {path} cannot be used; the inner exception says why.",
    };

    private static StoreCacheFault Classify(SqliteException exception, bool fileExists) => exception.SqliteErrorCode switch
    {
        SQLITE_CORRUPT or SQLITE_NOTADB => StoreCacheFault.Corrupt,

        // The statements are constants and were right for an undamaged schema; a constraint fails only where an index lost an entry.
        SQLITE_ERROR or SQLITE_CONSTRAINT or SQLITE_MISMATCH => StoreCacheFault.Corrupt,
        SQLITE_BUSY or SQLITE_LOCKED => StoreCacheFault.Locked,
        SQLITE_READONLY or SQLITE_PERM or SQLITE_AUTH => StoreCacheFault.ReadOnly,

        // So SQLite says that it may not make its log beside a file that is there.
        SQLITE_CANTOPEN when fileExists => StoreCacheFault.ReadOnly,
        SQLITE_FULL => StoreCacheFault.Full,
        _ => StoreCacheFault.Unavailable,
    };
}
