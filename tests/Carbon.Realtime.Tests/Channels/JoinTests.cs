using System.Text.Json;
using Carbon.Realtime.Channels;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Channels;

/// <summary>Joins that fail, that are late, that nobody wants any more; and what arrives when it means nothing.</summary>
public sealed class JoinTests
{
    [Fact]
    public void Eight_failing_joins_of_five_seconds_each_do_not_trip_the_heartbeat()
    {
        var world = new World();
        var server = new SerialServer(world);
        var seen = Channels(world, 8);
        world.Advance(600);
        server.Joins.Should().BeGreaterThan(20);
        server.SlowestBeat.Should().BeGreaterThan(TimeSpan.FromSeconds(5), "beats had to wait for joins");
        world.Server.Sockets.Should().HaveCount(1);
    }

    [Fact]
    public void Heartbeats_that_stay_unanswered_while_joins_fail_one_after_another_prove_nothing()
    {
        // A server that does not come to the beats before it is done with eight joins: 40 s.
        var world = new World { AutoJoin = false, AutoHeartbeat = false };
        var seen = Channels(world, 8);
        world.Socket.Frames("phx_join").Should().HaveCount(4, "few at a time");
        for (var i = 0; i < 8; i++)
        {
            world.Advance(5);
            world.Socket.RefuseJoin(world.Socket.Join(i), "MusterJoinError: not now");
            world.Run();
        }

        world.Socket.Frames("heartbeat").Should().HaveCount(1);
        world.Socket.Reply(world.Socket.Frames("heartbeat")[0], "ok", "{}");
        world.AutoHeartbeat = true;
        world.AutoJoin = true;
        world.Advance(120);
        world.Server.Sockets.Should().HaveCount(1);
        seen.Should().OnlyContain(static s => s.Count == 1);
    }

    [Fact]
    public void The_fourth_join_of_a_batch_whose_predecessors_took_five_seconds_each_is_not_timed_out()
    {
        var world = new World();
        var server = new SerialServer(world) { Answer = static number => number < 3 ? (5, "Unauthorized: no") : (4.9, null) };
        var seen = Channels(world, 4);
        world.Advance(19.95);
        world.Socket.Frames("phx_leave").Should().BeEmpty();
        seen[3].Items.Should().HaveCount(1);
    }

    [Fact]
    public void A_join_that_nobody_wants_any_more_is_left_at_once_but_those_behind_it_still_wait_for_its_reply()
    {
        var world = new World(o => o.Linger = TimeSpan.Zero);
        var server = new SerialServer(world) { Answer = static number => number < 4 ? (5, "MusterJoinError: not now") : (4.9, null) };
        var first = Channels(world, 4);
        first.ForEach(static s => s.Dispose());
        world.Advance(0.1);
        world.Socket.Frames("phx_leave").Should().HaveCount(4, "it may succeed, and nobody wants it");
        var second = Channels(world, 4, "late");
        world.Socket.Frames("phx_join").Should().HaveCount(4, "the server is busy with the others");
        world.Advance(38);
        world.Socket.Frames("phx_join").Should().HaveCount(8);
        world.Socket.Frames("phx_leave").Should().HaveCount(4, "none was timed out for having waited behind them");
        world.Advance(2.5);
        second.Should().OnlyContain(static s => s.Count == 1);
        world.Manager.Drops[FrameDropReason.UnknownTopic].Should().Be(0, "late replies to what we left are expected");
    }

    [Fact]
    public void A_join_that_was_left_and_is_never_answered_holds_nobody_up_for_good()
    {
        var world = new World(o => o.Linger = TimeSpan.Zero) { AutoJoin = false };
        var first = Channels(world, 4);
        first.ForEach(static s => s.Dispose());
        world.Advance(0.1);
        world.AutoJoin = true;
        var second = Channels(world, 4, "late");
        world.Advance(61);
        second.Should().OnlyContain(static s => s.Count == 1);
    }

    [Fact]
    public void Unsubscribing_during_a_join_leaves_the_others_of_the_channel_alone()
    {
        var world = new World(o => o.Linger = TimeSpan.Zero) { AutoJoin = false };
        var stays = Watch(world, "a");
        var goes = Watch(world, "b");
        world.Join();
        var join = world.Socket.Join();
        goes.Dispose();
        world.Advance(0.1);
        world.Socket.Frames("phx_leave").Should().BeEmpty();
        world.Socket.AcceptJoin(join);
        world.Socket.Subscribed(join);
        world.Socket.Insert(join, "b", """{"id":1}""", 2);
        world.Socket.Insert(join, "a", """{"id":1}""", 1);
        world.Run();
        stays.Items.Should().HaveCount(2);
        goes.Items.Should().BeEmpty();
    }

    [Fact]
    public void Unsubscribing_the_last_one_during_its_join_leaves_and_the_next_subscription_gets_a_join_of_its_own()
    {
        var world = new World(o => o.Linger = TimeSpan.Zero) { AutoJoin = false };
        var goes = Watch(world, "a");
        world.Join();
        var old = world.Socket.Join();
        goes.Dispose();
        world.Advance(0.1);
        world.Socket.Frames("phx_leave").Should().ContainSingle().Which.Should().Match<SentFrame>(l => l.Topic == old.Topic && l.JoinRef == old.Ref);
        var again = world.Manager.Changes("a");
        var seen = Watch(world, "a");
        world.Join();
        var join = world.Socket.Join();
        join.Topic.Should().NotBe(old.Topic);
        world.Socket.AcceptJoin(old);
        world.Socket.Subscribed(old);
        world.Run();
        again.Status.State.Should().NotBe(RealtimeState.Live);
        seen.Items.Should().BeEmpty();
        world.Socket.AcceptJoin(join);
        world.Socket.Subscribed(join);
        world.Run();
        again.Status.State.Should().Be(RealtimeState.Live);
    }

    [Fact]
    public void Subscribing_to_what_is_being_joined_joins_nothing_twice()
    {
        var world = new World { AutoJoin = false };
        using var one = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos));
        world.Join();
        var raw = Watch(world, "todos");
        world.Join();
        var join = world.Socket.Frames("phx_join").Should().ContainSingle().Subject;
        world.Socket.AcceptJoin(join);
        world.Socket.Subscribed(join);
        world.Socket.Insert(join, "todos", """{"id":1}""");
        world.Run();
        one.Items.Should().HaveCount(2);
        raw.Items.Should().HaveCount(2);
    }

    [Fact]
    public void A_late_reply_to_a_join_that_was_given_up_is_counted_and_ignored()
    {
        var world = new World { AutoJoin = false };
        var seen = Watch(world, "a");
        world.Join();
        var old = world.Socket.Join();
        world.Advance(17);
        world.Socket.Frames("phx_join").Should().HaveCount(2);
        world.Socket.AcceptJoin(old);
        world.Socket.Subscribed(old);
        world.Run();
        seen.Items.Should().BeEmpty();
        world.Manager.Drops[FrameDropReason.UnknownTopic].Should().Be(2);
        world.Socket.AcceptJoin(world.Socket.Join());
        world.Socket.Subscribed(world.Socket.Join());
        world.Run();
        seen.Items.Should().HaveCount(1);
    }

    [Fact]
    public void A_join_that_is_answered_twice_counts_once()
    {
        var world = new World();
        var stream = world.Manager.Changes("a");
        var seen = Watch(world, "a");
        world.Join();
        world.Socket.RefuseJoin(world.Socket.Join(), "Unauthorized: no");
        world.Socket.AcceptJoin(world.Socket.Join());
        world.Run();
        stream.Status.State.Should().Be(RealtimeState.Live);
        seen.Items.Should().HaveCount(1);
        world.Manager.Drops[FrameDropReason.StaleReference].Should().Be(2);
        world.Socket.Frames("phx_join").Should().HaveCount(1);
    }

    [Fact]
    public void A_channel_that_is_closed_between_the_reply_and_the_ok_is_joined_again()
    {
        var tokens = new FakeTokens { Token = "one" };
        var world = new World(tokens: tokens) { AutoSubscribed = false };
        var stream = world.Manager.Changes("a");
        var seen = Watch(world, "a");
        world.Join();
        tokens.Token = "two";
        world.Socket.System(world.Socket.Join(), "system", "error", "Token has expired 0 seconds ago");
        world.Socket.CloseChannel(world.Socket.Join());
        world.AutoSubscribed = true;
        world.Run();
        world.Socket.Frames("phx_join").Should().HaveCount(2, "at once, after asking for a fresh token");
        stream.Status.State.Should().Be(RealtimeState.Live);
        seen.Items.Select(static i => i.ToString()).Should().Equal("gap (Started)");
    }

    [Fact]
    public void Too_many_joins_closes_the_socket_and_an_hour_of_it_is_no_storm()
    {
        var world = new World { AutoJoin = false };
        world.Server.Opened = socket => socket.OnSent = text =>
        {
            if (SentFrame.Parse(text) is { Event: "phx_join" } join)
            {
                socket.RefuseJoin(join, "ClientJoinRateLimitReached: Too many joins per second");
                socket.CloseFromServer(1001);
            }
        };
        var seen = Channels(world, 12);
        world.Manager.Status.Error!.Reason.Should().Be(RealtimeErrorReason.RateLimited);
        world.Advance(3600);
        world.Server.Dialed.Count.Should().BeInRange(60, 400);
        world.Server.Sockets.Sum(static s => s.Frames("phx_join").Count).Should().BeLessThan(400 * 4);
    }

    [Theory]
    [InlineData("MusterJoinError: not now", 400)]
    [InlineData("Something new", 400)]
    [InlineData("InvalidJWTToken: Token has expired 4 seconds ago", 400)]
    [InlineData("JwtSignatureError: Failed to validate JWT signature", 130)]
    [InlineData("Unauthorized: You do not have permissions to read from this Channel topic: x", 130)]
    public void An_hour_of_refused_joins_is_no_storm(string reason, int most)
    {
        var world = new World(tokens: new FakeTokens { Answer = static (_, _) => ValueTask.FromResult<string?>(Guid.NewGuid().ToString()) }) { AutoJoin = false };
        var server = new SerialServer(world) { Answer = _ => (5, reason) };
        var seen = Watch(world, "a");
        world.Advance(3600);
        server.Joins.Should().BeInRange(5, most);
        world.Server.Sockets.Should().HaveCount(1);
    }

    [Fact]
    public void A_channel_one_too_many_is_joined_when_another_is_removed()
    {
        var world = new World(o => o.Linger = TimeSpan.Zero);
        var server = new TableServer(world) { MostAllowed = 2 };
        var a = Watch(world, "a");
        world.Join();
        var b = Watch(world, "b");
        world.Join();
        var stream = world.Manager.Changes("c");
        var c = Watch(world, "c");
        world.Join();
        stream.Status.State.Should().Be(RealtimeState.Faulted);
        stream.Status.Error!.Message.Should().Contain("lower MaxChannels");
        server.Joins.Should().Be(3);
        a.Dispose();
        world.Advance(0.1);
        stream.Status.State.Should().Be(RealtimeState.Live);
        b.Items.Should().HaveCount(1);
    }

    [Fact]
    public void An_empty_403_as_servers_before_2_116_answer_everything_is_told_and_tried_again_slowly()
    {
        var world = new World();
        world.Server.RefuseNext(403, "");
        var stream = world.Manager.Changes("a");
        var seen = Watch(world, "a");
        world.Run();
        stream.Status.State.Should().Be(RealtimeState.Faulted);
        stream.Status.Error!.Message.Should().Contain("HTTP 403");
        (stream.Status.NextRetry!.Value - world.Env.Time.GetUtcNow()).TotalSeconds.Should().BeInRange(30, 60);
        world.Advance(61);
        stream.Status.State.Should().Be(RealtimeState.Live);
    }

    [Fact]
    public void A_system_message_that_means_nothing_where_it_comes_is_ignored()
    {
        var world = new World { AutoJoin = false };
        var stream = world.Manager.Changes("a");
        var seen = Watch(world, "a");
        world.Join();
        var join = world.Socket.Join();
        world.Socket.Subscribed(join);
        world.Run();
        world.Manager.Drops[FrameDropReason.StaleReference].Should().Be(1, "an ok before the join's reply is not this join's");
        world.Socket.AcceptJoin(join);
        world.Socket.System(join, "system", "ok", "Replication connection established");
        world.Socket.System(join, "broadcast", "ok", "Subscribed to PostgreSQL");
        world.Socket.Deliver($$"""["{{join.Ref}}",null,"{{join.Topic}}","system",{"message":"Server requested disconnect","status":"ok","extension":"system"}]""");
        world.Socket.Subscribed(join with { JoinRef = "999" });
        world.Socket.Subscribed(join with { Topic = "realtime:other" });
        world.Run();
        stream.Status.State.Should().Be(RealtimeState.Joining);
        seen.Items.Should().BeEmpty();
        world.Manager.Drops[FrameDropReason.StaleReference].Should().Be(2);
        world.Manager.Drops[FrameDropReason.UnknownTopic].Should().Be(1);

        world.Socket.Subscribed(join);
        world.Run();
        world.Socket.System(join, "system", "ok", "Replication connection established");
        world.Run();
        seen.Items.Select(static i => i.ToString()).Should().Equal("gap (Started)");
    }

    [Fact]
    public void A_requested_disconnect_is_no_error_of_the_channel_and_the_close_that_follows_is_recovered_from()
    {
        var world = new World();
        var stream = world.Manager.Changes("a");
        var seen = Watch(world, "a");
        world.Join();
        var join = world.Socket.Join();
        world.Socket.Deliver($$"""["{{join.Ref}}",null,"{{join.Topic}}","system",{"message":"Server requested disconnect","status":"ok","extension":"system"}]""");
        world.Run();
        stream.Status.State.Should().Be(RealtimeState.Live);
        world.Socket.CloseFromServer(1012);
        world.Run();
        stream.Status.Error!.ServerCode.Should().Be("1012");
        world.Advance(31);
        seen.Items.Select(static i => i.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)");
    }

    [Fact]
    public void Answers_to_our_own_leaves_are_no_strays()
    {
        var world = new World(o => o.Linger = TimeSpan.Zero);
        for (var i = 0; i < 300; i++)
        {
            Watch(world, "a", join: true).Dispose();
            world.Advance(0.1);
        }

        world.Socket.Frames("phx_leave").Should().HaveCount(300);
        world.Manager.Drops[FrameDropReason.UnknownTopic].Should().Be(0);
        var left = world.Socket.Frames("phx_leave")[^1];
        world.Socket.Reply(left, "ok", "{}");
        world.Socket.CloseChannel(left);
        world.Run();
        world.Manager.Drops[FrameDropReason.UnknownTopic].Should().Be(2, "each is expected once");
    }

    [Fact]
    public void Leaves_that_a_server_never_closes_cost_bounded_memory()
    {
        var farewells = new Farewells();
        for (var i = 0; i < 10_000; i++)
        {
            farewells.Add([(byte)i, (byte)(i >> 8)], "7");
        }

        farewells.Count.Should().Be(Farewells.Most);
        farewells.IsReply([unchecked((byte)9_999), 9_999 >> 8], "7"u8).Should().BeTrue();
        farewells.IsReply([unchecked((byte)9_999), 9_999 >> 8], "8"u8).Should().BeFalse();
        farewells.TryEnd([0, 0]).Should().BeFalse("the oldest is forgotten first");
    }

    private static StreamRecorder<TableChange<JsonElement, JsonElement>> Watch(World world, string table, bool join = false)
    {
        var recorder = new StreamRecorder<TableChange<JsonElement, JsonElement>>(world.Manager.Changes(table));
        if (join)
        {
            world.Join();
        }

        return recorder;
    }

    /// <summary>So many streams, each on a channel of its own.</summary>
    private static List<StreamRecorder<TableChange<long, Todo>>> Channels(World world, int count, string name = "g")
    {
        List<StreamRecorder<TableChange<long, Todo>>> recorders = [.. Enumerable.Range(0, count).Select(i =>
            new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos.Where($"id=eq.{i}"), new ChangeStreamOptions { Group = $"{name}{i}" })))];
        world.Join();
        return recorders;
    }

    [Fact]
    public void An_error_before_the_joins_reply_means_nothing_and_leaves_no_timer_behind()
    {
        var world = new World { AutoJoin = false };
        using var seen = Watch(world, "a");
        world.Join();
        var join = world.Socket.Join();
        world.Socket.System(join, "postgres_changes", "error", "the database is busy");
        world.Socket.AcceptJoin(join);
        world.Socket.Subscribed(join);
        world.AutoJoin = true;
        world.Advance(300);
        string.Join(' ', seen.Items).Should().Be("gap (Started)");
    }

    [Fact]
    public void Joins_of_a_socket_that_was_closed_for_want_of_use_do_not_hold_up_the_next()
    {
        var world = new World(o => (o.Linger, o.IdleTimeout) = (TimeSpan.Zero, TimeSpan.FromSeconds(1))) { AutoJoin = false };
        var first = Enumerable.Range(0, 4).Select(i => new StreamRecorder<TableChange<JsonElement, JsonElement>>(
            world.Manager.Changes(RealtimeTable.Untyped("t"), new ChangeStreamOptions { Group = "g" + i }))).ToList();
        world.Join();
        world.Socket.AnswersClose = false;
        first.ForEach(static s => s.Dispose());
        world.Advance(1.5);
        world.AutoJoin = true;
        using var second = Watch(world, "b");
        world.Advance(5);
        world.Server.Sockets.Should().HaveCount(2);
        string.Join(' ', second.Items).Should().Be("gap (Started)");
    }

    [Fact]
    public void A_wait_that_the_server_asked_for_is_kept_when_a_full_budget_takes_more_in()
    {
        var world = new World(o => o.MaxChannels = 1) { AutoJoin = false };
        using var a = Watch(world, "a");
        world.Join();
        var more = new List<IDisposable>();
        for (var i = 0; i < 20; i++)
        {
            world.Socket.RefuseJoin(world.Socket.Join(), "ClientJoinRateLimitReached: Too many joins per second");
            world.Run();
            more.Add(Watch(world, "t" + i));
            world.Advance(0.05);
        }

        world.Socket.Frames("phx_join").Count.Should().BeLessThan(8, "1 s, and the waits are 0.5 to 10 s and grow");
    }
}
