using System.Collections.Immutable;
using System.Text;

namespace Carbon.Realtime.Testing;

/// <summary>A cache that lives as long as its object, and fails when a test says so.</summary>
/// <remarks>
/// Keeps to the contract of <see cref="IStoreCache"/> as the one in SQLite does: keys never meet, a save is all or nothing, one that changes
/// nothing kept fails with <see cref="StoreCacheFault.Missing"/>, damage is <see cref="StoreCacheFault.Corrupt"/> once and then gone. Completes
/// synchronously unless <see cref="Loading"/> or <see cref="Saving"/> does not, and gives rows in the order of their keys. Thread-safe. Immutable inside,
/// so that <see cref="Clone"/> costs nothing.
/// </remarks>
public sealed class InMemoryStoreCache : IStoreCache
{
    private readonly Lock _gate = new();
    private ImmutableDictionary<StoreCacheKey, StoreCacheImage> _images;
    private ImmutableHashSet<(StoreCacheKey Key, string RowKey)> _corrupt;
    private Exception? _nextLoad;
    private Exception? _nextSave;
    private Exception? _crash;
    private int _loads;
    private int _saves;
    private int _removals;

    /// <summary>An empty cache.</summary>
    public InMemoryStoreCache()
        : this([], [])
    {
    }

    private InMemoryStoreCache(
        ImmutableDictionary<StoreCacheKey, StoreCacheImage> images, ImmutableHashSet<(StoreCacheKey Key, string RowKey)> corrupt)
    {
        _images = images;
        _corrupt = corrupt;
    }

    /// <summary>Awaited before a load begins: a test that holds its task holds the load.</summary>
    /// <remarks>A task that completes on the test's thread keeps a manual scheduler in charge.</remarks>
    public Func<StoreCacheKey, CancellationToken, ValueTask>? Loading { get; set; }

    /// <summary>Awaited before a save begins.</summary>
    /// <inheritdoc cref="Loading" path="/remarks"/>
    public Func<StoreCacheKey, StoreCacheChanges, CancellationToken, ValueTask>? Saving { get; set; }

    /// <summary>What is kept now, of which key.</summary>
    public IReadOnlyDictionary<StoreCacheKey, StoreCacheImage> Images => Read(ref _images);

    /// <summary>How many loads were asked for.</summary>
    public int Loads => Volatile.Read(ref _loads);

    /// <summary>How many saves were asked for.</summary>
    public int Saves => Volatile.Read(ref _saves);

    /// <summary>How many removals were asked for, of keys and users.</summary>
    public int Removals => Volatile.Read(ref _removals);

    /// <summary>The next load gives no row and throws this.</summary>
    public void FailNextLoad(Exception exception) => Set(ref _nextLoad, exception);

    /// <summary>The next save changes nothing and throws this: a full disk, a lock, or a crash before the save.</summary>
    public void FailNextSave(Exception exception) => Set(ref _nextSave, exception);

    /// <summary>The next save is done, and throws this nevertheless: a crash between the save and the store's learning of it.</summary>
    public void FailAfterNextSave(Exception exception) => Set(ref _crash, exception);

    /// <summary>Damages a row, as a disk does: the next load gives the rows before it, fails with <see cref="StoreCacheFault.Corrupt"/>, and the image is gone.</summary>
    /// <exception cref="ArgumentException">There is no such row.</exception>
    public void CorruptRow(StoreCacheKey key, string rowKey)
    {
        lock (_gate)
        {
            Find(key, rowKey);
            _corrupt = _corrupt.Add((key, rowKey));
        }
    }

    /// <summary>Replaces a row by another, as somebody does who can write the file: no check sum notices.</summary>
    /// <exception cref="ArgumentException">There is no such row.</exception>
    public void ForgeRow(StoreCacheKey key, string rowKey, string json)
    {
        lock (_gate)
        {
            var image = Find(key, rowKey);
            _images = _images.SetItem(key, image with { Rows = image.Rows.SetItem(rowKey, json) });
        }
    }

    /// <summary>A cache with the same rows and damage, which goes its own way from here: the disk, as a process finds it that starts after a crash now.</summary>
    /// <remarks>Failures that were asked for, counts and delegates are not taken along.</remarks>
    public InMemoryStoreCache Clone()
    {
        lock (_gate)
        {
            return new InMemoryStoreCache(_images, _corrupt);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<StoreCacheHeader?> LoadAsync(StoreCacheKey key, StoreCacheRowHandler onRow, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(onRow);
        Interlocked.Increment(ref _loads);
        if (Loading is { } loading)
        {
            await loading(key, cancellationToken);
        }

        cancellationToken.ThrowIfCancellationRequested();
        Throw(ref _nextLoad);
        StoreCacheImage? image;
        ImmutableHashSet<(StoreCacheKey Key, string RowKey)> corrupt;
        lock (_gate)
        {
            image = _images.GetValueOrDefault(key);
            corrupt = _corrupt;
        }

        foreach (var (rowKey, json) in image?.Rows ?? ImmutableSortedDictionary<string, string>.Empty)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (corrupt.Contains((key, rowKey)))
            {
                Remove(key);
                throw new StoreCacheException(StoreCacheFault.Corrupt, "A row's check sum does not fit.", null);
            }

            onRow(Encoding.UTF8.GetBytes(json));
        }

        return image?.Header;
    }

    /// <inheritdoc/>
    public async ValueTask SaveAsync(StoreCacheKey key, StoreCacheChanges changes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(changes);
        Interlocked.Increment(ref _saves);
        if (Saving is { } saving)
        {
            await saving(key, changes, cancellationToken);
        }

        cancellationToken.ThrowIfCancellationRequested();
        Throw(ref _nextSave);
        lock (_gate)
        {
            var rows = changes.ReplacesAll ? StoreCacheImage.NoRows : _images.GetValueOrDefault(key)?.Rows
                ?? throw new StoreCacheException(StoreCacheFault.Missing, $"Nothing is kept of {key} that could be changed.", null);
            rows = rows.RemoveRange(changes.Removes).SetItems(
                changes.Upserts.Select(static row => KeyValuePair.Create(row.Key, Encoding.UTF8.GetString(row.Json.Span))));
            _images = _images.SetItem(key, new StoreCacheImage(new StoreCacheHeader(changes.AsOf), rows));
            _corrupt = _corrupt.Except(_corrupt.Where(bad => bad.Key == key
                && (changes.ReplacesAll || changes.Removes.Contains(bad.RowKey) || changes.Upserts.Any(row => row.Key == bad.RowKey))));
        }

        Throw(ref _crash);
    }

    /// <inheritdoc/>
    public ValueTask RemoveAsync(StoreCacheKey key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        cancellationToken.ThrowIfCancellationRequested();
        Interlocked.Increment(ref _removals);
        Remove(key);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask RemoveUserAsync(string project, string? subject, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(project);
        cancellationToken.ThrowIfCancellationRequested();
        Interlocked.Increment(ref _removals);
        foreach (var key in Images.Keys.Where(key => key.Project == project && key.Subject == subject))
        {
            Remove(key);
        }

        return ValueTask.CompletedTask;
    }

    private StoreCacheImage Find(StoreCacheKey key, string rowKey) =>
        _images.TryGetValue(key, out var image) && image.Rows.ContainsKey(rowKey)
            ? image
            : throw new ArgumentException($"No row '{rowKey}' of {key} is kept.", nameof(rowKey));

    private void Remove(StoreCacheKey key)
    {
        lock (_gate)
        {
            _images = _images.Remove(key);
            _corrupt = _corrupt.Except(_corrupt.Where(bad => bad.Key == key));
        }
    }

    private T Read<T>(ref T field)
    {
        lock (_gate)
        {
            return field;
        }
    }

    private static void Set(ref Exception? field, Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        Volatile.Write(ref field, exception);
    }

    private static void Throw(ref Exception? field)
    {
        if (Interlocked.Exchange(ref field, null) is { } exception)
        {
            throw exception;
        }
    }
}
