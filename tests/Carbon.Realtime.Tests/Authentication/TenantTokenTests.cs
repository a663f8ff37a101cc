using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Authentication;

/// <summary>A tenant scope with a token of its own: its life is not the manager's.</summary>
public sealed class TenantTokenTests : TokenTestBase
{
    [Fact]
    public void A_tenant_scope_may_have_a_token_of_its_own_on_channels_of_its_own()
    {
        Tokens.Token = "mine";
        using var mine = Watch();
        var theirs = new FakeTokens { Token = "theirs" };
        var scope = World.Manager.ForTenant("co_2", theirs);
        using var other = new StreamRecorder<TableChange<string, SalesOrder>>(scope.Changes(Shop.SalesOrders));
        World.Join();
        var joins = World.Socket.Frames("phx_join");
        joins.Select(j => (j.AccessToken, j.Bindings.Single().GetProperty("filter").GetString())).Should().BeEquivalentTo(
            [("mine", "companyId=eq.co_1"), ("theirs", "companyId=eq.co_2")]);
        scope.Dispose();
        World.Run();
        other.IsCompleted.Should().BeTrue();
        mine.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task A_changed_token_is_asked_of_tenant_scopes_too()
    {
        var theirs = new FakeTokens { Token = Jwt.Create(Now.AddHours(1), mark: "a") };
        var scope = World.Manager.ForTenant("co_2", theirs);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(scope.Changes(Shop.SalesOrders));
        World.Join();
        theirs.Token = Jwt.Create(Now.AddHours(1), mark: "b");
        await World.Env.RunAsync(World.Manager.RefreshAccessTokenAsync());
        World.Run();
        World.Socket.Frames("access_token").Should().ContainSingle().Which.AccessToken.Should().Be(theirs.Token);
    }

    [Fact]
    public void Its_token_is_refreshed_pushed_and_expired_on_its_own()
    {
        Tokens.Token = Jwt.Create(Now.AddHours(5));
        var theirs = new FakeTokens { Token = Jwt.Create(Now.AddHours(1), sub: "user_2", mark: "a") };
        using var mine = Watch();
        using var other = new StreamRecorder<TableChange<string, SalesOrder>>(World.Manager.ForTenant("co_2", theirs).Changes(Shop.SalesOrders));
        World.Join();
        var join = Joins.Single(j => j.AccessToken == theirs.Token);
        theirs.Token = Jwt.Create(Now.AddHours(2), sub: "user_2", mark: "b");
        World.Advance(3599);
        theirs.Asked.Should().Equal(AccessTokenReason.Connect, AccessTokenReason.Expiring);
        Tokens.Asked.Should().Equal(AccessTokenReason.Connect);
        var push = Pushes.Should().ContainSingle().Subject;
        (push.Topic, push.AccessToken).Should().Be((join.Topic, theirs.Token));

        World.Socket.System(join, "system", "error", "Token has expired 0 seconds ago");
        World.Socket.CloseChannel(join);
        theirs.Token = Jwt.Create(Now.AddHours(2), sub: "user_2", mark: "c");
        World.Run();
        theirs.Asked.Should().EndWith([AccessTokenReason.Rejected]);
        Tokens.Asked.Should().Equal(AccessTokenReason.Connect);
        other.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)");
        mine.Items.Should().ContainSingle();
    }

    [Fact]
    public void Disposing_the_scope_stops_its_refresh()
    {
        var theirs = new FakeTokens { Token = Jwt.Create(Now.AddHours(1)) };
        using var mine = Watch();
        var scope = World.Manager.ForTenant("co_2", theirs);
        using var other = new StreamRecorder<TableChange<string, SalesOrder>>(scope.Changes(Shop.SalesOrders));
        World.Join();
        scope.Dispose();
        World.Advance(7200);
        theirs.Asked.Should().Equal(AccessTokenReason.Connect);
        Leftovers.Of(World).Sessions.Should().Be(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_scope_whose_provider_fails_or_hangs_leaves_the_managers_channels_alone_and_keeps_them_not_waiting(bool hangs)
    {
        Tokens.Token = "mine";
        var theirs = new FakeTokens
        {
            Answer = (_, _) => hangs ? new ValueTask<string?>(new TaskCompletionSource<string?>().Task) : throw new InvalidOperationException(),
        };
        var stream = World.Manager.Changes(Shop.SalesOrders);
        var foreign = World.Manager.ForTenant("co_2", theirs).Changes(Shop.SalesOrders);
        using var mine = Watch();
        using var other = new StreamRecorder<TableChange<string, SalesOrder>>(foreign);
        World.Join();
        stream.Status.State.Should().Be(RealtimeState.Live, "its own token is there");
        World.Advance(60);
        World.Socket.Break();
        World.Advance(1.1);
        stream.Status.State.Should().Be(RealtimeState.Live);
        World.Advance(30);
        foreign.Status.Error!.Reason.Should().Be(RealtimeErrorReason.TokenProviderFailed);
        other.Items.Should().BeEmpty();
        mine.Items.Should().HaveCount(2);
    }

    [Fact]
    public async Task Disposing_the_scope_while_its_provider_is_asked_does_not_fail_the_refresh_of_the_others()
    {
        Tokens.Token = "one";
        var theirs = new FakeTokens { Token = "theirs" };
        var scope = World.Manager.ForTenant("co_2", theirs);
        using var mine = Watch();
        using var other = new StreamRecorder<TableChange<string, SalesOrder>>(scope.Changes(Shop.SalesOrders));
        World.Join();
        theirs.Answer = (_, _) => new ValueTask<string?>(new TaskCompletionSource<string?>().Task);
        Tokens.Token = "two";
        var refresh = World.Manager.RefreshAccessTokenAsync();
        World.Run();
        scope.Dispose();
        await World.Env.RunAsync(refresh, TimeSpan.FromSeconds(5));
        World.Run();
        Pushes.Should().ContainSingle().Which.AccessToken.Should().Be("two");
    }
}
