using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Channels;

public sealed class RefusalTests
{
    private const string Refusal =
        "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect parameters: [event: *, schema: public, table: todos]";

    [Fact]
    public void No_stream_of_a_channel_that_is_parted_claims_to_be_live()
    {
        var world = new World();
        var streams = Enumerable.Range(0, 6).Select(i => world.Manager.Changes(Shop.Todos.Where($"id=eq.{i}"))).ToList();
        var recs = streams.ConvertAll(s => new StreamRecorder<TableChange<long, Todo>>(s));
        world.Join();
        world.AutoJoin = false;
        world.Socket.System(world.Socket.Join(), "postgres_changes", "error", Refusal);
        world.Run();
        using var late = new StreamRecorder<TableChange<long, Todo>>(streams[5]);
        world.Run();
        streams.Select(s => s.Status.State).Should().AllBeEquivalentTo(RealtimeState.Joining);
        late.Items.Should().BeEmpty("nothing is subscribed, so reading is not safe yet");
    }

    [Theory]
    [InlineData(Refusal, true)]
    [InlineData("InvalidJWTToken: Token has expired 4 seconds ago", false)]
    public void A_changed_token_ends_the_wait_of_a_channel_that_may_have_lacked_it(string reason, bool system)
    {
        var tokens = new FakeTokens();
        var world = new World(tokens: tokens) { AutoSubscribed = false, AutoJoin = system };
        tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(1), mark: "a");
        using var one = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        if (system)
        {
            world.Socket.System(world.Socket.Join(), "postgres_changes", "error", reason);
            world.Run();
        }
        else
        {
            for (var i = 0; i < 2; i++)
            {
                world.Socket.RefuseJoin(world.Socket.Join(), reason);
                world.Run();
            }
        }

        var joins = world.Socket.Frames("phx_join").Count;
        tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(1), sub: "user_1", mark: "b");
        _ = world.Manager.RefreshAccessTokenAsync();
        world.Run();
        world.Socket.Frames("phx_join").Count.Should().Be(joins + 1);
    }

    [Fact]
    public void Parting_a_refused_channel_keeps_to_the_channel_budget()
    {
        var world = new World(o => o.MaxChannels = 4);
        var recs = Enumerable.Range(0, 120).Select(i => new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos.Where($"id=eq.{i}")))).ToList();
        world.Join();
        world.Socket.System(world.Socket.Join(), "postgres_changes", "error", Refusal);
        world.Run();
        for (var round = 0; round < 20; round++)
        {
            var left = world.Socket.Frames("phx_leave").Select(l => l.Topic).ToHashSet();
            var bad = world.Socket.Frames("phx_join")
                .FirstOrDefault(j => !left.Contains(j.Topic) && j.Bindings.Any(b => b.GetProperty("filter").GetString() == "id=eq.77"));
            if (bad is not null)
            {
                world.Socket.System(bad, "postgres_changes", "error", Refusal);
                world.Run();
            }
        }

        var open = world.Socket.Frames("phx_join").Count - world.Socket.Frames("phx_leave").Count;
        open.Should().BeInRange(2, 4, "halves part until the bad one is alone or the budget is spent");
        recs.Count(r => r.Items.Count > 0).Should().Be(120, "they were live before");
    }

    [Fact]
    public void A_channel_that_is_live_for_a_moment_only_is_not_joined_every_moment()
    {
        var world = new World();
        using var a = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        for (var i = 0; i < 60; i++)
        {
            var j = world.Socket.Join();
            world.Socket.System(j, "system", "error", "Too many messages per second");
            world.Socket.CloseChannel(j);
            world.Run();
            world.Advance(1);
        }

        world.Socket.Frames("phx_join").Count.Should().BeLessThan(30);
    }
}
