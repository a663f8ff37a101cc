using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Connection;

public sealed class DisposalTests
{
    [Fact]
    public async Task Disposing_leaves_channels_closes_politely_completes_streams_and_leaves_no_timer()
    {
        var world = new World();
        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        using var statuses = new StreamRecorder<RealtimeStatus>(world.Manager.StatusChanges);
        world.Join();

        await world.Env.RunAsync(world.Manager.DisposeAsync().AsTask());
        world.Run();

        world.Socket.Frames("phx_leave").Should().ContainSingle();
        world.Socket.IsClosedByClient.Should().BeTrue();
        world.Socket.IsDisposed.Should().BeTrue();
        seen.IsCompleted.Should().BeTrue();
        statuses.IsCompleted.Should().BeTrue();
        statuses.Items[^1].State.Should().Be(RealtimeState.Closed);
        stream.Status.State.Should().Be(RealtimeState.Closed);
        world.Env.Time.ArmedTimers.Should().Be(0);
        seen.AssertContract();
        statuses.AssertContract();
    }

    [Fact]
    public async Task Disposing_finishes_in_every_state()
    {
        var states = new Dictionary<string, Action<World>>
        {
            ["idle"] = _ => { },
            ["dialling"] = w => w.Server.HangNext(),
            ["backing off"] = w => w.Server.FailNext(new IOException()),
            ["faulted"] = w => w.Server.RefuseNext(401, ""),
            ["joining"] = w => w.AutoJoin = false,
            ["waiting for the ok"] = w => w.AutoSubscribed = false,
            ["live"] = _ => { },
            ["a server that does not answer the close"] = w => w.Server.Opened += s => s.AnswersClose = false,
            ["a provider that hangs"] = w => { },
        };
        foreach (var (name, prepare) in states)
        {
            var tokens = new FakeTokens();
            if (name == "a provider that hangs")
            {
                tokens.Answer = (_, _) => new ValueTask<string?>(new TaskCompletionSource<string?>().Task);
            }

            var world = new World(tokens: tokens);
            prepare(world);
            StreamRecorder<TableChange<string, SalesOrder>>? seen = null;
            if (name != "idle")
            {
                seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
                world.Join();
            }

            await world.Env.RunAsync(world.Manager.DisposeAsync().AsTask(), TimeSpan.FromSeconds(11));
            world.Run();
            (seen?.IsCompleted ?? true).Should().BeTrue(name);
            world.Env.Time.ArmedTimers.Should().Be(0, name);
            seen?.AssertContract();
        }
    }

    [Fact]
    public async Task After_disposal_every_use_says_so()
    {
        var world = new World();
        var stream = world.Manager.Changes(Shop.SalesOrders);
        await world.Env.RunAsync(world.Manager.DisposeAsync().AsTask());
        await world.Env.RunAsync(world.Manager.DisposeAsync().AsTask());
        world.Manager.Dispose();

        world.Manager.Invoking(m => m.Changes(Shop.SalesOrders)).Should().Throw<ObjectDisposedException>();
        world.Manager.Invoking(m => m.ForTenant("co_2")).Should().Throw<ObjectDisposedException>();
        await world.Manager.Invoking(m => m.RefreshAccessTokenAsync()).Should().ThrowAsync<ObjectDisposedException>();
        await stream.Invoking(s => s.WhenLiveAsync()).Should().ThrowAsync<ObjectDisposedException>();
        using var late = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Run();
        late.IsCompleted.Should().BeTrue();
    }

    [Fact]
    public async Task Waiters_do_not_hang_when_the_manager_is_disposed()
    {
        var world = new World { AutoJoin = false };
        var stream = world.Manager.Changes(Shop.SalesOrders);
        var live = stream.WhenLiveAsync();
        world.Join();
        await world.Env.RunAsync(world.Manager.DisposeAsync().AsTask());
        await live.Invoking(t => t).Should().ThrowAsync<ObjectDisposedException>();
    }
}
