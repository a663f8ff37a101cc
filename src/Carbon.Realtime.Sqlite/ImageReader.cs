namespace Carbon.Realtime.Sqlite;

/// <summary>Gives the rows of a key as they were saved, or fails. One load.</summary>
internal sealed class ImageReader(StoreCacheKey key, StoreCacheRowHandler onRow, CancellationToken cancellationToken)
{
    /// <summary>Whether the exception that is under way is the caller's own.</summary>
    public bool IsInHandler { get; private set; }

    /// <summary>Reads all rows of one moment.</summary>
    /// <returns>What is known of them; <see langword="null"/> when nothing is kept, and then no row was given.</returns>
    /// <exception cref="DamagedCacheException">What is there is not what was saved.</exception>
    public Generation? Read(CacheDatabase database, Func<Generation, bool> isTooOld)
    {
        Statement.Execute(database.Connection, "BEGIN"); // one moment for both tables; ends with the connection
        var generation = new GenerationTable(database).Find(database.Key.NameOf(key));
        if (generation is not null && !isTooOld(generation))
        {
            ReadRows(database, generation);
        }

        return generation;
    }

    private void ReadRows(CacheDatabase database, Generation generation)
    {
        using var select = new Statement(database.Connection, "SELECT key, json, tag FROM row WHERE generation = ?1");
        select.Bind(1, generation.Id);
        var (rows, digest) = (0L, 0L);
        while (select.Step())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var json = select.Blob(1);
            var tag = select.Number(2);
            if (tag != InstallKey.TagOf(generation.Name, select.Blob(0), json))
            {
                throw new DamagedCacheException("A row's check sum does not fit.");
            }

            IsInHandler = true;
            onRow(json);
            IsInHandler = false;
            rows++;
            digest = unchecked(digest + tag);
        }

        if (rows != generation.Rows || digest != generation.Digest)
        {
            throw new DamagedCacheException("Rows are missing, or of another save.");
        }
    }
}
