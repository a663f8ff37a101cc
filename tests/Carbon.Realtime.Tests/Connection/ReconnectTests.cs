using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Connection;

public sealed class ReconnectTests
{
    [Fact]
    public void Nothing_is_dialled_before_it_is_used()
    {
        var world = new World();
        _ = world.Manager.Changes(Shop.SalesOrders);
        world.Advance(3600);
        world.Server.Dialed.Should().BeEmpty();
        world.Manager.Status.State.Should().Be(RealtimeState.Idle);
        world.Env.Time.ArmedTimers.Should().Be(0);
    }

    [Fact]
    public void The_key_travels_in_the_query_and_the_version_is_asked_for()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Server.Dialed.Should().ContainSingle().Which.Uri.Should().Be(
            "ws://127.0.0.1:54321/realtime/v1/websocket?apikey=the-api-key&vsn=2.0.0");
    }

    [Fact]
    public void Failed_dials_back_off_with_jitter_between_half_a_second_and_a_ceiling_that_doubles_to_thirty()
    {
        var world = new World();
        for (var i = 0; i < 12; i++)
        {
            world.Server.FailNext(new IOException("no route"));
        }

        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        var waits = new List<double>();
        world.Run();
        for (var i = 1; i <= 12; i++)
        {
            var status = world.Manager.Status;
            status.State.Should().Be(RealtimeState.Recovering);
            status.Attempt.Should().Be(i);
            status.Error!.Reason.Should().Be(RealtimeErrorReason.ServerUnreachable);
            status.Error.IsTransient.Should().BeTrue();
            var wait = status.NextRetry!.Value - world.Env.Time.GetUtcNow();
            waits.Add(wait.TotalSeconds);
            world.Env.Advance(wait + TimeSpan.FromMilliseconds(1)); // timers count whole milliseconds
        }

        waits.Should().AllSatisfy(w => w.Should().BeInRange(0.5, 30));
        waits.Select((w, i) => w <= Math.Min(30, 0.5 * Math.Pow(2, i + 1)) + 0.001).Should().AllBeEquivalentTo(true);
        waits.Distinct().Should().HaveCountGreaterThan(8, "jitter spreads clients that were dropped together");
        world.Join();
        world.Manager.Status.State.Should().Be(RealtimeState.Live);
        world.Manager.Status.Attempt.Should().Be(0);
        world.Socket.Break();
        world.Run();
        world.Manager.Status.Attempt.Should().Be(13, "only a connection that lasts proves anything");
    }

    [Fact]
    public void A_stable_connection_resets_the_back_off_and_a_short_one_does_not()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        for (var i = 1; i <= 3; i++)
        {
            world.Socket.Break();
            world.Run();
            world.Manager.Status.Attempt.Should().Be(i);
            world.Env.Advance(world.Env.Time.NextDue()!.Value);
        }

        world.Advance(10.5);
        world.Socket.Break();
        world.Run();
        world.Manager.Status.Attempt.Should().Be(1);
    }

    [Theory]
    [InlineData(401, """{"error":"Failed to validate JWT signature"}""", RealtimeErrorReason.InvalidApiKey, RealtimeState.Faulted)]
    [InlineData(401, """{"error":"API key is missing"}""", RealtimeErrorReason.InvalidApiKey, RealtimeState.Faulted)]
    [InlineData(403, "", RealtimeErrorReason.InvalidApiKey, RealtimeState.Faulted)]
    [InlineData(403, """{"error":"Realtime was disabled for this tenant"}""", RealtimeErrorReason.ProjectDisabled, RealtimeState.Faulted)]
    [InlineData(404, """{"error":"Tenant not found"}""", RealtimeErrorReason.ProjectNotFound, RealtimeState.Faulted)]
    [InlineData(429, """{"error":"Too many joins per second"}""", RealtimeErrorReason.RateLimited, RealtimeState.Recovering)]
    [InlineData(500, "<html>", RealtimeErrorReason.ServerUnavailable, RealtimeState.Recovering)]
    public async Task A_refused_upgrade_is_classified_by_status_and_body_and_tried_again(int status, string body, RealtimeErrorReason reason, RealtimeState state)
    {
        var world = new World();
        world.Server.RefuseNext(status, body);
        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        var live = stream.WhenLiveAsync();
        world.Run();

        stream.Status.State.Should().Be(state);
        stream.Status.Error!.Reason.Should().Be(reason);
        stream.Status.Error.ServerCode.Should().Be(status.ToString(System.Globalization.CultureInfo.InvariantCulture));
        stream.Status.Error.IsTransient.Should().Be(state == RealtimeState.Recovering);
        if (state == RealtimeState.Faulted)
        {
            (await live.Invoking(t => t).Should().ThrowAsync<RealtimeException>()).Which.Reason.Should().Be(reason);
            (stream.Status.NextRetry - world.Env.Time.GetUtcNow()).Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(30));
        }

        world.Env.Advance(stream.Status.NextRetry!.Value - world.Env.Time.GetUtcNow() + TimeSpan.FromMilliseconds(1));
        world.Join();
        stream.Status.State.Should().Be(RealtimeState.Live);
        seen.Items.Should().ContainSingle("a refused upgrade is no error of the stream");
        seen.AssertContract();
    }

    [Fact]
    public void A_connect_that_never_answers_ends_at_the_time_out()
    {
        var world = new World();
        world.Server.HangNext();
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Advance(14.9);
        world.Manager.Status.State.Should().Be(RealtimeState.Connecting);
        world.Advance(0.2);
        world.Manager.Status.State.Should().Be(RealtimeState.Recovering);
        world.Manager.Status.Error!.Message.Should().Contain("15 s").And.NotContain("the-api-key");
    }

    [Fact]
    public void Every_close_code_leads_to_a_reconnect_and_a_gap()
    {
        foreach (int? code in new int?[] { null, 1000, 1001, 1006, 1009, 1011, 1012, 4000 })
        {
            var world = new World();
            using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
            world.Join();
            world.Socket.CloseFromServer(code, "why");
            world.Run();
            world.Manager.Status.State.Should().Be(RealtimeState.Recovering);
            world.Advance(31);
            seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)");
            world.Server.Sockets.Should().HaveCount(2);
        }
    }

    [Fact]
    public void Heartbeats_go_every_25_seconds_whatever_else_comes()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        var join = world.Socket.Join();
        for (var second = 0; second < 100; second++)
        {
            world.Socket.Insert(join, "salesOrder", """{"id":"a","companyId":"co_1","status":"x"}""");
            world.Advance(1);
        }

        world.Socket.Frames("heartbeat").Should().HaveCount(4).And.OnlyContain(f => f.Topic == "phoenix" && f.JoinRef == null);
        world.Server.Sockets.Should().HaveCount(1);
    }

    [Fact]
    public void An_unanswered_heartbeat_gives_the_socket_up()
    {
        var world = new World { AutoHeartbeat = false };
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Advance(25);
        world.Socket.IsAborted.Should().BeFalse();
        var first = world.Socket;
        world.AutoHeartbeat = true;
        world.Advance(25);
        first.IsAborted.Should().BeTrue();
        world.Advance(1);
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)");
    }

    [Fact]
    public void A_late_heartbeat_reply_while_a_join_blocks_the_socket_proves_nothing()
    {
        var world = new World(o => o.JoinTimeout = TimeSpan.FromMinutes(2)) { AutoJoin = false, AutoHeartbeat = false };
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Advance(76);
        world.Server.Sockets.Should().ContainSingle().Which.IsAborted.Should().BeFalse("the server reads and sends nothing while it joins: two beats unanswered prove nothing");
        world.Advance(60);
        world.Server.Sockets[0].IsAborted.Should().BeTrue("but patience ends");
    }

    [Fact]
    public void A_connection_that_nobody_needs_is_closed_politely_and_opened_again_when_somebody_does()
    {
        var world = new World();
        var stream = world.Manager.Changes(Shop.SalesOrders);
        var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();
        seen.Dispose();
        world.Advance(5);
        world.Socket.Frames("phx_leave").Should().ContainSingle();
        stream.Status.State.Should().Be(RealtimeState.Idle);
        world.Socket.IsClosedByClient.Should().BeFalse();
        world.Advance(50);
        world.Socket.IsClosedByClient.Should().BeTrue();
        world.Manager.Status.State.Should().Be(RealtimeState.Idle);
        world.Env.Time.ArmedTimers.Should().Be(0);

        using var again = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();
        world.Server.Sockets.Should().HaveCount(2);
        again.Items.Should().ContainSingle();
    }

    [Fact]
    public void A_dial_that_nobody_needs_any_more_is_given_up_after_the_idle_time()
    {
        var world = new World(o => (o.Linger, o.IdleTimeout) = (TimeSpan.Zero, TimeSpan.FromSeconds(1)));
        world.Server.HangNext();
        var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        seen.Dispose();
        world.Advance(0.9);
        world.Manager.Status.State.Should().Be(RealtimeState.Connecting);
        world.Advance(0.2);
        world.Manager.Status.State.Should().Be(RealtimeState.Idle);
        world.Env.Time.ArmedTimers.Should().Be(0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Who_comes_back_within_the_idle_time_keeps_a_socket_also_when_the_first_was_lost_meanwhile(bool lost)
    {
        var world = new World(o => (o.Linger, o.IdleTimeout) = (TimeSpan.Zero, TimeSpan.FromSeconds(1)));
        var stream = world.Manager.Changes(Shop.SalesOrders);
        var first = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();
        first.Dispose();
        world.Advance(0.3);
        if (lost)
        {
            world.Socket.Break();
            world.Advance(0.1);
        }

        using var second = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Advance(5);
        world.Server.Sockets.Should().HaveCount(lost ? 2 : 1);
        world.Socket.IsClosedByClient.Should().BeFalse("somebody needs it");
        second.Items.Should().ContainSingle();
    }

    [Fact]
    public void A_server_that_goes_away_asks_to_slow_down()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Socket.CloseFromServer(1001);
        world.Run();
        world.Manager.Status.Error!.Reason.Should().Be(RealtimeErrorReason.RateLimited);
        world.Manager.Status.Error.ServerCode.Should().Be("1001");
    }

    [Fact]
    public void A_send_that_fails_ends_the_socket()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Socket.SendFailure = new IOException("broken pipe");
        world.Advance(25.5);
        world.Server.Sockets[0].IsAborted.Should().BeTrue("a socket that cannot send would be closed by the server for want of heartbeats");
        world.Advance(2);
        seen.Items.Should().HaveCount(2);
    }

    [Fact]
    public void Needed_again_while_it_is_being_closed_it_is_opened_again_without_a_fault()
    {
        var world = new World(o => (o.Linger, o.IdleTimeout) = (TimeSpan.Zero, TimeSpan.FromSeconds(1)));
        world.Server.Opened += s => s.AnswersClose = false;
        var stream = world.Manager.Changes(Shop.SalesOrders);
        var first = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();
        first.Dispose();
        world.Advance(1.1);
        world.Socket.IsClosedByClient.Should().BeTrue();
        using var second = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Advance(2.1);
        world.Server.Sockets.Should().HaveCount(2);
        world.Manager.Status.Attempt.Should().Be(0);
        second.Items.Should().ContainSingle();
    }

    [Fact]
    public void Frames_go_out_in_order()
    {
        var world = new World();
        using var a = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders, new ChangeStreamOptions { Group = "a" }));
        using var b = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos, new ChangeStreamOptions { Group = "b" }));
        world.Join();
        world.Advance(200);
        var refs = world.Socket.Frames().Select(f => int.Parse(f.Ref!, System.Globalization.CultureInfo.InvariantCulture)).ToList();
        refs.Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
    }
}
