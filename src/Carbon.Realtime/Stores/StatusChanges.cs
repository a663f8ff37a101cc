using System.Reactive.Linq;

namespace Carbon.Realtime.Stores;

/// <summary>A store's statuses out of its history.</summary>
internal static class StatusChanges
{
    private static readonly IEqualityComparer<StoreStatus> ByWords = EqualityComparer<StoreStatus>.Create(
        static (one, other) => ReferenceEquals(one, other) || (one is not null && other is not null && one.SaysTheSameAs(other)), static _ => 0);

    public static IObservable<StoreStatus> Of<TKey, TRow>(IObservable<StoreChangeSet<TKey, TRow>> changes)
        where TKey : notnull => changes.Select(static set => set.Status).DistinctUntilChanged(ByWords);
}
