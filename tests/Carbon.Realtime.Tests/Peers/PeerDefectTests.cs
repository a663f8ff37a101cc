using System.Text.Json;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Peers;

/// <summary>What the community's C# client gets wrong (measured on 7.3.0), and this one must not. <see cref="PeerDefects"/> lists them all.</summary>
public sealed class PeerDefectTests
{
    private const string Order = """{"id":"so_1","companyId":"co_1","status":"Draft"}""";

    [Fact]
    public void Every_defect_has_a_test_or_a_reason()
    {
        PeerDefects.All.Keys.Select(static name => name.Split(' ')[0]).Should().Equal(Enumerable.Range(1, 27).Select(static number => $"D{number}"));
        PeerDefects.All.Should().AllSatisfy(static defect => defect.Value.AssertExists(defect.Key));
    }

    [Fact]
    public void D03_A_server_side_close_of_the_channel_is_noticed_and_healed()
    {
        var world = new World();
        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        using var statuses = new StreamRecorder<RealtimeStatus>(stream.StatusChanges);
        world.Join();

        world.Socket.CloseChannel(world.Socket.Join());
        world.Advance(2);
        world.Socket.Insert(world.Socket.Join(), "salesOrder", Order);
        world.Run();

        statuses.Items.Select(static status => status.State).Should().ContainInOrder(RealtimeState.Live, RealtimeState.Recovering, RealtimeState.Live);
        seen.Items.Select(static change => change.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)", "inserted so_1");
        world.Server.Sockets.Should().ContainSingle();
    }

    [Fact]
    public async Task D04_A_thousand_pushes_that_nobody_answers_leave_nothing_behind()
    {
        var tokens = new FakeTokens();
        var world = new World(tokens: tokens);
        var expires = world.Env.Time.GetUtcNow().AddHours(12);
        tokens.Token = Jwt.Create(expires);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Advance(15);
        var armed = world.Manager.Deadlines.Count;
        for (var i = 0; i < 1000; i++)
        {
            tokens.Token = Jwt.Create(expires, mark: $"{i}");
            await world.Env.RunAsync(world.Manager.RefreshAccessTokenAsync());
        }

        world.Socket.Frames("access_token").Should().HaveCount(1000);
        world.Manager.Deadlines.Count.Should().Be(armed);
        world.Env.Scheduler.Pending.Should().Be(0);
    }

    [Fact]
    public void D08_Every_handler_of_every_overlapping_stream_is_called()
    {
        var world = new World();
        var stream = world.Manager.Changes(Shop.SalesOrders);
        var recorders = new[]
        {
            new StreamRecorder<TableChange<string, SalesOrder>>(stream),
            new StreamRecorder<TableChange<string, SalesOrder>>(stream),
            new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders.Where("status=eq.Draft"))),
            new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders.Where("status=neq.Closed"))),
        };
        world.Join();
        world.Socket.Insert(world.Socket.Join(), "salesOrder", Order, 1, 2, 3);
        world.Run();
        recorders.Should().AllSatisfy(static recorder =>
        {
            recorder.Items.Select(static change => change.ToString()).Should().Equal("gap (Started)", "inserted so_1");
            recorder.AssertContract();
        });
    }

    [Theory]
    [InlineData("presence_diff", """{"joins":{"k":{"metas":[{"phx_ref":"1"}]}},"leaves":{}}""")]
    [InlineData("presence_state", """{}""")]
    public void D09_Presence_on_any_channel_completes_no_join(string name, string payload)
    {
        var world = new World { AutoJoin = false };
        var a = world.Manager.Changes(Shop.SalesOrders, new ChangeStreamOptions { Group = "a" });
        var b = world.Manager.Changes(Shop.Todos, new ChangeStreamOptions { Group = "b" });
        using var seenA = new StreamRecorder<TableChange<string, SalesOrder>>(a);
        using var seenB = new StreamRecorder<TableChange<long, Todo>>(b);
        world.Join();
        world.Socket.AcceptJoin(world.Socket.Join(0));
        world.Socket.Subscribed(world.Socket.Join(0));
        foreach (var join in world.Socket.Frames("phx_join"))
        {
            world.Socket.Deliver($"[null,null,\"{join.Topic}\",\"{name}\",{payload}]");
            world.Socket.Deliver($"[\"{join.JoinRef}\",\"{join.Ref}\",\"{join.Topic}\",\"{name}\",{payload}]");
        }

        world.Run();
        (a.Status.State, b.Status.State).Should().Be((RealtimeState.Live, RealtimeState.Joining));
        world.Socket.AcceptJoin(world.Socket.Join(1));
        world.Socket.Subscribed(world.Socket.Join(1));
        world.Run();
        b.Status.State.Should().Be(RealtimeState.Live);
    }

    [Fact]
    public async Task D10_A_token_that_changes_while_a_channel_rejoins_is_the_one_it_ends_up_with()
    {
        var tokens = new FakeTokens();
        var world = new World(tokens: tokens);
        var expires = world.Env.Time.GetUtcNow().AddHours(1);
        tokens.Token = Jwt.Create(expires, mark: "old");
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.AutoJoin = false;
        world.Socket.CloseChannel(world.Socket.Join(), "phx_error");
        world.Advance(2);
        world.Socket.Frames("phx_join").Should().HaveCount(2);

        tokens.Token = Jwt.Create(expires, mark: "new");
        await world.Env.RunAsync(world.Manager.RefreshAccessTokenAsync());
        world.Socket.AcceptJoin(world.Socket.Join());
        world.Socket.Subscribed(world.Socket.Join());
        world.Run();

        world.Socket.Frames().Last(frame => frame.Topic == world.Socket.Join().Topic).AccessToken.Should().Be(tokens.Token);
    }

    [Fact]
    public void D11_A_rejoin_that_is_refused_or_unanswered_is_tried_until_it_succeeds()
    {
        var world = new World();
        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();
        world.AutoJoin = false;
        world.Socket.Break();
        world.Advance(2);
        for (var i = 0; i < 6; i++)
        {
            world.Socket.RefuseJoin(world.Socket.Join(), "UnableToConnectToProject: Realtime was unable to connect to the project database");
            world.Advance(31);
            world.Socket.Frames("phx_join").Should().HaveCountGreaterThan(i + 1);
        }

        world.Advance(120); // nobody answers any more, and nobody gives up
        world.AutoJoin = true;
        world.Advance(60);

        stream.Status.State.Should().Be(RealtimeState.Live);
        seen.Items.Select(static change => change.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)");
    }

    [Fact]
    public void D12_Whoever_comes_and_goes_there_is_one_socket_at_a_time_and_its_channels_deliver()
    {
        var world = new World();
        world.Server.HangNext();
        var stream = world.Manager.Changes(Shop.SalesOrders);
        var first = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        using var other = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos));
        world.Advance(10);
        first.Dispose();
        using var second = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Run();
        world.Server.Dialed.Should().ContainSingle("a dial is under way");

        world.Advance(10);
        for (var round = 0; round < 3; round++)
        {
            world.Socket.CloseFromServer();
            world.Advance(40);
        }

        world.Server.Sockets.Count(static socket => !socket.IsDisposed).Should().Be(1);
        world.Server.Sockets.Should().HaveCount(4);
        world.Socket.Insert(world.Socket.Join(), "salesOrder", Order);
        world.Run();
        second.Items[^1].ToString().Should().Be("inserted so_1");
    }

    [Fact]
    public void D13_Unsubscribing_at_any_moment_of_a_join_throws_nothing_and_leaves_nothing()
    {
        var moments = new Dictionary<string, Action<World>>
        {
            ["before the group window ends"] = static _ => { },
            ["while the join waits for its reply"] = static world => world.Join(),
            ["between the ok and the word"] = static world =>
            {
                world.Join();
                world.Socket.AcceptJoin(world.Socket.Join());
                world.Run();
            },
            ["after a refusal"] = static world =>
            {
                world.Join();
                world.Socket.RefuseJoin(world.Socket.Join(), "Unauthorized: no");
                world.Run();
            },
            ["while it backs off"] = static world =>
            {
                world.Join();
                world.Socket.RefuseJoin(world.Socket.Join(), "join crashed");
                world.Run();
            },
        };
        foreach (var (moment, reach) in moments)
        {
            var world = new World { AutoJoin = false };
            var stream = world.Manager.Changes(Shop.SalesOrders);
            var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
            using var cancelled = new CancellationTokenSource();
            var live = stream.WhenLiveAsync(cancelled.Token);
            reach(world);
            seen.Dispose();
            cancelled.Cancel();
            world.Advance(120);

            (live.IsCanceled || live.IsFaulted).Should().BeTrue(moment);
            world.Manager.Status.State.Should().Be(RealtimeState.Idle, moment);
            world.Manager.Deadlines.Count.Should().Be(0, moment);
            world.Env.Scheduler.Pending.Should().Be(0, moment);
            var frames = world.Server.Sockets.SelectMany(static socket => socket.Frames()).ToList();
            var refused = moment is "after a refusal" or "while it backs off" ? 1 : 0;
            frames.Count(static frame => frame.Event == "phx_leave").Should().Be(frames.Count(static frame => frame.Event == "phx_join") - refused, moment);
        }
    }

    [Fact]
    public void D14_Every_step_of_a_lost_connection_is_told()
    {
        var world = new World();
        using var statuses = new StreamRecorder<RealtimeStatus>(world.Manager.StatusChanges);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Server.FailNext(new IOException());
        world.Socket.Break();
        world.Advance(10);

        statuses.Items.Select(static status => status.State).Should().Equal(
            RealtimeState.Idle, RealtimeState.Connecting, RealtimeState.Live, RealtimeState.Recovering, RealtimeState.Connecting,
            RealtimeState.Recovering, RealtimeState.Connecting, RealtimeState.Live);
        statuses.Items.Where(static status => status.State == RealtimeState.Recovering).Should()
            .OnlyContain(static status => status.Error != null && status.NextRetry != null);
        statuses.AssertContract();
    }

    [Fact]
    public void D19_A_reply_that_looks_like_a_change_is_none()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        var join = world.Socket.Join();
        var change = $$$"""{"status":"ok","ids":[1],"data":{"table":"salesOrder","schema":"public","type":"INSERT","record":{{{Order}}},"columns":[],"errors":null,"commit_timestamp":null},"response":{}}""";
        foreach (var name in new[] { "phx_reply", "system", "broadcast", "INSERT", "postgres_change" })
        {
            world.Socket.Deliver($"[\"{join.JoinRef}\",null,\"{join.Topic}\",\"{name}\",{change}]");
        }

        world.Run();
        seen.Items.Select(static item => item.ToString()).Should().Equal("gap (Started)");
    }

    [Fact]
    public void D21_Subscribing_and_disposing_on_many_threads_loses_nothing()
    {
        var world = new World();
        var kept = new System.Collections.Concurrent.ConcurrentBag<StreamRecorder<TableChange<long, Todo>>>();
        Parallel.For(0, 2000, i =>
        {
            var seen = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos.Where($"id=gte.{i % 20}")));
            if (i % 4 == 0)
            {
                kept.Add(seen);
            }
            else
            {
                seen.Dispose();
            }
        });
        world.Join();
        var join = world.Socket.Join();
        join.Bindings.Select(static binding => binding.GetProperty("filter").GetString()).Should().OnlyHaveUniqueItems();
        world.Socket.Insert(join, "todos", """{"id":100,"title":"t","done":false}""", [.. Enumerable.Range(1, join.Bindings.Count).Select(static id => (long)id)]);
        world.Run();

        kept.Should().HaveCount(500).And.AllSatisfy(static seen =>
        {
            seen.Items.Select(static change => change.ToString()).Should().Equal("gap (Started)", "inserted 100");
            seen.Dispose();
        });
        world.Advance(120);
        world.Env.Time.ArmedTimers.Should().Be(0);
    }

    [Fact]
    public void D23_A_frame_without_a_reference_answers_nothing()
    {
        var world = new World { AutoJoin = false };
        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();
        var join = world.Socket.Join();
        world.Socket.Deliver($$$"""[null,null,"{{{join.Topic}}}","phx_reply",{"status":"ok","response":{"postgres_changes":[{"id":1}]}}]""");
        world.Socket.Deliver($$$"""[null,null,"{{{join.Topic}}}","phx_reply",{"status":"error","response":{"reason":"Unauthorized: no"}}]""");
        world.Run();
        stream.Status.State.Should().Be(RealtimeState.Joining);
        world.Manager.Drops[FrameDropReason.StaleReference].Should().Be(2);

        world.Socket.AcceptJoin(join);
        world.Socket.Subscribed(join);
        world.Run();
        stream.Status.State.Should().Be(RealtimeState.Live);
    }

    [Theory]
    [InlineData("""[null,null,"phoenix","phx_reply",{"status":"ok","response":{}}]""")]
    [InlineData("""[null,"999","phoenix","phx_reply",{"status":"ok","response":{}}]""")]
    [InlineData("""[null,null,"realtime:x","broadcast",{}]""")]
    public void D24_Only_the_reply_to_a_heartbeat_answers_it(string frame)
    {
        var world = new World { AutoHeartbeat = false };
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Socket.Deliver(frame);
        world.Advance(25);
        var beat = world.Socket.Frames("heartbeat").Should().ContainSingle().Subject;
        beat.Ref.Should().NotBeNull();
        world.Socket.Deliver(frame);
        world.Advance(25);
        world.Server.Sockets.Should().ContainSingle("whatever comes is a sign of life, but no answer");
        world.Socket.IsAborted.Should().BeFalse();
        world.Advance(24);
        world.Socket.IsAborted.Should().BeFalse();
        world.Advance(1.5);
        world.Server.Sockets[0].IsAborted.Should().BeTrue("the beat is still unanswered, and now nothing comes at all");
        JsonDocument.Parse(frame).RootElement.GetArrayLength().Should().Be(5);
    }
}
