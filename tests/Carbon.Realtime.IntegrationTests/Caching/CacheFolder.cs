using System.Text;
using Microsoft.Data.Sqlite;

namespace Carbon.Realtime.IntegrationTests.Caching;

/// <summary>A folder of its own for the cache under test, and a look at its files.</summary>
internal sealed class CacheFolder : IDisposable
{
    public CacheFolder() => Root = Directory.CreateTempSubdirectory("carbon-cache-").FullName;

    public string Root { get; }

    /// <summary>In a folder that the cache has to make.</summary>
    public string Path => In("made", "cache.db");

    public string Log => Path + "-wal";

    public string Index => Path + "-shm";

    public string Aside => Path + ".corrupt";

    public string In(params string[] names) => System.IO.Path.Combine([Root, .. names]);

    /// <summary>Asks SQLite itself, as a connection of its own.</summary>
    public static T Ask<T>(string path, string sql)
    {
        using var connection = Connect(path);
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (T)command.ExecuteScalar()!;
    }

    public static SqliteConnection Connect(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 1 }.ConnectionString);
        connection.Open();
        return connection;
    }

    public static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>Whether any file of the folder holds a text.</summary>
    public bool Holds(string text) => Directory.GetFiles(Root, "*", SearchOption.AllDirectories)
        .Any(file => File.ReadAllBytes(file).AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0);

    public void Dispose()
    {
        if (!OperatingSystem.IsWindows())
        {
            foreach (var folder in Directory.GetDirectories(Root).Prepend(Root))
            {
                File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }

        Directory.Delete(Root, recursive: true);
    }
}
