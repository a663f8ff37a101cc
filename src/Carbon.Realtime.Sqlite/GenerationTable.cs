using System.Security.Cryptography;

namespace Carbon.Realtime.Sqlite;

/// <summary>One row a generation. All writes are the caller's transaction.</summary>
internal sealed class GenerationTable(CacheDatabase database)
{
    private const string Columns = "id, name, owner, created, verified, used, rows, bytes, digest, seal";

    private const int SealColumn = 9;

    /// <exception cref="DamagedCacheException">What it says is not what was saved.</exception>
    public Generation? Find(ReadOnlySpan<byte> name)
    {
        using var select = new Statement(database.Connection, $"SELECT {Columns} FROM generation WHERE name = ?1");
        if (!select.Bind(1, name).Step())
        {
            return null;
        }

        var generation = Generation.Read(select);
        return CryptographicOperations.FixedTimeEquals(select.Blob(SealColumn), database.Key.SealOf(generation))
            ? generation
            : throw new DamagedCacheException("A generation's seal does not fit.");
    }

    /// <summary>Gives it an id, to which rows can be written.</summary>
    public void Insert(Generation generation)
    {
        using var next = new Statement(database.Connection, "SELECT coalesce(max(id), 0) + 1 FROM generation");
        next.Step();
        generation.Id = next.Number(0);
        Put(generation);
    }

    /// <summary>Writes what is known of it.</summary>
    public void Put(Generation generation)
    {
        using var put = new Statement(
            database.Connection, $"INSERT OR REPLACE INTO generation ({Columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
        put.Bind(1, generation.Id).Bind(2, generation.Name).Bind(3, generation.Owner)
            .Bind(4, generation.Created).Bind(5, generation.Verified).Bind(6, generation.Used)
            .Bind(7, generation.Rows).Bind(8, generation.Bytes).Bind(9, generation.Digest)
            .Bind(10, database.Key.SealOf(generation))
            .Run();
    }

    /// <summary>Those of a user, the least recently used one first.</summary>
    /// <remarks>Reads the table and not an index: an index that lost an entry must not hide a user's rows from their removal.</remarks>
    public IReadOnlyList<Generation> OfOwner(ReadOnlySpan<byte> owner)
    {
        using var select = new Statement(database.Connection, $"SELECT {Columns} FROM generation NOT INDEXED WHERE owner = ?1 ORDER BY used, id");
        var found = new List<Generation>();
        select.Bind(1, owner);
        while (select.Step())
        {
            found.Add(Generation.Read(select));
        }

        return found;
    }

    /// <summary>Those that nobody used for longer than a time, or that a wrong clock dated so far ahead.</summary>
    public IReadOnlyList<long> Expired(DateTimeOffset now, TimeSpan lifetime)
    {
        using var select = new Statement(database.Connection, "SELECT id FROM generation NOT INDEXED WHERE used < ?1 OR used > ?2");
        var found = new List<long>();
        select.Bind(1, now.UtcTicks - lifetime.Ticks).Bind(2, now.UtcTicks + lifetime.Ticks);
        while (select.Step())
        {
            found.Add(select.Number(0));
        }

        return found;
    }

    /// <summary>Deletes a generation with its rows.</summary>
    public void Delete(long id)
    {
        DeleteRows(id);
        using var delete = new Statement(database.Connection, "DELETE FROM generation WHERE id = ?1");
        delete.Bind(1, id).Run();
    }

    public void DeleteRows(long id)
    {
        using var delete = new Statement(database.Connection, "DELETE FROM row WHERE generation = ?1");
        delete.Bind(1, id).Run();
    }

    /// <summary>Deletes rows whose generation is lost; only damage makes such.</summary>
    public void DeleteOrphans() => Statement.Execute(database.Connection, "DELETE FROM row WHERE generation NOT IN (SELECT id FROM generation)");
}
