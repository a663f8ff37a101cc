namespace Carbon.Realtime;

/// <summary>The changes of one table, live. Cold until the first subscriber, shared after it.</summary>
/// <remarks>
/// Every subscription begins with <c>Gap(Started)</c>: initial load and recovery are one code path. Elements are serialised per subscriber and
/// in the server's order; a slow subscriber delays nobody else. A lost connection is not an error: the stream goes on with a gap when changes
/// flow again. <c>OnError</c> carries a <see cref="RealtimeException"/> and comes only when no retry can help (the tenant changed, the filter is unsafe); <c>OnCompleted</c>
/// when the manager or the tenant scope is disposed. Observers are called on the thread pool: use <c>ObserveOn</c> for a user interface. Disposing a subscription never waits: at most one call that was decided on before may still begin.
/// An observer that throws loses its own subscription.
/// </remarks>
/// <typeparam name="TKey">The table's key.</typeparam>
/// <typeparam name="TRow">The table's row.</typeparam>
public interface IChangeStream<TKey, TRow> : IObservable<TableChange<TKey, TRow>>
    where TKey : notnull
{
    /// <summary>The table, with its filter.</summary>
    RealtimeTable<TKey, TRow> Table { get; }

    /// <summary>Where the stream stands. Any thread.</summary>
    RealtimeStatus Status { get; }

    /// <summary>The status now and every later one. Following it does not start the stream.</summary>
    IObservable<RealtimeStatus> StatusChanges { get; }

    /// <summary>Starts the stream if nobody has, and completes when changes flow.</summary>
    /// <remarks>Waits for as long as the client retries by itself, an unreachable server included: give it a token with a time-out.</remarks>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RealtimeException">Somebody must change something first (<see cref="RealtimeState.Faulted"/>), or the stream ended.</exception>
    /// <exception cref="ObjectDisposedException">The manager is disposed.</exception>
    Task WhenLiveAsync(CancellationToken cancellationToken);

    /// <inheritdoc cref="WhenLiveAsync(CancellationToken)"/>
    Task WhenLiveAsync();

    /// <summary>The same elements, pulled: each enumeration is a subscription of its own, with its own bounded queue.</summary>
    /// <param name="cancellationToken">Ends the enumeration with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="RealtimeException">What observers are told by <c>OnError</c>.</exception>
    IAsyncEnumerable<TableChange<TKey, TRow>> ReadAllAsync(CancellationToken cancellationToken);

    /// <inheritdoc cref="ReadAllAsync(CancellationToken)"/>
    IAsyncEnumerable<TableChange<TKey, TRow>> ReadAllAsync();
}
