namespace Carbon.Realtime;

/// <summary>Keeps what stores held, so that the next start of the program shows it at once.</summary>
/// <remarks>
/// <para>
/// A cache can only save time: what comes out of it is shown as <c>Stale</c> until the server has confirmed it, and a cache that is
/// empty, damaged, full or gone costs a read of the whole table and nothing else. Implementations throw when something goes wrong, a
/// <see cref="StoreCacheException"/> where they know what; the store logs and counts it, and goes on without.
/// </para>
/// <para>
/// Thread-safe, for one key too. Of its own key a store has one load or save under way, but for those that it no longer waits for: a load after five seconds, a save two
/// seconds after the store's end. Beside them come removals, loads of other stores of the same rows, and whatever other managers and processes do. Calls that overlap
/// may take effect in any order, but each as a whole: a load gives the rows and the time of one moment, whatever is saved or removed before it has given the last of them.
/// The library removes once more what a save that hung may have brought back.
/// </para>
/// <para>
/// Calls run on the library's scheduler: one that blocks blocks a thread of the pool, never the socket.
/// </para>
/// </remarks>
public interface IStoreCache
{
    /// <summary>Gives every row that is kept under a key, all of one moment.</summary>
    /// <param name="key">Which rows: nothing that was kept under another key may be given.</param>
    /// <param name="onRow">Given each row's JSON, as it was saved, on the calling loop; valid during the call. What it throws ends the load and is thrown on. Rows that were given before a load failed are to be thrown away.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What is known of the rows; <see langword="null"/> when nothing is kept, or it is too old.</returns>
    ValueTask<StoreCacheHeader?> LoadAsync(StoreCacheKey key, StoreCacheRowHandler onRow, CancellationToken cancellationToken);

    /// <summary>Changes what is kept, all of it or nothing: a load after a crash gives the rows from before or from after.</summary>
    /// <param name="key">Which rows.</param>
    /// <param name="changes">
    /// What to change. After a save that failed, the next one replaces everything; so it has to where nothing is kept
    /// (<see cref="StoreCacheFault.Missing"/>).
    /// </param>
    /// <param name="cancellationToken">Ends it.</param>
    ValueTask SaveAsync(StoreCacheKey key, StoreCacheChanges changes, CancellationToken cancellationToken);

    /// <summary>Deletes what is kept under a key: the user lost the right to see it.</summary>
    ValueTask RemoveAsync(StoreCacheKey key, CancellationToken cancellationToken);

    /// <summary>Deletes everything that is kept for a user of a project, in every role, tenant and table: the user signed out.</summary>
    /// <param name="project">As in <see cref="StoreCacheKey.Project"/>.</param>
    /// <param name="subject">As in <see cref="StoreCacheKey.Subject"/>; <see langword="null"/> for what was read without a user.</param>
    /// <param name="cancellationToken">Ends it.</param>
    ValueTask RemoveUserAsync(string project, string? subject, CancellationToken cancellationToken);
}

/// <summary>Given a row's JSON in UTF-8; valid during the call.</summary>
public delegate void StoreCacheRowHandler(ReadOnlySpan<byte> row);
