namespace Carbon.Realtime;

/// <summary>How true what a store shows is.</summary>
public enum StoreState
{
    /// <summary>There is nothing to show and nothing under way: not started, no tenant yet, or the last user's rows are gone.</summary>
    Empty = 0,

    /// <summary>The rows are read for the first time; nothing is shown before all are there.</summary>
    Loading,

    /// <summary>Rows are shown that may be older than the database: from the cache, or from before the connection was lost.</summary>
    Stale,

    /// <summary>Rows are shown, and everything is read again: a moment before <see cref="Live"/>.</summary>
    CatchingUp,

    /// <summary>Everything was read since changes flow, and changes are applied as they come.</summary>
    Live,

    /// <summary>The rows are read again and again, as the stream cannot be relied on.</summary>
    Degraded,

    /// <summary>The server wants another access token. Rows are shown as they were.</summary>
    NeedsAuth,

    /// <summary>Somebody must change something: table, permission, key. The store looks again now and then.</summary>
    Faulted,

    /// <summary>Disposed; nothing more will come.</summary>
    Closed,
}

/// <summary>Why a store is in its state.</summary>
public enum StoreReason
{
    /// <summary>No particular reason.</summary>
    None = 0,

    /// <summary>Nobody uses it: reading <see cref="ILiveStore{TKey, TRow}.Current"/> starts nothing.</summary>
    NotStarted,

    /// <summary>The table is tenant-scoped, and no tenant is set.</summary>
    NoTenant,

    /// <summary>The rows come from the local cache.</summary>
    Cache,

    /// <summary>The server cannot be reached.</summary>
    Offline,

    /// <summary>The subscription was interrupted.</summary>
    Epoch,

    /// <summary>Changes came faster than they could be applied; some were dropped.</summary>
    Overflow,

    /// <summary>The access token was refused, or the provider gave none.</summary>
    Auth,

    /// <summary>Changes were lost although the subscription seemed well, more than once.</summary>
    LossyStream,

    /// <summary>There is no subscription; the rows are read from time to time.</summary>
    PollingOnly,

    /// <summary>Changes come, and the rows cannot be read: what the stream lost since <see cref="StoreStatus.AsOf"/> is missing. <see cref="StoreStatus.Error"/> says why.</summary>
    StreamOnly,

    /// <summary>Table, permission or options do not fit; <see cref="StoreStatus.Error"/> says what.</summary>
    Configuration,
}
