using Carbon.Realtime.Stores;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>The truth table of a store's states, row by row (docs/convergence.md, "States"): what is said of a store by what is true of it.</summary>
public sealed class StatusRulesTests
{
    private static readonly RealtimeException Passing = new(RealtimeErrorReason.ServerUnavailable, "x", isTransient: true);
    private static readonly RealtimeException Lasting = new(RealtimeErrorReason.PermissionDenied, "x", isTransient: false);
    private static readonly RealtimeException Misconfigured = new(RealtimeErrorReason.TableMisconfigured, "x", isTransient: false);
    private static readonly RealtimeException Unsafe = new(RealtimeErrorReason.UnsafeFilter, "x", isTransient: false);
    private static readonly RealtimeException NoToken = new(RealtimeErrorReason.TokenExpired, "x", isTransient: false);

    /// <summary>A store that has everything.</summary>
    private static readonly StoreFacts Fine = new() { IsShown = true, WasRead = true, IsEpoch = true, IsVerified = true };

    /// <summary>The same without a stream.</summary>
    private static readonly StoreFacts Cut = new() { IsShown = true, WasRead = true };

    [Fact]
    public void Everything_is_right()
    {
        Say(Fine, StoreState.Live, StoreReason.None);
        Say(Fine with { FeedError = Passing }, StoreState.Live, StoreReason.None);
        Say(Fine with { ReadError = Passing }, StoreState.Live, StoreReason.None);
    }

    [Fact]
    public void Somebody_must_change_something()
    {
        foreach (var reason in (RealtimeErrorReason[])[RealtimeErrorReason.TokenExpired, RealtimeErrorReason.TokenRejected, RealtimeErrorReason.TokenProviderFailed])
        {
            var error = new RealtimeException(reason, "x", isTransient: false);
            Say(Fine with { ReadError = error }, StoreState.NeedsAuth, StoreReason.Auth);
            Say(Cut with { FeedError = error }, StoreState.NeedsAuth, StoreReason.Auth);
            Say(default(StoreFacts) with { ReadError = error }, StoreState.NeedsAuth, StoreReason.Auth);
        }

        Say(Fine with { ReadError = Lasting }, StoreState.Faulted, StoreReason.Configuration);
        Say(default(StoreFacts) with { ReadError = Misconfigured }, StoreState.Faulted, StoreReason.Configuration);
        Say(Cut with { FeedError = Misconfigured, IsPolled = true }, StoreState.Faulted, StoreReason.Configuration);
        Say(Cut with { FeedError = Unsafe, IsPolled = true }, StoreState.Faulted, StoreReason.Configuration);
    }

    [Fact]
    public void A_token_that_is_missing_is_told_by_whoever_misses_it_first_unless_nothing_can_be_reached()
    {
        var failed = new RealtimeException(RealtimeErrorReason.TokenProviderFailed, "x", isTransient: true);
        var unreachable = new RealtimeException(RealtimeErrorReason.ServerUnreachable, "x", isTransient: true);
        Say(default(StoreFacts) with { FeedError = failed, IsOffline = true }, StoreState.NeedsAuth, StoreReason.Auth);
        Say(Cut with { FeedError = failed, IsOffline = true }, StoreState.Stale, StoreReason.Auth);
        Say(Cut with { ReadError = failed, IsOffline = true }, StoreState.Stale, StoreReason.Auth);
        Say(Cut with { ReadError = unreachable, FeedError = failed }, StoreState.Stale, StoreReason.Offline);
        Say(Cut with { ReadError = failed, FeedError = unreachable }, StoreState.Stale, StoreReason.Offline);
        Say(Cut with { FeedError = failed, IsPolled = true }, StoreState.Degraded, StoreReason.PollingOnly);
        Say(Fine with { FeedError = failed }, StoreState.Live, StoreReason.None);
    }

    [Fact]
    public void A_subscription_that_needs_a_token_is_done_without_where_rows_can_be_read()
    {
        Say(Cut with { FeedError = NoToken, IsPolled = true }, StoreState.Degraded, StoreReason.PollingOnly);
    }

    [Fact]
    public void Nothing_is_there_yet()
    {
        Say(default, StoreState.Loading, StoreReason.None);
        Say(default(StoreFacts) with { IsOffline = true }, StoreState.Loading, StoreReason.Offline);
        Say(default(StoreFacts) with { IsEpoch = true, FeedError = Passing, ReadError = Passing }, StoreState.Loading, StoreReason.None);
    }

    [Fact]
    public void The_stream_flows_and_something_is_not_known()
    {
        Say(Fine with { HasOverflowed = true, IsVerified = false }, StoreState.Stale, StoreReason.Overflow);
        Say(Fine with { IsVerified = false }, StoreState.CatchingUp, StoreReason.None);
        Say(Fine with { IsDoubtful = true }, StoreState.CatchingUp, StoreReason.None);
        Say(Fine with { IsLossy = true }, StoreState.Degraded, StoreReason.LossyStream);
        Say(Fine with { IsLossy = true, IsVerified = false }, StoreState.CatchingUp, StoreReason.None);
        Say(Fine with { IsUnreadable = true, ReadError = Passing }, StoreState.Degraded, StoreReason.StreamOnly);
        Say(Fine with { IsUnreadable = true, IsVerified = false, IsDoubtful = true, IsLossy = true, HasOverflowed = true }, StoreState.Degraded, StoreReason.StreamOnly);
        Say(Cut with { IsUnreadable = true, ReadError = Passing }, StoreState.Stale, StoreReason.Offline);
        Say(default(StoreFacts) with { IsEpoch = true, IsUnreadable = true }, StoreState.Loading, StoreReason.None);
        Say(Fine with { ReadError = Passing }, StoreState.Live, StoreReason.None);
    }

    [Fact]
    public void The_stream_does_not_flow()
    {
        Say(Cut, StoreState.Stale, StoreReason.Epoch);
        Say(Cut with { WasRead = false }, StoreState.Stale, StoreReason.Cache);
        Say(Cut with { IsOffline = true }, StoreState.Stale, StoreReason.Offline);
        Say(Cut with { ReadError = Passing }, StoreState.Stale, StoreReason.Offline);
        Say(Cut with { IsPolled = true, IsOffline = true }, StoreState.Degraded, StoreReason.PollingOnly);
        Say(Cut with { IsPolled = true, ReadError = Passing }, StoreState.Stale, StoreReason.Offline);
    }

    private static void Say(in StoreFacts facts, StoreState state, StoreReason reason) => StatusRules.Of(facts).Should().Be((state, reason), "of {0}", facts);
}
