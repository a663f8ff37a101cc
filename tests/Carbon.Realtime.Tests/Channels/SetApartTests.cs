using System.Text.Json;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Channels;

/// <summary>Whatever becomes of one channel that is set apart, the others get their turns.</summary>
public sealed class SetApartTests
{
    [Fact]
    public void One_whose_subscription_the_server_goes_on_trying_does_not_keep_the_others_from_theirs()
    {
        var world = new World(o => o.MaxChannels = 1);
        var server = new TableServer(world);
        server.Unpublished.UnionWith(["x", "y"]);
        var streams = "ok x y".Split(' ').Select(t => world.Manager.Changes(t)).ToArray();
        var seen = streams.Select(s => new StreamRecorder<TableChange<JsonElement, JsonElement>>(s)).ToList();
        world.Join();
        server.Unpublished.Clear();
        server.Refuses = b => b.GetProperty("table").GetString() == "x" ? "the database is busy" : null;
        for (var i = 0; i < 600; i++)
        {
            // The server tries by itself every few seconds, and says so each time.
            world.Advance(10);
            foreach (var join in server.Joined.Where(j => j.Bindings.Any(b => b.GetProperty("table").GetString() == "x")).ToList())
            {
                world.Socket.System(join, "postgres_changes", "error", "the database is busy");
                world.Run();
            }
        }

        streams[2].Status.State.Should().Be(RealtimeState.Live, "y was published 100 min ago; " + string.Join(',', streams.Select(s => s.Status)));
    }

    [Fact]
    public void At_the_largest_budget_what_is_set_apart_is_tried_all_the_same()
    {
        var world = new World(o => o.MaxChannels = 99);
        var server = new TableServer(world) { MostAllowed = 1000 };
        server.Unpublished.Add("bad");
        var seen = Enumerable.Range(0, 99).Select(i => Watch(world, "t" + i, "g" + i)).ToList();
        var stream = world.Manager.Changes(RealtimeTable.Untyped("bad"), new ChangeStreamOptions { Group = "g0" });
        using var bad = new StreamRecorder<TableChange<JsonElement, JsonElement>>(stream);
        world.Advance(60);
        stream.Status.State.Should().Be(RealtimeState.Faulted);
        server.Unpublished.Clear();
        world.Advance(7200);
        stream.Status.State.Should().Be(RealtimeState.Live);
    }

    [Fact]
    public void Halves_of_what_is_set_apart_join_at_once_where_there_is_room_and_both_stay_set_apart()
    {
        var world = new World(o => (o.MaxChannels, o.Linger) = (3, TimeSpan.Zero));
        var judged = 0;
        var server = new TableServer(world) { Quotes = false };
        server.Refuses = binding =>
        {
            if (binding.GetProperty("table").GetString() != "t3")
            {
                return null;
            }

            server.Quotes = ++judged > 2; // alone at last: the server cannot serve it right now, and says so
            return "the database is busy";
        };
        var (a, b) = (Watch(world, "a", "a"), Watch(world, "b", "b"));
        world.Join();
        var streams = Enumerable.Range(0, 4).Select(i => world.Manager.Changes($"t{i}")).ToList();
        var seen = streams.ConvertAll(static s => new StreamRecorder<TableChange<JsonElement, JsonElement>>(s));
        world.Join();
        server.MostJoined.Should().Be(3, "there is no room: one half waits");
        streams.Select(static s => s.Status.State).Should().Equal(RealtimeState.Live, RealtimeState.Live, RealtimeState.Faulted, RealtimeState.Faulted);
        a.Dispose();
        b.Dispose();
        world.Advance(1);
        var joins = server.Joins;
        for (var tenth = 0; tenth < 600 && server.Joins == joins; tenth++)
        {
            world.Advance(0.1);
        }

        server.Joins.Should().Be(joins + 3, "the two, and each by itself");
        streams[2].Status.State.Should().Be(RealtimeState.Live);
        streams[3].Status.NextRetry.Should().BeAfter(world.Env.Time.GetUtcNow(), "whoever is set apart waits for another turn instead of keeping its own");
    }

    private static StreamRecorder<TableChange<JsonElement, JsonElement>> Watch(World world, string table, string group = "default") =>
        new(world.Manager.Changes(RealtimeTable.Untyped(table), new ChangeStreamOptions { Group = group }));
}
