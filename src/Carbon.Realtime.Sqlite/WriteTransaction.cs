using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Carbon.Realtime.Sqlite;

/// <summary>All or nothing: what is not committed when it is disposed never was.</summary>
internal sealed class WriteTransaction : IDisposable
{
    private readonly SqliteConnection _connection;

    private WriteTransaction(SqliteConnection connection) => _connection = connection;

    /// <summary>Takes the lock of the only writer at once: a transaction that begins with reading may find itself too late to write.</summary>
    public static WriteTransaction Begin(SqliteConnection connection)
    {
        Statement.Execute(connection, "BEGIN IMMEDIATE");
        return new WriteTransaction(connection);
    }

    public void Commit() => Statement.Execute(_connection, "COMMIT");

    public void Dispose()
    {
        // SQLite has rolled back by itself after a full disk and its like. What a rollback complains of was told by what failed before.
        if (raw.sqlite3_get_autocommit(_connection.Handle) == 0)
        {
            _ = raw.sqlite3_exec(_connection.Handle, "ROLLBACK");
        }
    }
}
