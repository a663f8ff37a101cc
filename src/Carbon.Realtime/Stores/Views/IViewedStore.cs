using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Stores.Views;

/// <summary>What views take from a store of ours beside its public face. A store of somebody else's goes without: defaults are used.</summary>
internal interface IViewedStore<TKey, TRow>
    where TKey : notnull
{
    RealtimeEnvironment Environment { get; }

    /// <summary>The order of views that name none.</summary>
    Comparison<TRow>? Order { get; }

    /// <summary>When two keys are the same; <see langword="null"/> for their own equality.</summary>
    IEqualityComparer<TKey>? KeyComparer { get; }

    ILogger Logger { get; }
}
