using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Connection;

/// <summary>The machine sleeps, the process is stopped, somebody sets the clock (docs/protocol.md, "Silent loss", (e)).</summary>
public sealed class PauseTests
{
    private const string Order = """{"id":"so_1","companyId":"co_1","status":"new"}""";

    [Fact]
    public void After_a_short_pause_the_socket_is_kept_and_streams_get_a_gap_suspended()
    {
        var world = new World();
        using var seen = Follow(world);
        world.Advance(25);
        StandStill(world, 40);

        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Suspended)");
        world.Server.Sockets.Should().ContainSingle().Which.IsAborted.Should().BeFalse();
        world.Manager.Status.State.Should().Be(RealtimeState.Live);
        world.Advance(300);
        seen.Items.Should().HaveCount(2, "a pause is told once");
        world.Server.Sockets.Should().HaveCount(1);
    }

    [Fact]
    public void The_gap_of_a_pause_stands_between_what_came_before_the_probes_answer_and_what_came_after_it()
    {
        var world = new World();
        using var seen = Follow(world);
        var join = world.Socket.Join();
        world.AutoHeartbeat = false;
        StandStill(world, 60);
        world.Socket.Insert(join, "salesOrder", Order);
        Answer(world);
        world.Socket.Delete(join, "salesOrder", """{"id":"so_1","companyId":"co_1"}""");
        world.Run();
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "inserted so_1", "gap (Suspended)", "deleted so_1");
    }

    [Fact]
    public void Every_live_stream_gets_the_gap_and_one_that_joins_does_not()
    {
        var world = new World();
        using var orders = Follow(world);
        world.AutoJoin = false;
        using var todos = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos));
        world.Join();
        StandStill(world, 40);
        orders.Items.Should().HaveCount(2);
        todos.Items.Should().BeEmpty("it waits for its first gap, which is to come");
    }

    [Fact]
    public void A_beat_whose_reply_waits_unread_is_not_counted_as_missed_and_a_probe_goes_out_at_once()
    {
        var world = new World { AutoHeartbeat = false };
        using var seen = Follow(world);
        world.Advance(25);
        var awaited = world.Socket.Frames("heartbeat").Should().ContainSingle().Subject;
        StandStill(world, 50);
        world.Socket.IsAborted.Should().BeFalse("the reply may wait in the buffer");
        world.Socket.Frames("heartbeat").Should().HaveCount(2);

        world.Socket.Reply(awaited, "ok", "{}");
        world.Run();
        seen.Items.Should().HaveCount(1, "the old reply was sent before the pause and proves nothing");
        Answer(world);
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Suspended)");
    }

    [Fact]
    public void When_the_probe_stays_unanswered_the_socket_is_given_up_with_patience_and_the_gap_is_rejoined_only()
    {
        var world = new World { AutoHeartbeat = false };
        using var seen = Follow(world);
        var first = world.Socket;
        StandStill(world, 40);
        world.Advance(49);
        first.IsAborted.Should().BeFalse("a probe that was sent before the network was back is repeated by TCP");
        world.AutoHeartbeat = true;
        world.Advance(1);
        first.IsAborted.Should().BeTrue("but patience ends after two beats");
        world.Advance(60);
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)");
        world.Server.Sockets.Should().HaveCount(2);
    }

    [Fact]
    public void When_the_socket_turns_out_to_be_dead_after_a_pause_the_gap_is_rejoined_only()
    {
        var world = new World { AutoHeartbeat = false };
        using var seen = Follow(world);
        world.Env.Time.Advance(TimeSpan.FromHours(8));
        world.Socket.CloseFromServer(1000); // the idle time-out's close was in the buffer
        world.AutoHeartbeat = true;
        world.Advance(60);
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)");
    }

    [Fact]
    public void Sleep_that_only_the_wall_clock_counts_is_noticed_at_the_next_beat()
    {
        var world = new World();
        using var seen = Follow(world);
        world.Advance(10);
        world.Env.Time.StepWallClock(TimeSpan.FromHours(9));
        world.Advance(14);
        seen.Items.Should().HaveCount(1, "nothing has looked yet");
        world.Advance(2);
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Suspended)");
        world.Server.Sockets.Should().HaveCount(1);
        world.Socket.Frames("heartbeat").Should().HaveCount(1, "the beat that was due is the probe");
    }

    [Fact]
    public void Two_pauses_in_a_row_are_one_gap_if_the_first_ones_probe_was_not_answered_before_the_second()
    {
        var world = new World { AutoHeartbeat = false };
        using var seen = Follow(world);
        StandStill(world, 40);
        StandStill(world, 40);
        world.Socket.Frames("heartbeat").Should().HaveCount(2);
        Answer(world);
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Suspended)");
    }

    [Theory]
    [InlineData(9)]
    [InlineData(-9)]
    [InlineData(-3600)]
    public void A_small_step_of_the_wall_clock_or_one_back_is_no_pause(int seconds)
    {
        var world = new World();
        using var seen = Follow(world);
        world.Env.Time.StepWallClock(TimeSpan.FromSeconds(seconds));
        world.Advance(49);
        seen.Items.Should().HaveCount(1);
        world.Socket.Frames("heartbeat").Should().HaveCount(1, "a beat every 25 s, and no probe");
        world.Log.Lines.Should().Contain(l => l.Contains("The wall clock moved"));
    }

    [Theory]
    [InlineData(-1800)]
    [InlineData(8)]
    [InlineData(1200)]
    public void A_token_is_refreshed_by_the_clock_as_it_is_now_and_not_as_it_was(int step)
    {
        var tokens = new FakeTokens();
        var world = new World(tokens: tokens);
        tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(1));
        using var seen = Follow(world);
        world.Env.Time.StepWallClock(TimeSpan.FromSeconds(step));
        world.Advance(3600 - 91 - step);
        tokens.Asked.Should().NotContain(AccessTokenReason.Expiring);
        world.Advance(32);
        tokens.Asked.Should().Contain(AccessTokenReason.Expiring, "a minute to a minute and a half before its expiry");
    }

    [Fact]
    public void A_socket_that_ended_with_the_machine_asleep_says_so_and_the_next_one_begins_with_a_clean_slate()
    {
        var world = new World();
        using var seen = Follow(world);
        world.Env.Time.StepWallClock(TimeSpan.FromHours(9));
        world.Socket.Break();
        world.Run();
        world.Log.Lines.Should().ContainSingle(l => l.Contains("stood still for about 09:00:00"));
        world.Advance(120);
        world.Log.Lines.Should().ContainSingle(l => l.Contains("stood still"));
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)");
    }

    [Fact]
    public void What_happens_to_the_clock_while_nothing_is_connected_is_no_pause_of_the_next_socket()
    {
        var world = new World();
        world.Server.FailNext(new IOException("no route"));
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Run();
        world.Env.Time.StepWallClock(TimeSpan.FromHours(9));
        world.Advance(120);
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)");
    }

    [Fact]
    public void A_pause_of_a_process_that_is_stopped_again_and_again_never_costs_the_socket()
    {
        var world = new World();
        using var seen = Follow(world);
        for (var i = 0; i < 50; i++)
        {
            StandStill(world, 36);
            world.Advance(3);
        }

        world.Server.Sockets.Should().HaveCount(1);
        world.Manager.Status.State.Should().Be(RealtimeState.Live);
    }

    private static StreamRecorder<TableChange<string, SalesOrder>> Follow(World world)
    {
        var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        return seen;
    }

    /// <summary>Time goes by and nothing of ours runs; then everything that is due does.</summary>
    private static void StandStill(World world, double seconds)
    {
        world.Env.Time.Advance(TimeSpan.FromSeconds(seconds));
        world.Run();
    }

    private static void Answer(World world)
    {
        world.Socket.Reply(world.Socket.Frames("heartbeat")[^1], "ok", "{}");
        world.Run();
    }
}
