using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Carbon.Realtime.Sqlite;

/// <summary>An open file that is a cache of this format, with its key.</summary>
internal sealed class CacheDatabase : IDisposable
{
    /// <summary>"CRLC", at its place in the file's header: this file is a cache of ours.</summary>
    private const int ApplicationId = 0x43_52_4C_43;

    /// <summary>The format of tables, tags and seals. A file of a newer one is left alone.</summary>
    private const int Format = 1;

    /// <summary>
    /// Rows lie in the order of their generations and keys, in their index itself (WITHOUT ROWID): a load reads neighbouring pages once, and the rows
    /// of a generation go with one DELETE. 100 000 rows load as fast as from a table of their own.
    /// </summary>
    private const string Schema = """
        CREATE TABLE install (key BLOB NOT NULL, seal BLOB NOT NULL) STRICT;
        CREATE TABLE generation (
            id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, owner BLOB NOT NULL, created INTEGER NOT NULL, verified INTEGER NOT NULL,
            used INTEGER NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL, digest INTEGER NOT NULL, seal BLOB NOT NULL) STRICT;
        CREATE TABLE row (
            generation INTEGER NOT NULL, key BLOB NOT NULL, json BLOB NOT NULL, tag INTEGER NOT NULL,
            PRIMARY KEY (generation, key)) STRICT, WITHOUT ROWID;
        """;

    private CacheDatabase(SqliteConnection connection) => Connection = connection;

    public SqliteConnection Connection { get; }

    public InstallKey Key { get; private set; } = null!;

    /// <summary>Whether SQLite would write nothing: the disk does not let it, or the first page, once it was read, says that it must not (https://www.sqlite.org/fileformat2.html, 1.3.3).</summary>
    private bool IsReadOnly => raw.sqlite3_db_readonly(Connection.Handle, "main") != 0;

    /// <summary>Opens the file to load from it.</summary>
    /// <returns><see langword="null"/> when nothing was ever saved in it.</returns>
    public static CacheDatabase? OpenToRead(CacheFile file, SqliteCacheOptions options)
    {
        file.RefuseLinks();
        if (!file.Exists)
        {
            return null;
        }

        try
        {
            return OpenToRead(file.Path, SqliteOpenMode.ReadWrite, file.Path, options);
        }
        catch (SqliteException exception) when (exception.SqliteErrorCode is raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY && file.IsWhole)
        {
            // A folder in which nothing may be made: SQLite reads without log and locks if it is told that nobody writes.
            return OpenToRead($"{new Uri(file.Path).AbsoluteUri}?immutable=1", SqliteOpenMode.ReadOnly, file.Path, options);
        }
    }

    /// <summary>Opens the file to change it, and makes it if there is none.</summary>
    public static CacheDatabase OpenToWrite(CacheFile file, SqliteCacheOptions options)
    {
        file.RefuseLinks();
        file.Create();
        var database = new CacheDatabase(Connect(file.Path, SqliteOpenMode.ReadWrite));
        try
        {
            var mayWrite = !database.IsReadOnly; // nothing of the file was read yet: that much the disk says
            database.Prepare(options);
            if (!database.Recognise(file.Path))
            {
                database.Make();
            }

            if (mayWrite && database.IsReadOnly)
            {
                throw new DamagedCacheException("The file's own header forbids to write it, as no format of ours does.");
            }

            database.PrepareToWrite(options);
            database.ReadKey();
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    public void Dispose() => Connection.Dispose();

    private static CacheDatabase? OpenToRead(string source, SqliteOpenMode mode, string path, SqliteCacheOptions options)
    {
        var database = new CacheDatabase(Connect(source, mode));
        try
        {
            database.Prepare(options);
            if (!database.Recognise(path))
            {
                database.Dispose();
                return null;
            }

            database.ReadKey();
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Without a pool: a handle that outlives its use would keep the file open after the cache's end.</summary>
    private static SqliteConnection Connect(string source, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = source, Mode = mode, Pooling = false, DefaultTimeout = 1 }.ConnectionString);
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void Prepare(SqliteCacheOptions options)
    {
        SqliteException.ThrowExceptionForRC(raw.sqlite3_busy_timeout(Connection.Handle, (int)options.LockTimeout.TotalMilliseconds), Connection.Handle);

        // The file may be damaged, or somebody's work: pages are checked when they are read, the schema may call no function, and nothing
        // of the rows is written into temporary files, which anybody might read.
        Execute("PRAGMA trusted_schema = OFF");
        Execute("PRAGMA cell_size_check = ON");
        Execute("PRAGMA temp_store = MEMORY");
    }

    /// <summary>
    /// NORMAL, not FULL: in WAL mode a commit then waits for no disk; a power cut may lose the last saves, never tear one, and what is lost is
    /// read from the server again. The log is checkpointed every 1000 pages and cut back to 4 MiB after a large save.
    /// </summary>
    private void PrepareToWrite(SqliteCacheOptions options)
    {
        Execute("PRAGMA synchronous = NORMAL");
        Execute("PRAGMA wal_autocheckpoint = 1000");
        Execute("PRAGMA journal_size_limit = 4194304");
        Execute("PRAGMA secure_delete = FAST");
        if (options.MaxPages is { } pages)
        {
            Execute($"PRAGMA max_page_count = {pages}");
        }
    }

    /// <summary>Whether this is a cache of this format; not, when there is nothing in it yet.</summary>
    /// <exception cref="StoreCacheException">It is somebody else's, or of a newer format.</exception>
    private bool Recognise(string path)
    {
        var application = Statement.Number(Connection, "PRAGMA application_id");
        var format = Statement.Number(Connection, "PRAGMA user_version");
        if (application == 0 && format == 0 && Statement.Number(Connection, "SELECT count(*) FROM sqlite_schema") == 0)
        {
            return false;
        }

        if (application != ApplicationId)
        {
            throw new StoreCacheException(
                StoreCacheFault.Corrupt, $"{path} is another program's database. It is left alone: give the cache a path of its own.", null);
        }

        return format switch
        {
            Format => true,
            > Format => throw new StoreCacheException(
                StoreCacheFault.Newer, $"The cache {path} was written by a newer version of this library. It is left alone.", null),
            _ => throw new DamagedCacheException($"Format {format} was never written."),
        };
    }

    private void Make()
    {
        // Before the first page is written: room that is given up can then be given back to the disk.
        Execute("PRAGMA auto_vacuum = INCREMENTAL");
        Execute("PRAGMA journal_mode = WAL");
        using var transaction = WriteTransaction.Begin(Connection);
        if (Statement.Number(Connection, "PRAGMA application_id") == ApplicationId)
        {
            return; // another process was quicker
        }

        foreach (var table in Schema.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            Execute(table);
        }

        var key = RandomNumberGenerator.GetBytes(InstallKey.Length); // a secret: an IRandomizer need not be unpredictable
        using (var insert = new Statement(Connection, "INSERT INTO install (key, seal) VALUES (?1, ?2)"))
        {
            insert.Bind(1, key).Bind(2, SHA256.HashData(key)).Run();
        }

        // Last, and in the same transaction: what has this number is whole.
        Execute($"PRAGMA application_id = {ApplicationId}");
        Execute($"PRAGMA user_version = {Format}");
        transaction.Commit();
    }

    /// <summary>With another key nothing would be found, and what a user left could not be deleted.</summary>
    private void ReadKey()
    {
        using var select = new Statement(Connection, "SELECT key, seal FROM install");
        if (!select.Step() || select.Blob(0) is not { Length: InstallKey.Length } key || !select.Blob(1).SequenceEqual(SHA256.HashData(key)))
        {
            throw new DamagedCacheException("The cache's key is damaged.");
        }

        Key = new InstallKey(key.ToArray());
    }

    private void Execute(string sql) => Statement.Execute(Connection, sql);
}
