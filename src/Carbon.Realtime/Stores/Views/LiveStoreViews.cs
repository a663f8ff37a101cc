using Carbon.Realtime.Stores.Views;

namespace Carbon.Realtime;

/// <summary>Live lists of a store's rows, filtered and sorted, and collections for user interfaces.</summary>
/// <remarks>They need nothing of a store but <see cref="ILiveStore{TKey, TRow}"/>, so that they work on fakes, too.</remarks>
public static class LiveStoreViews
{
    /// <summary>The rows that pass <paramref name="predicate"/>, in the store's order (<see cref="StoreOptions{TRow}.Order"/>), or in that of their keys.</summary>
    /// <remarks>A filter that sees only the row: for another one, when the user types, take another view and dispose the old one's subscription.</remarks>
    public static IStoreView<TRow> Where<TKey, TRow>(this ILiveStore<TKey, TRow> store, Func<TRow, bool> predicate)
        where TKey : notnull => store.OrderBy().Where(predicate);

    /// <summary>All rows in the store's order (<see cref="StoreOptions{TRow}.Order"/>), or in that of their keys.</summary>
    public static IStoreView<TRow> OrderBy<TKey, TRow>(this ILiveStore<TKey, TRow> store)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(store);
        return new StoreView<TKey, TRow>(store, null, (store as IViewedStore<TKey, TRow>)?.Order);
    }

    /// <summary>All rows in the order of <paramref name="comparison"/>; where it calls two equal, in that of their keys.</summary>
    public static IStoreView<TRow> OrderBy<TKey, TRow>(this ILiveStore<TKey, TRow> store, Comparison<TRow> comparison)
        where TKey : notnull => store.OrderBy().OrderBy(comparison);

    /// <summary>A collection for a user interface: all rows in the store's order. For a filter or another order: <c>store.Where(…).OrderBy(…).BindTo(…)</c>.</summary>
    /// <inheritdoc cref="IStoreView{TRow}.BindTo(SynchronizationContext)"/>
    public static BoundCollection<TRow> BindTo<TKey, TRow>(this ILiveStore<TKey, TRow> store, SynchronizationContext context)
        where TKey : notnull => store.OrderBy().BindTo(context);

    /// <inheritdoc cref="BindTo{TKey, TRow}(ILiveStore{TKey, TRow}, SynchronizationContext)"/>
    public static BoundCollection<TRow> BindTo<TKey, TRow>(this ILiveStore<TKey, TRow> store, SynchronizationContext context, StoreBindingOptions options)
        where TKey : notnull => store.OrderBy().BindTo(context, options);
}
