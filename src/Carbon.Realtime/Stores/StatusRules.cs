namespace Carbon.Realtime.Stores;

/// <summary>What a store's status follows from.</summary>
internal readonly record struct StoreFacts
{
    /// <summary>Whether rows are shown.</summary>
    public bool IsShown { get; init; }

    /// <summary>Whether everything was read at least once, whenever that was.</summary>
    public bool WasRead { get; init; }

    /// <summary>Whether the server says that changes flow.</summary>
    public bool IsEpoch { get; init; }

    /// <summary>Whether everything was read since it says so.</summary>
    public bool IsVerified { get; init; }

    /// <summary>Whether a row has been in doubt for too long.</summary>
    public bool IsDoubtful { get; init; }

    /// <summary>Whether the stream has proven unreliable.</summary>
    public bool IsLossy { get; init; }

    /// <summary>Whether reading everything has failed for long.</summary>
    public bool IsUnreadable { get; init; }

    /// <summary>Whether events were dropped and nothing was read since.</summary>
    public bool HasOverflowed { get; init; }

    /// <summary>Whether there has been no epoch for so long, or an attempt has failed, that it is more than an interruption.</summary>
    public bool IsOffline { get; init; }

    /// <summary>Whether everything was read since the last epoch ended.</summary>
    public bool IsPolled { get; init; }

    /// <summary>Why reading failed last.</summary>
    public RealtimeException? ReadError { get; init; }

    /// <summary>Why the subscription does not stand.</summary>
    public RealtimeException? FeedError { get; init; }
}

/// <summary>The truth table of a store's states (docs/convergence.md, "States"). Pure.</summary>
internal static class StatusRules
{
    public static (StoreState State, StoreReason Reason) Of(in StoreFacts facts) => facts switch
    {
        { ReadError: { IsTransient: false } error } when IsAuth(error) => (StoreState.NeedsAuth, StoreReason.Auth),
        { ReadError: { IsTransient: false } } => (StoreState.Faulted, StoreReason.Configuration),
        { FeedError: { Reason: RealtimeErrorReason.TableMisconfigured or RealtimeErrorReason.UnsafeFilter } } => (StoreState.Faulted, StoreReason.Configuration),
        { FeedError: { IsTransient: false } error, IsPolled: false } when IsAuth(error) => (StoreState.NeedsAuth, StoreReason.Auth),
        { IsShown: false } when LacksToken(facts) => (StoreState.NeedsAuth, StoreReason.Auth),
        { IsShown: false } => (StoreState.Loading, facts.IsOffline ? StoreReason.Offline : StoreReason.None),
        { IsEpoch: true, IsUnreadable: true } => (StoreState.Degraded, StoreReason.StreamOnly),
        { IsEpoch: true, HasOverflowed: true } => (StoreState.Stale, StoreReason.Overflow),
        { IsEpoch: true, IsVerified: false } or { IsEpoch: true, IsDoubtful: true } =>
            (StoreState.CatchingUp, facts.WasRead ? StoreReason.None : StoreReason.Cache),
        { IsEpoch: true, IsLossy: true } => (StoreState.Degraded, StoreReason.LossyStream),
        { IsEpoch: true } => (StoreState.Live, StoreReason.None),
        { IsPolled: true, ReadError: null } => (StoreState.Degraded, StoreReason.PollingOnly),
        _ when LacksToken(facts) => (StoreState.Stale, StoreReason.Auth),
        { IsOffline: true } or { ReadError: not null } => (StoreState.Stale, StoreReason.Offline),
        { WasRead: false } => (StoreState.Stale, StoreReason.Cache),
        _ => (StoreState.Stale, StoreReason.Epoch),
    };

    /// <summary>Whether reading or, where nothing is known of that yet, the subscription waits for a token, and not because nothing can be reached at all.</summary>
    private static bool LacksToken(in StoreFacts facts) => (facts.ReadError ?? facts.FeedError) is { } error && IsAuth(error)
        && facts.FeedError?.Reason is not (RealtimeErrorReason.ServerUnreachable or RealtimeErrorReason.ConnectionLost);

    public static bool IsAuth(RealtimeException error) => error.Reason is RealtimeErrorReason.TokenExpired or RealtimeErrorReason.TokenRejected
        or RealtimeErrorReason.TokenProviderFailed;
}
