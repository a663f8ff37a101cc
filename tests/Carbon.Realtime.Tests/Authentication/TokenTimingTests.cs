using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Authentication;

public sealed class TokenTimingTests
{
    [Fact]
    public void The_refresh_ahead_of_expiry_survives_a_change_of_tenant()
    {
        var tokens = new FakeTokens();
        var world = new World(tokens: tokens);
        tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(1));
        using var one = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Manager.Tenant.Set("co_2");
        using var two = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Manager.Changes(Shop.SalesOrders).Status.State.Should().Be(RealtimeState.Live);
        world.Advance(3599);
        tokens.Asked.Should().Contain(AccessTokenReason.Expiring);
    }

    [Fact]
    public void A_token_that_changes_before_the_first_ok_is_pushed_after_it_and_makes_no_gap()
    {
        var tokens = new FakeTokens();
        var world = new World(tokens: tokens) { AutoSubscribed = false };
        tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(1), mark: "a");
        using var one = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(1), mark: "b");
        _ = world.Manager.RefreshAccessTokenAsync();
        world.Run();
        world.Socket.Frames("access_token").Should().BeEmpty("the ok of a push before the first could not be told from the server's subscribing again");
        world.Socket.Subscribed(world.Socket.Join());
        world.Run();
        world.Socket.Frames("access_token").Should().ContainSingle().Which.AccessToken.Should().Be(tokens.Token);
        world.Advance(2);
        world.Socket.Subscribed(world.Socket.Join());
        world.Run();
        one.Items.Select(i => i.ToString()).Should().Equal("gap (Started)");
    }

    [Fact]
    public async Task Disposal_cancels_the_provider_of_a_tenant_scope()
    {
        var world = new World();
        CancellationToken given = default;
        var tokens = new FakeTokens { Answer = (_, t) => { given = t; return new ValueTask<string?>(new TaskCompletionSource<string?>().Task); } };
        var scope = world.Manager.ForTenant("co_2", tokens);
        using var s = new StreamRecorder<TableChange<string, SalesOrder>>(scope.Changes(Shop.SalesOrders));
        world.Run();
        given.CanBeCanceled.Should().BeTrue();
        await world.Env.RunAsync(world.Manager.DisposeAsync().AsTask(), TimeSpan.FromSeconds(3));
        given.IsCancellationRequested.Should().BeTrue();
    }

    [Fact]
    public void A_refused_token_is_not_made_good_by_a_change_that_is_told_meanwhile()
    {
        var tokens = new FakeTokens();
        var world = new World(tokens: tokens) { AutoJoin = false };
        tokens.Token = "old";
        using var one = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        var hang = new TaskCompletionSource<string?>();
        tokens.Answer = (_, _) => new ValueTask<string?>(hang.Task);
        using var two = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos));
        world.Advance(6);
        using var three = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos.Where("id=eq.3")));
        world.Join();
        world.Socket.RefuseJoin(world.Socket.Join(0), "InvalidJWTToken: Token has expired 4 seconds ago");
        world.Run();
        _ = world.Manager.RefreshAccessTokenAsync();
        world.Run();
        tokens.Answer = null;
        hang.SetResult("old");
        world.Run();
        tokens.Asked.Should().Contain(AccessTokenReason.Rejected);
    }
}
