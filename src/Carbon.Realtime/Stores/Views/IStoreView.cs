namespace Carbon.Realtime;

/// <summary>
/// A live list: the rows of a store that pass a filter, in an order, kept so change by change. Made by <see cref="LiveStoreViews"/>; immutable and
/// thread-safe; holds nothing and costs nothing until it is asked or subscribed to.
/// </summary>
/// <remarks>
/// <para>
/// Predicate and comparison run on the library's scheduler (in <see cref="Current"/> on the caller's thread), possibly on several threads at once.
/// They must be pure: quick, always of the same answer for the same row, and without exceptions. One that throws ends the subscription that it threw
/// in (<c>OnError</c>, and a log), and neither the store nor other subscriptions.
/// </para>
/// <para>
/// A change costs the logarithm of the list's length. Rows that compare equal are in the order of their keys; where keys have none, in the
/// order of their coming.
/// </para>
/// </remarks>
/// <typeparam name="TRow">The row.</typeparam>
public interface IStoreView<TRow>
{
    /// <summary>The list as the store's <see cref="ILiveStore{TKey, TRow}.Current"/> has it. Starts nothing.</summary>
    /// <remarks>
    /// Sorted anew when the store's rows are other ones than last time, unless a subscription to <see cref="Changes"/> has made it already. What the
    /// predicate or comparison throws comes out here.
    /// </remarks>
    StoreViewSnapshot<TRow> Current { get; }

    /// <summary>
    /// The list's history from the subscription on: a reset with all rows first, then every change set as steps by position, in order, never two
    /// at a time. Not told where neither rows nor state are other ones. Threads, overflow and end are those of <see cref="ILiveStore{TKey, TRow}.Changes"/>.
    /// </summary>
    IObservable<StoreViewChangeSet<TRow>> Changes { get; }

    /// <summary>The same list, but only rows that pass <paramref name="predicate"/> too.</summary>
    IStoreView<TRow> Where(Func<TRow, bool> predicate);

    /// <summary>The same rows in another order.</summary>
    IStoreView<TRow> OrderBy(Comparison<TRow> comparison);

    /// <summary>A collection for a user interface that follows this list.</summary>
    /// <param name="context">The interface's: in its thread, <see cref="SynchronizationContext.Current"/>.</param>
    /// <exception cref="ArgumentNullException">There is no context: this is not the interface's thread.</exception>
    BoundCollection<TRow> BindTo(SynchronizationContext context);

    /// <inheritdoc cref="BindTo(SynchronizationContext)"/>
    /// <param name="context">The interface's: in its thread, <see cref="SynchronizationContext.Current"/>.</param>
    /// <param name="options">How changes are gathered.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its bounds.</exception>
    BoundCollection<TRow> BindTo(SynchronizationContext context, StoreBindingOptions options);
}
