using System.Text.Json;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Channels;

/// <summary>Joins that the server keeps refusing keep a common distance, and nobody's waits grow because of others that are gone.</summary>
public sealed class RefusedJoinPaceTests
{
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

    private static StreamRecorder<TableChange<JsonElement, JsonElement>> Watch(World world, string table, string group = "default") =>
        new(world.Manager.Changes(RealtimeTable.Untyped(table), new ChangeStreamOptions { Group = group }));
}
