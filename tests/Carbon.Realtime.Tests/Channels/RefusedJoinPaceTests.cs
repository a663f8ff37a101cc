using System.Text.Json;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Channels;

/// <summary>Joins that the server keeps refusing keep a common distance, and nobody's waits grow because of others that are gone.</summary>
public sealed class RefusedJoinPaceTests
{
    private const string NotNow = "UnableToConnectToProject: Realtime was unable to connect to the project database";

    [Fact]
    public void Thirty_two_channels_refused_for_an_hour_leave_the_socket_half_of_its_time_and_all_have_their_turns()
    {
        var world = new World();
        var server = new SerialServer(world) { Answer = static _ => (5, NotNow) };
        var seen = WatchMany(world, 32);
        world.Advance(3600);
        server.Joins.Should().BeInRange(200, 360, "each makes it deaf for five seconds");
        world.Server.Sockets.Should().ContainSingle();
        var tries = world.Socket.Frames("phx_join").CountBy(static j => j.Bindings[0].GetProperty("table").GetString()!).ToDictionary();
        tries.Should().HaveCount(32);
        tries.Values.Should().OnlyContain(static count => count >= 6, "nobody is kept from its turn by others");
    }

    [Fact]
    public void When_the_server_is_well_again_all_thirty_two_are_live_within_half_a_minute()
    {
        var world = new World();
        var isWell = false;
        var server = new SerialServer(world) { Answer = _ => isWell ? (0.2, null) : (5, NotNow) };
        var seen = WatchMany(world, 32);
        world.Advance(1800);
        seen.Should().OnlyContain(static s => s.Count == 0);
        isWell = true;
        world.Advance(30);
        seen.Should().OnlyContain(static s => s.Count == 1, "an accepted join ends the distance, one after another");
        var joins = server.Joins;
        world.Advance(600);
        server.Joins.Should().Be(joins);
    }

    [Fact]
    public void One_refused_channel_alone_is_tried_again_as_quickly_as_ever_also_when_it_is_the_last_of_many()
    {
        var world = new World(o => o.Linger = TimeSpan.Zero);
        var server = new SerialServer(world) { Answer = static _ => (0, NotNow) };
        using var alone = Watch(world, "alone", "alone");
        world.Advance(3.1);
        server.Joins.Should().BeGreaterThanOrEqualTo(3, "the waits are drawn from 0.5 to 1, 2 and 4 s");
        var others = WatchMany(world, 31);
        world.Advance(600);
        others.ForEach(static s => s.Dispose());
        world.Advance(31);
        var joins = server.Joins;
        world.Advance(600);
        (server.Joins - joins).Should().BeGreaterThan(25, "0.5 to 30 s each");
    }

    [Fact]
    public void Two_refused_channels_keep_their_distance_and_say_when_their_turn_comes()
    {
        var world = new World();
        var times = new List<DateTimeOffset>();
        var server = new SerialServer(world) { Answer = number => (0, NotNow) };
        var streams = "ab".Select(t => world.Manager.Changes(RealtimeTable.Untyped(t.ToString()), new ChangeStreamOptions { Group = t.ToString() })).ToList();
        var seen = streams.ConvertAll(static s => new StreamRecorder<TableChange<JsonElement, JsonElement>>(s));
        var joins = 0;
        for (var tenth = 0; tenth < 3000; tenth++)
        {
            world.Advance(0.1);
            streams.Should().OnlyContain(static s => s.Status.State == RealtimeState.Recovering);
            streams.Should().OnlyContain(s => s.Status.NextRetry > world.Env.Time.GetUtcNow() && s.Status.NextRetry < world.Env.Time.GetUtcNow().AddSeconds(30.1));
            if (server.Joins > joins && tenth > 20)
            {
                times.AddRange(Enumerable.Repeat(world.Env.Time.GetUtcNow(), server.Joins - joins));
            }

            joins = server.Joins;
        }

        times.Should().HaveCountGreaterThan(15);
        times.Zip(times.Skip(1), static (a, b) => (b - a).TotalSeconds).Min().Should().BeGreaterThan(11.8);
    }

    [Fact]
    public void A_new_channel_is_joined_at_once_although_others_wait_for_their_turns()
    {
        var world = new World();
        var server = new SerialServer(world) { Answer = static _ => (0, NotNow) };
        var seen = WatchMany(world, 8);
        world.Advance(60);
        server.Answer = static _ => (0, null);
        using var late = Watch(world, "late", "late");
        world.Join();
        late.Count.Should().Be(1);
    }

    [Fact]
    public void An_accepted_join_hastens_nobody_who_was_asked_to_wait_or_to_change_something()
    {
        var world = new World { AutoJoin = false };
        var seen = WatchMany(world, 2);
        world.Socket.RefuseJoin(world.Socket.Join(0), "ClientJoinRateLimitReached: Too many joins per second");
        world.Socket.RefuseJoin(world.Socket.Join(1), "Unauthorized: no");
        world.Run();
        world.AutoJoin = true;
        using var late = Watch(world, "late", "late");
        world.Join();
        late.Count.Should().Be(1);
        world.Advance(0.4);
        world.Socket.Frames("phx_join").Should().HaveCount(3);
    }

    [Fact]
    public void A_refused_page_that_comes_and_goes_does_not_push_the_next_try_into_hours()
    {
        var world = new World(o => o.Linger = TimeSpan.Zero) { AutoJoin = false };
        for (var i = 0; i < 300; i++)
        {
            var seen = Watch(world, "secret");
            world.Join();
            world.Socket.RefuseJoin(world.Socket.Join(), "Unauthorized: You do not have permissions to read from this Channel topic");
            world.Run();
            seen.Dispose();
            world.Advance(5);
        }

        var stream = world.Manager.Changes(RealtimeTable.Untyped("other"));
        using var last = new StreamRecorder<TableChange<JsonElement, JsonElement>>(stream);
        world.Join();
        world.Socket.RefuseJoin(world.Socket.Join(), "Unauthorized: You do not have permissions to read from this Channel topic");
        world.Run();
        (stream.Status.NextRetry!.Value - world.Env.Time.GetUtcNow()).Should().BeLessThan(TimeSpan.FromMinutes(10));
    }

    [Fact]
    public void A_first_refusal_is_tried_again_within_a_minute_or_so_although_another_waits_long()
    {
        var world = new World { AutoJoin = false };
        using var old = Watch(world, "old", "old");
        world.Join();
        for (var i = 0; i < 8; i++)
        {
            world.Socket.RefuseJoin(world.Socket.Join(), "Unauthorized: no");
            world.Run();
            if (i < 7)
            {
                world.Advance(600);
            }
        }

        var stream = world.Manager.Changes(RealtimeTable.Untyped("young"));
        using var last = new StreamRecorder<TableChange<JsonElement, JsonElement>>(stream);
        world.Join();
        world.Socket.RefuseJoin(world.Socket.Join(), "Unauthorized: no");
        world.Run();
        (stream.Status.NextRetry!.Value - world.Env.Time.GetUtcNow()).Should().BeLessThan(TimeSpan.FromSeconds(91));
    }

    [Fact]
    public void Trying_now_again_and_again_does_not_pile_up_waits()
    {
        var world = new World(o => o.MaxChannels = 99) { AutoJoin = false };
        world.Server.Opened = socket => socket.OnSent = text =>
        {
            var f = SentFrame.Parse(text);
            if (f.Event == "phx_join")
            {
                socket.RefuseJoin(f, "Unauthorized: no");
            }
            else
            {
                socket.Reply(f, "ok", "{}");
            }
        };
        var seen = Enumerable.Range(0, 20).Select(i => Watch(world, "t" + i, "g" + i)).ToList();
        world.Join();
        for (var i = 0; i < 20; i++)
        {
            world.Manager.RetryNow();
            world.Advance(5);
        }

        world.Advance(1);
        var joins = world.Socket.Frames("phx_join").Count;
        var minutes = 0;
        while (world.Socket.Frames("phx_join").Count == joins && minutes < 1000)
        {
            world.Advance(60);
            minutes++;
        }

        minutes.Should().BeLessThan(11, $"joins {joins}");
    }

    /// <summary>So many streams, each on a channel of its own.</summary>
    private static List<StreamRecorder<TableChange<JsonElement, JsonElement>>> WatchMany(World world, int count)
    {
        List<StreamRecorder<TableChange<JsonElement, JsonElement>>> seen = [.. Enumerable.Range(0, count).Select(i => Watch(world, $"t{i}", $"g{i}"))];
        world.Join();
        return seen;
    }

    private static StreamRecorder<TableChange<JsonElement, JsonElement>> Watch(World world, string table, string group = "default") =>
        new(world.Manager.Changes(RealtimeTable.Untyped(table), new ChangeStreamOptions { Group = group }));
}
