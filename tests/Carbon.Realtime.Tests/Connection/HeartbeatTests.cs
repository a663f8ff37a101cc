using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Connection;

/// <summary>What an unanswered beat proves, and what it does not (docs/protocol.md, "Close codes").</summary>
public sealed class HeartbeatTests
{
    private const string Order = """{"id":"a","companyId":"co_1","status":"x"}""";

    [Fact]
    public void Replies_that_stop_while_data_flows_cost_the_socket_only_after_three_beats()
    {
        var world = new World { AutoHeartbeat = false };
        using var seen = Follow(world);
        Flow(world, 99);
        world.Server.Sockets.Should().ContainSingle().Which.IsAborted.Should().BeFalse("any frame is a sign of life");
        world.Socket.Frames("heartbeat").Should().HaveCount(3, "inbound data replaces no beat");
        var first = world.Socket;
        Flow(world, 2);
        first.IsAborted.Should().BeTrue("our frames do not arrive: the server would end the socket soon");
        seen.Items[^1].ToString().Should().NotBe("gap (Suspended)");
    }

    [Fact]
    public void Replies_that_are_late_under_load_cost_nothing_however_long_it_lasts()
    {
        var world = new World { AutoHeartbeat = false };
        using var seen = Follow(world);
        var due = new Queue<(int Second, SentFrame Beat)>();
        var asked = 0;
        for (var second = 0; second < 3600; second++)
        {
            Flow(world, 1);
            foreach (var beat in world.Socket.Frames("heartbeat").Skip(asked))
            {
                asked++;
                due.Enqueue((second + 40, beat));
            }

            while (due.TryPeek(out var next) && next.Second <= second)
            {
                world.Socket.Reply(due.Dequeue().Beat, "ok", "{}");
            }
        }

        world.Server.Sockets.Should().ContainSingle().Which.IsAborted.Should().BeFalse("every beat is answered, if 40 s late");
        asked.Should().Be(144);
    }

    [Fact]
    public void A_half_open_socket_is_given_up_after_one_unanswered_beat_in_silence()
    {
        var world = new World { AutoHeartbeat = false };
        using var seen = Follow(world);
        world.Advance(49.9);
        world.Socket.IsAborted.Should().BeFalse();
        var first = world.Socket;
        world.Advance(0.2);
        first.IsAborted.Should().BeTrue();
        world.Manager.Status.Error!.Reason.Should().Be(RealtimeErrorReason.ConnectionLost);
    }

    [Fact]
    public void Data_that_stops_ends_the_patience_that_it_earned()
    {
        var world = new World { AutoHeartbeat = false };
        using var seen = Follow(world);
        Flow(world, 60);
        world.Advance(14);
        world.Socket.IsAborted.Should().BeFalse();
        var first = world.Socket;
        world.Advance(1.5); // 75 s: two beats unanswered, but something came since the second
        first.IsAborted.Should().BeFalse();
        world.Advance(25);
        first.IsAborted.Should().BeTrue();
    }

    [Fact]
    public void A_beat_that_fell_into_a_moment_in_which_nothing_of_ours_ran_proves_nothing()
    {
        var world = new World { AutoHeartbeat = false };
        using var seen = Follow(world);
        world.Advance(25);
        world.Env.Time.Advance(TimeSpan.FromSeconds(28)); // late by 3 s: no pause, but the reply may be unread
        world.Run();
        world.Socket.IsAborted.Should().BeFalse();
        var first = world.Socket;
        world.Advance(25);
        first.IsAborted.Should().BeTrue("punctual again, and still silent");
        seen.Items.Should().NotContain(i => i.ToString() == "gap (Suspended)");
    }

    [Fact]
    public void Failing_joins_of_five_seconds_each_do_not_trip_the_heartbeat()
    {
        var world = new World { AutoJoin = false, AutoHeartbeat = false };
        using var good = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos, new ChangeStreamOptions { Group = "good" }));
        world.Join();
        world.Socket.AcceptJoin(world.Socket.Join());
        world.Socket.Subscribed(world.Socket.Join());
        world.Run();
        var bad = Enumerable.Range(0, 16).Select(i => new StreamRecorder<TableChange<long, Todo>>(
            world.Manager.Changes(Shop.Todos.Where($"id=eq.{i}"), new ChangeStreamOptions { Group = $"bad{i}" }))).ToList();
        world.Join();

        // The server of one socket: takes frames in order, and sleeps 5 s before each refusal.
        var taken = 1;
        for (var waited = 0.0; waited < 1800; waited++)
        {
            var frames = world.Socket.Frames();
            if (taken == frames.Count)
            {
                world.Advance(1);
                continue;
            }

            var frame = frames[taken++];
            if (frame.Event == "phx_join")
            {
                world.Advance(5);
                world.Socket.RefuseJoin(frame, "Unauthorized: You do not have permissions to read from this Channel topic: x");
            }
            else
            {
                world.Socket.Reply(frame, "ok", "{}");
            }

            world.Run();
        }

        world.Server.Sockets.Should().ContainSingle().Which.IsAborted.Should().BeFalse();
        good.Items.Select(i => i.ToString()).Should().Equal("gap (Started)");
        bad.Should().OnlyContain(b => b.Items.Count == 0);
    }

    private static StreamRecorder<TableChange<string, SalesOrder>> Follow(World world)
    {
        var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        return seen;
    }

    /// <summary>A change every second.</summary>
    private static void Flow(World world, int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            world.Socket.Insert(world.Socket.Join(), "salesOrder", Order);
            world.Advance(1);
        }
    }
}
