namespace Carbon.Realtime;

/// <summary>Says that what was read from some tables is stale, debounced: one signal, however many changes and tables.</summary>
/// <remarks>
/// Cold until the first subscriber. Every subscription begins with a signal once changes flow, so a change between loading a page and readiness
/// is not lost; then it fires for changes, and after every possible loss. Signals are serialised per subscriber; while one is being handled, what comes
/// becomes one more. A lost connection is not an error. <c>OnError</c> and <c>OnCompleted</c> come as for <see cref="IChangeStream{TKey, TRow}"/>, when any of
/// the tables ends. Observers are called on the thread pool; one that throws loses its own subscription. Disposing a subscription never waits.
/// </remarks>
public interface IRevalidations : IObservable<Revalidation>
{
    /// <summary>Where it stands: as the table that is furthest from live. Any thread.</summary>
    RealtimeStatus Status { get; }

    /// <summary>Fires nothing until the result is disposed: for the time that a write of your own is in flight. Any thread.</summary>
    /// <remarks>
    /// Holds count: the last release ends it. What came meanwhile is one signal, a debounce after that release. It holds the subscribers of this
    /// object, and no others of the same tables. Disposing twice releases once. Holds that follow one another faster than the debounce keep it back
    /// as long as they do; a signal that an observer has not taken yet when the hold begins is not called back.
    /// </remarks>
    IDisposable Hold();
}
