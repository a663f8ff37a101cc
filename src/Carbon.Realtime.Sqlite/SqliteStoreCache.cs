using Carbon.Realtime.Sqlite;

namespace Carbon.Realtime;

/// <summary>A local cache in one SQLite file, for all users, tenants and tables.</summary>
/// <remarks>
/// <para>
/// A save is one transaction: after a crash, a kill or a power cut a load gives the rows from before or from after. Every row has a check sum and
/// every set of rows another: a file that was damaged gives the right rows or a <see cref="StoreCacheException"/>, never a wrong row.
/// </para>
/// <para>
/// The file is made with mode 0600 (not on Windows, where the folder's rights apply), its missing folders with 0700; a symbolic link is refused. It is not encrypted. Users,
/// tenants and queries appear in it only as keyed hashes; the keys and the JSON of rows are there as they are. What is removed is overwritten and its room given
/// back to the disk, as far as file system and disk let anybody do that.
/// </para>
/// <para>
/// A damaged file is put away as <c>name.corrupt</c> and a new one begun with the next save; a newer version's file, and another program's database, are
/// left alone. Loads go on with a file that may only be read.
/// </para>
/// <para>
/// Thread-safe. Work is done on the calling thread, which SQLite blocks for as long as the disk takes. Loads run beside each other and beside a
/// save; saves queue. Several processes may use one file; where two keep the same rows, a load gives what either of them saved last of each row.
/// </para>
/// </remarks>
public sealed class SqliteStoreCache : IStoreCache, IAsyncDisposable, IDisposable
{
    private readonly CacheFile _file;
    private readonly SqliteCacheOptions _options;
    private readonly TimeProvider _time;
    private readonly CacheWriter _writer;
    private readonly CallQueue _turns = new();
    private readonly RunningCalls _calls = new();
    private readonly Lock _ending = new();
    private Task? _end;

    /// <summary>A cache in a file, which is made by the first save.</summary>
    /// <param name="path">A relative one is of the current directory as it is now.</param>
    public SqliteStoreCache(string path)
        : this(path, new SqliteCacheOptions())
    {
    }

    /// <inheritdoc cref="SqliteStoreCache(string)"/>
    /// <param name="path">The file.</param>
    /// <param name="options">Read now and later; not to be changed.</param>
    /// <exception cref="ArgumentException">An option is out of its bounds; the message names it.</exception>
    public SqliteStoreCache(string path, SqliteCacheOptions options)
        : this(path, options, TimeProvider.System)
    {
    }

    /// <inheritdoc cref="SqliteStoreCache(string, SqliteCacheOptions)"/>
    /// <param name="path">The file.</param>
    /// <param name="options">Read now and later; not to be changed.</param>
    /// <param name="time">Tells what is least recently used and what is too old.</param>
    public SqliteStoreCache(string path, SqliteCacheOptions options, TimeProvider time)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        options.Validate();
        _file = new CacheFile(path);
        _options = options;
        _time = time;
        _writer = new CacheWriter(_file, options, time);
    }

    /// <inheritdoc/>
    public async ValueTask<StoreCacheHeader?> LoadAsync(StoreCacheKey key, StoreCacheRowHandler onRow, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(onRow);
        using var call = _calls.Begin();
        cancellationToken.ThrowIfCancellationRequested();
        var (files, now) = (_writer.FilesPutAside, _time.GetUtcNow());
        var reader = new ImageReader(key, onRow, cancellationToken);
        Generation? kept = null;
        Exception? fault = null;
        try
        {
            using var database = CacheDatabase.OpenToRead(_file, _options);
            kept = database is null ? null : reader.Read(database, IsTooOld);
        }
        catch (Exception exception) when (!reader.IsInHandler && CacheFaults.Recognises(exception))
        {
            fault = exception;
        }

        if (fault is not null)
        {
            using var turn = await _turns.EnterAsync(CancellationToken.None);
            throw _writer.Explain(fault, files);
        }

        if (kept is null)
        {
            return null;
        }

        if (CacheWriter.IsWorthMarking(kept, now))
        {
            using var turn = await _turns.EnterAsync(CancellationToken.None);
            _writer.TryMarkUsed(kept.Name, now);
        }

        return IsTooOld(kept) ? null : new StoreCacheHeader(new DateTimeOffset(kept.Verified, TimeSpan.Zero));

        bool IsTooOld(Generation generation) => generation.IsExpired(now, _options.UnusedLifetime);
    }

    /// <inheritdoc/>
    public async ValueTask SaveAsync(StoreCacheKey key, StoreCacheChanges changes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(changes);
        using var call = _calls.Begin();
        using var turn = await EnterAsync(cancellationToken);
        _writer.Save(key, changes, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask RemoveAsync(StoreCacheKey key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        using var call = _calls.Begin();
        using var turn = await EnterAsync(cancellationToken);
        _writer.Remove((names, table) => table.Find(names.NameOf(key)) is { } generation ? [generation] : []);
    }

    /// <inheritdoc/>
    public async ValueTask RemoveUserAsync(string project, string? subject, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(project);
        using var call = _calls.Begin();
        using var turn = await EnterAsync(cancellationToken);
        _writer.Remove((names, table) => table.OfOwner(names.OwnerOf(project, subject)));
    }

    /// <summary>Begins what <see cref="DisposeAsync"/> finishes; never waits.</summary>
    public void Dispose() => _ = EndAsync();

    /// <summary>Lets no further call begin, waits for those that run, and closes the file. Calls that wait for their turn fail.</summary>
    public ValueTask DisposeAsync() => new(EndAsync());

    private Task EndAsync()
    {
        lock (_ending)
        {
            return _end ??= CloseAsync();
        }
    }

    private async Task CloseAsync()
    {
        await _calls.CloseAsync();
        _writer.Close();
    }

    private async ValueTask<CallQueue.Turn> EnterAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var turn = await _turns.EnterAsync(cancellationToken);
        if (_calls.IsClosed)
        {
            turn.Dispose();
            throw new ObjectDisposedException(nameof(SqliteStoreCache));
        }

        return turn;
    }
}
