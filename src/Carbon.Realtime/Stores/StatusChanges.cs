using System.Reactive.Linq;

namespace Carbon.Realtime.Stores;

/// <summary>A store's statuses out of its history.</summary>
internal static class StatusChanges
{
    public static IObservable<StoreStatus> Of<TKey, TRow>(IObservable<StoreChangeSet<TKey, TRow>> changes)
        where TKey : notnull => changes.Select(static set => set.Status).DistinctUntilChanged(static s => (s.State, s.Reason, s.Error?.Reason, s.Error?.Message));
}
