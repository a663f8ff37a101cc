using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Authentication;

/// <summary>A provider that gives a token which has ended; by a clock that may be wrong.</summary>
public sealed class ExpiredTokenTests : TokenTestBase
{
    [Fact]
    public void An_expired_token_is_asked_for_once_more_before_anybody_joins_with_it()
    {
        var cached = Jwt.Create(Now.AddSeconds(-1));
        var fresh = Jwt.Create(Now.AddHours(1));
        Tokens.Answer = (request, _) => ValueTask.FromResult<string?>(request.MustBeFresh ? fresh : cached);
        using var seen = Watch();
        World.Join();
        Tokens.Asked.Should().Equal(AccessTokenReason.Connect, AccessTokenReason.Expiring);
        Joins.Should().ContainSingle().Which.AccessToken.Should().Be(fresh);
        Warnings.Should().BeEmpty("the provider had a fresh one");
    }

    [Fact]
    public void A_shop_floor_terminal_whose_clock_is_years_ahead_works_and_is_told_of_it_once()
    {
        Tokens.Answer = (_, _) => ValueTask.FromResult<string?>(Jwt.Create(ServersTime.AddHours(1), mark: $"{Tokens.Asked.Count}"));
        World.Env.Time.StepWallClock(TimeSpan.FromDays(1500));
        using var seen = Watch();
        World.Join();
        World.Manager.Changes(Shop.SalesOrders).Status.State.Should().Be(RealtimeState.Live);
        for (var i = 0; i < 20; i++)
        {
            World.Socket.Break();
            World.Advance(40);
        }

        World.Manager.Changes(Shop.SalesOrders).Status.State.Should().Be(RealtimeState.Live);
        Tokens.Asked.Count(r => r == AccessTokenReason.Connect).Should().Be(21);
        Tokens.Asked.Count(r => r == AccessTokenReason.Expiring).Should().Be(1, "that fresh ones look expired too is known by then");
        Warnings.Should().ContainSingle().Which.Should().Contain("Check the clock").And.Contain("2030");
    }

    [Fact]
    public void A_clock_that_is_years_behind_costs_the_refresh_ahead_and_nothing_else()
    {
        Tokens.Answer = (_, _) => ValueTask.FromResult<string?>(Jwt.Create(ServersTime.AddHours(1), mark: $"{Tokens.Asked.Count}"));
        World.Env.Time.StepWallClock(TimeSpan.FromDays(-1500));
        using var seen = Watch();
        World.Join();
        World.Advance(3600);
        World.Socket.System(World.Socket.Join(), "system", "error", "Token has expired 0 seconds ago");
        World.Socket.CloseChannel(World.Socket.Join());
        World.Run();
        Tokens.Asked.Should().Equal(AccessTokenReason.Connect, AccessTokenReason.Rejected);
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)");
        Warnings.Should().BeEmpty();
    }

    [Fact]
    public void Once_the_clock_is_right_an_expired_token_is_asked_for_once_more_again()
    {
        var fresh = Jwt.Create(ServersTime.AddHours(1), mark: "fresh");
        Tokens.Token = Jwt.Create(ServersTime.AddHours(1));
        World.Env.Time.StepWallClock(TimeSpan.FromDays(1500));
        using var seen = Watch();
        World.Join();
        Tokens.Asked.Should().Equal(AccessTokenReason.Connect, AccessTokenReason.Expiring);
        World.Env.Time.StepWallClock(TimeSpan.FromDays(-1500));
        World.Socket.Break();
        World.Advance(40);
        var expired = Jwt.Create(ServersTime.AddHours(-1), mark: "expired");
        Tokens.Answer = (request, _) => ValueTask.FromResult<string?>(request.MustBeFresh ? fresh : expired);
        World.Socket.Break();
        World.Advance(40);
        Tokens.Asked.Should().EndWith([AccessTokenReason.Connect, AccessTokenReason.Connect, AccessTokenReason.Expiring]);
        World.Socket.Join().AccessToken.Should().Be(fresh);
        Warnings.Should().ContainSingle();
    }

    [Fact]
    public void Nobody_joins_with_a_token_that_has_ended_because_the_sign_in_is_down()
    {
        var isDown = true;
        var fresh = Jwt.Create(Now.AddHours(1));
        Tokens.Answer = (request, _) => !request.MustBeFresh ? ValueTask.FromResult<string?>(Jwt.Create(Now.AddSeconds(-1)))
            : isDown ? throw new InvalidOperationException() : ValueTask.FromResult<string?>(fresh);
        var stream = World.Manager.Changes(Shop.SalesOrders);
        using var seen = Watch();
        World.Advance(60);
        Joins.Should().BeEmpty("it would be refused after five seconds in which the socket is deaf");
        stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.TokenProviderFailed);
        Tokens.Asked.Should().HaveCountLessThan(40);
        isDown = false;
        World.Advance(30);
        Joins.Should().ContainSingle().Which.AccessToken.Should().Be(fresh);
    }

    [Fact]
    public void A_token_that_ends_while_the_connection_is_down_is_replaced_before_the_first_join_of_the_new_one()
    {
        var expiry = Now.AddMinutes(10);
        var cached = Jwt.Create(expiry);
        var fresh = Jwt.Create(expiry.AddHours(1), mark: "fresh");
        var isOffline = false;
        Tokens.Answer = (request, _) => !request.MustBeFresh ? ValueTask.FromResult<string?>(cached)
            : isOffline ? throw new HttpRequestException() : ValueTask.FromResult<string?>(fresh);
        using var seen = Watch();
        World.Join();
        isOffline = true;
        for (var i = 0; i < 60; i++)
        {
            World.Server.FailNext(new IOException());
        }

        World.Socket.Break();
        World.Advance(700);
        World.Server.Sockets.Should().ContainSingle("it is still down");
        isOffline = false;
        World.Advance(3600);
        World.Server.Sockets.Should().HaveCount(2);
        Joins.Should().ContainSingle().Which.AccessToken.Should().Be(fresh);
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)");
    }

    private IEnumerable<string> Warnings => World.Log.Lines.Where(static l => l.StartsWith("Warning", StringComparison.Ordinal) && l.Contains("clock"));

    /// <summary>What the right time is, whatever the device says.</summary>
    private DateTimeOffset ServersTime => new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero) + World.Env.Time.GetElapsedTime(0);
}
