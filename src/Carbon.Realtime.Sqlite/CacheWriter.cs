namespace Carbon.Realtime.Sqlite;

/// <summary>The one connection that changes a file. Whoever calls has the turn, but for <see cref="FilesPutAside"/>.</summary>
/// <remarks>It stays open between saves: the last connection that closes copies the log into the file and waits for the disk, which a save need not.</remarks>
internal sealed class CacheWriter(CacheFile file, SqliteCacheOptions options, TimeProvider time)
{
    /// <summary>Uses are told apart by so much: not each load has to write.</summary>
    private static readonly TimeSpan UseGranularity = TimeSpan.FromMinutes(1);

    private CacheDatabase? _database;
    private int _filesPutAside;

    /// <summary>How many damaged files were put away: a call that saw damage in an earlier one must not put away the next.</summary>
    public int FilesPutAside => Volatile.Read(ref _filesPutAside);

    /// <summary>Whether a load is to be remembered, or has found what is too old.</summary>
    public static bool IsWorthMarking(Generation generation, DateTimeOffset now) =>
        Math.Abs(now.UtcTicks - generation.Used) > UseGranularity.Ticks;

    /// <summary>Changes the rows of a key in one transaction.</summary>
    public void Save(StoreCacheKey key, StoreCacheChanges changes, CancellationToken cancellationToken) => Write(database =>
    {
        using var transaction = WriteTransaction.Begin(database.Connection);
        var now = time.GetUtcNow();
        var table = new GenerationTable(database);
        DeleteExpired(table, now);
        var generation = Open(database, table, key, changes.ReplacesAll, now);
        Apply(database, generation, key, changes, cancellationToken);
        generation.Verified = changes.AsOf.UtcTicks;
        generation.Used = now.UtcTicks;
        table.Put(generation);
        DeleteLeastRecentlyUsed(table, generation);
        transaction.Commit();
    });

    /// <summary>Deletes generations, and whatever else may hold their rows.</summary>
    public void Remove(Func<InstallKey, GenerationTable, IReadOnlyList<Generation>> which)
    {
        var before = FilesPutAside;
        try
        {
            Guard(file.DeleteAside); // nobody can tell whose rows a damaged file holds
            if (file.Exists)
            {
                Write(database => Remove(database, which));
            }
        }
        catch (StoreCacheException exception) when (exception.Fault == StoreCacheFault.Corrupt && FilesPutAside != before)
        {
            // What cannot be read can neither be left, and nothing else can be asked of it.
            Guard(file.DeleteAside);
        }
    }

    /// <summary>Remembers that a generation was loaded, or deletes it where it is too old. It may fail: a load from a file that cannot be written is one.</summary>
    public void TryMarkUsed(byte[] name, DateTimeOffset now)
    {
        try
        {
            Write(database =>
            {
                using var transaction = WriteTransaction.Begin(database.Connection);
                var table = new GenerationTable(database);
                DeleteExpired(table, now);
                if (table.Find(name) is { } generation)
                {
                    generation.Used = now.UtcTicks;
                    table.Put(generation);
                }

                transaction.Commit();
            });
        }
        catch (StoreCacheException)
        {
            // The next save tells.
        }
    }

    /// <summary>Says what went wrong, and puts a damaged file away.</summary>
    /// <param name="exception">What <see cref="CacheFaults.Recognises"/>.</param>
    /// <param name="filesPutAside">As it was before the file was opened.</param>
    public StoreCacheException Explain(Exception exception, int filesPutAside)
    {
        Close(); // whatever it was, the next call begins with a connection that has not seen it
        var fault = CacheFaults.Classify(exception, file.Exists);
        var message = CacheFaults.Describe(fault, file.Path);
        if (fault == StoreCacheFault.Corrupt)
        {
            message += PutAside(filesPutAside);
        }

        return new StoreCacheException(fault, message, exception);
    }

    public void Close()
    {
        _database?.Dispose();
        _database = null;
    }

    private void Write(Action<CacheDatabase> work) => Guard(() =>
    {
        if (_database is not null && !IsAtPath(_database))
        {
            Close();
        }

        work(_database ??= CacheDatabase.OpenToWrite(file, options));
    });

    /// <summary>Whether the open file is still the one at the path.</summary>
    /// <remarks>
    /// Another process may have put it away as damaged, or somebody deleted it, and a new one may have been begun: what is written into the old one
    /// is lost, and what is deleted from it still stands in the new one. A look through SQLite tells, for every file has a key of its own; opening the
    /// file ourselves would drop our locks (<see cref="CacheFile"/>), and SQLite's own test for a moved file is not in the bindings.
    /// </remarks>
    private bool IsAtPath(CacheDatabase open)
    {
        using var found = CacheDatabase.OpenToRead(file, options);
        return found?.Key.IsSame(open.Key) == true;
    }

    private void Guard(Action work)
    {
        var files = FilesPutAside;
        try
        {
            work();
        }
        catch (Exception exception) when (CacheFaults.Recognises(exception))
        {
            throw Explain(exception, files);
        }
    }

    private string PutAside(int filesPutAside)
    {
        if (filesPutAside != FilesPutAside)
        {
            return " It was put away already.";
        }

        try
        {
            file.PutAside();
            Volatile.Write(ref _filesPutAside, filesPutAside + 1);
            return $" It was put away as {file.Aside}, and the cache begins anew.";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return $" It could not be put away ({exception.Message}): delete it.";
        }
    }

    private static Generation Open(CacheDatabase database, GenerationTable table, StoreCacheKey key, bool replacesAll, DateTimeOffset now)
    {
        var name = database.Key.NameOf(key);
        if (table.Find(name) is { } kept)
        {
            if (replacesAll)
            {
                table.DeleteRows(kept.Id);
                kept.Clear();
            }

            return kept;
        }

        if (!replacesAll)
        {
            throw new StoreCacheException(
                StoreCacheFault.Missing, $"Nothing is kept of {key} that could be changed: it was removed, or made room for another store. The next save has to replace everything.", null);
        }

        var generation = new Generation { Name = name, Owner = database.Key.OwnerOf(key.Project, key.Subject), Created = now.UtcTicks };
        table.Insert(generation);
        return generation;
    }

    private void Apply(
        CacheDatabase database, Generation generation, StoreCacheKey key, StoreCacheChanges changes, CancellationToken cancellationToken)
    {
        using var image = new ImageWriter(database, generation);
        foreach (var rowKey in changes.Removes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            image.Remove(rowKey);
        }

        foreach (var row in changes.Upserts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            image.Upsert(row);
            if (changes.ReplacesAll)
            {
                RefuseTooLarge(generation, key); // it only grows: why write the rest
            }
        }

        RefuseTooLarge(generation, key);
    }

    private void RefuseTooLarge(Generation generation, StoreCacheKey key)
    {
        if (generation.Bytes > options.MaxBytesPerUser)
        {
            throw new StoreCacheException(
                StoreCacheFault.Full,
                $"The rows of {key} take more than {nameof(SqliteCacheOptions.MaxBytesPerUser)} ({options.MaxBytesPerUser}) and are not kept. Raise it, or keep " +
                "fewer rows or columns in the store.",
                null);
        }
    }

    private void DeleteExpired(GenerationTable table, DateTimeOffset now)
    {
        foreach (var id in table.Expired(now, options.UnusedLifetime))
        {
            table.Delete(id);
        }
    }

    private void DeleteLeastRecentlyUsed(GenerationTable table, Generation saved)
    {
        var all = table.OfOwner(saved.Owner);
        var bytes = all.Sum(static generation => generation.Bytes);
        foreach (var other in all.Where(other => other.Id != saved.Id))
        {
            if (bytes <= options.MaxBytesPerUser)
            {
                return;
            }

            table.Delete(other.Id);
            bytes -= other.Bytes;
        }
    }

    private static void Remove(CacheDatabase database, Func<InstallKey, GenerationTable, IReadOnlyList<Generation>> which)
    {
        Statement.Execute(database.Connection, "PRAGMA secure_delete = ON");
        using (var transaction = WriteTransaction.Begin(database.Connection))
        {
            var table = new GenerationTable(database);
            foreach (var generation in which(database.Key, table))
            {
                table.Delete(generation.Id);
            }

            table.DeleteOrphans();
            transaction.Commit();
        }

        // The log still has the rows, and the file the room: the first is emptied, the second given back, unless another process reads just now.
        Statement.Execute(database.Connection, "PRAGMA incremental_vacuum");
        Statement.Execute(database.Connection, "PRAGMA wal_checkpoint(TRUNCATE)");
        Statement.Execute(database.Connection, "PRAGMA secure_delete = FAST");
    }
}
