namespace Carbon.Realtime;

/// <summary>A store of whatever rows.</summary>
public interface ILiveStore
{
    /// <summary>The table with its schema.</summary>
    string Table { get; }

    /// <summary>The table and which of its rows, as the store was asked for: for whatever else is to follow the same rows.</summary>
    IRealtimeTable Definition { get; }

    /// <summary>How true what the store shows is.</summary>
    StoreStatus Status { get; }

    /// <summary>The status, and then every other one of another state, reason or error; counts and times alone do not. Completes with the manager's disposal.</summary>
    /// <remarks>The store runs while somebody is subscribed. Observers are called on the library's scheduler, one at a time.</remarks>
    IObservable<StoreStatus> StatusChanges { get; }

    /// <summary>Runs the store until the result is disposed. Without it a store runs while somebody is subscribed, watches or waits.</summary>
    /// <exception cref="ObjectDisposedException">The manager or scope is disposed.</exception>
    IDisposable Start();

    /// <summary>Completes when what is shown equals the database: at once if it does.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <remarks>While a token provider merely fails the wait goes on, as with a server that is away: give it a time-out if there is somebody to tell.</remarks>
    /// <exception cref="RealtimeException">Somebody must change something first (<see cref="StoreState.Faulted"/>, <see cref="StoreState.NeedsAuth"/>): the error is not transient.</exception>
    /// <exception cref="ObjectDisposedException">The manager or scope is disposed.</exception>
    Task WhenLiveAsync(CancellationToken cancellationToken);

    /// <inheritdoc cref="WhenLiveAsync(CancellationToken)"/>
    Task WhenLiveAsync();

    /// <summary>Reads everything anew and completes when all that was committed before the call is shown: pull-to-refresh, and reading one's own writes.</summary>
    /// <param name="cancellationToken">Ends the wait, not the read.</param>
    /// <exception cref="RealtimeException">The read failed, or user or tenant changed meanwhile.</exception>
    /// <exception cref="ObjectDisposedException">The manager or scope is disposed.</exception>
    Task VerifyAsync(CancellationToken cancellationToken);

    /// <inheritdoc cref="VerifyAsync(CancellationToken)"/>
    Task VerifyAsync();
}

/// <summary>A table's rows, kept equal to the database: shown at once from the cache, read from the server, kept current by its changes, and right again after any fault.</summary>
/// <remarks>
/// <para>
/// One object for the program's life: another tenant or user empties it (a reset) and fills it anew. Nothing of one tenant or user is ever shown to
/// another.
/// </para>
/// <para>
/// Nothing is promised of the stream, which can lose changes without a word; what is promised is that any difference from the database ends with the
/// next complete read (docs/guarantees.md). Thread-safe.
/// </para>
/// </remarks>
/// <typeparam name="TKey">The primary key.</typeparam>
/// <typeparam name="TRow">The row.</typeparam>
public interface ILiveStore<TKey, TRow> : ILiveStore
    where TKey : notnull
{
    /// <summary>The rows and how true they are. Starts nothing; waits a short while where a burst of changes is being applied. The rows may be newer than the status, by a
    /// burst that is about to be told of, and never older.</summary>
    StoreSnapshot<TKey, TRow> Current { get; }

    /// <summary>
    /// The store's history from the subscription on: a reset with all rows first, then every change set, in order, never two at a time. An
    /// observer that does not keep up gets a reset instead of what it missed. One that throws loses its subscription. Completes with the manager's disposal.
    /// </summary>
    /// <remarks>Observers are called on the library's scheduler.</remarks>
    IObservable<StoreChangeSet<TKey, TRow>> Changes { get; }

    /// <summary>The row of a key, as <see cref="Current"/> has it.</summary>
    bool TryGet(TKey key, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out TRow row);

    /// <summary>Reads one row by its key and completes when what was committed of it before the call is shown: reading one's own write, at the price of one row.</summary>
    /// <param name="key">Which row; there may be none.</param>
    /// <param name="cancellationToken">Ends the wait, not the read.</param>
    /// <remarks>A store that has not been read yet is read whole, for it shows all rows or none.</remarks>
    /// <exception cref="RealtimeException">The read failed, or user or tenant changed meanwhile.</exception>
    /// <exception cref="ObjectDisposedException">The manager or scope is disposed.</exception>
    Task VerifyRowAsync(TKey key, CancellationToken cancellationToken);

    /// <inheritdoc cref="VerifyRowAsync(TKey, CancellationToken)"/>
    Task VerifyRowAsync(TKey key);

    /// <summary>The current snapshot and then the newest one whenever there is a newer; what comes between is skipped.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    IAsyncEnumerable<StoreSnapshot<TKey, TRow>> WatchAsync(CancellationToken cancellationToken);

    /// <inheritdoc cref="WatchAsync(CancellationToken)"/>
    IAsyncEnumerable<StoreSnapshot<TKey, TRow>> WatchAsync();
}
