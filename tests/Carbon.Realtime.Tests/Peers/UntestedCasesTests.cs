using Carbon.Realtime.Protocol;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Authentication;
using Carbon.Realtime.Tests.Changes;
using Carbon.Realtime.Tests.Channels;
using Carbon.Realtime.Tests.Connection;
using Carbon.Realtime.Tests.Decisions;
using Carbon.Realtime.Tests.Replays;
using Carbon.Realtime.Tests.Support;
using Carbon.Realtime.Tests.Transport;

namespace Carbon.Realtime.Tests.Peers;

/// <summary>The eighteen cases that no client of Supabase Realtime had a test for, by their number in the study of the peers.</summary>
public sealed class UntestedCasesTests
{
    private const string Order = """{"id":"so_1","companyId":"co_1","status":"Draft"}""";

    private static readonly Dictionary<int, Proof> Cases = new()
    {
        [1] = Proof.By<TokenReplayTests>(nameof(TokenReplayTests.An_expired_token_ends_the_channel_and_a_fresh_one_brings_it_back))
            .And<TokenRefusalTests>(nameof(TokenRefusalTests.When_the_server_ends_a_channel_at_expiry_a_fresh_token_is_asked_for_and_the_channel_joined_again)),
        [2] = Proof.By<ChannelTests>(nameof(ChannelTests.A_repeated_ok_that_nothing_of_ours_explains_is_a_gap)),
        [3] = Proof.By<ConsumerTests>(nameof(ConsumerTests.A_throwing_observer_loses_its_own_subscription_and_nothing_more)),
        [4] = Proof.By<UntestedCasesTests>(nameof(Case04_A_handler_that_takes_five_minutes_delays_neither_heartbeats_nor_its_neighbours)),
        [5] = Proof.None("Un-acked broadcasts: this client sends none yet. Its own unanswered pushes are D4's test."),
        [6] = Proof.By<JoinTests>(nameof(JoinTests.Eight_failing_joins_of_five_seconds_each_do_not_trip_the_heartbeat))
            .And<HeartbeatTests>(nameof(HeartbeatTests.Failing_joins_of_five_seconds_each_do_not_trip_the_heartbeat)),
        [7] = Proof.By<ChannelTests>(nameof(ChannelTests.A_table_that_matched_only_by_LIKE_is_dropped))
            .And<JoinErrorReplayTests>(nameof(JoinErrorReplayTests.A_name_that_matched_by_LIKE_alone_brings_nothing_of_the_other_tables)),
        [8] = Proof.By<VerdictTests>(nameof(VerdictTests.Errors_400_and_401_are_a_status_and_never_a_row), nameof(VerdictTests.Error_413_is_a_gap_for_the_key))
            .And<JoinErrorReplayTests>(nameof(JoinErrorReplayTests.Tables_that_cannot_be_sent_are_faulted_and_never_a_row_and_readable_ones_are_rows)),
        [9] = Proof.By<VerdictTests>(nameof(VerdictTests.Absent_is_not_null_a_record_without_a_mapped_column_is_a_gap_for_its_key)),
        [10] = Proof.By<UntestedCasesTests>(nameof(Case10_A_fast_laned_change_of_an_old_join_reaches_nobody))
            .And<ReconnectReplayTests>(nameof(ReconnectReplayTests.A_change_of_the_connection_before_finds_no_channel)),
        [11] = Proof.None("Presence before its state, and tracking again: this client has no presence yet."),
        [12] = Proof.By<UntestedCasesTests>(nameof(Case12_A_step_of_the_wall_clock_neither_drops_the_socket_nor_stops_the_heart))
            .And<PauseTests>(
                nameof(PauseTests.After_a_short_pause_the_socket_is_kept_and_streams_get_a_gap_suspended),
                nameof(PauseTests.Sleep_that_only_the_wall_clock_counts_is_noticed_at_the_next_beat)),
        [13] = Proof.By<ReturnSpreadTests>(nameof(ReturnSpreadTests.A_thousand_clients_that_are_sent_away_together_dial_again_spread_out)),
        [14] = Proof.By<UntestedCasesTests>(nameof(Case14_A_row_of_a_megabyte_comes_whole))
            .And<ReceiveBufferTests>(nameof(ReceiveBufferTests.Grows_by_doubling_and_keeps_what_was_received)),
        [15] = Proof.None("Two forms of one broadcast: this client has no broadcasts yet; binary frames are counted and dropped."),
        [16] = Proof.By<DisposalTests>(nameof(DisposalTests.Disposing_finishes_in_every_state))
            .And<UntestedCasesTests>(nameof(Case16_Disposing_at_any_work_item_of_a_connect_join_and_receive_ends_in_order)),
        [17] = Proof.By<UntestedCasesTests>(nameof(Case17_A_server_that_is_strict_about_join_references_drops_nothing_of_ours)),
        [18] = Proof.By<JoinTests>(nameof(JoinTests.An_empty_403_as_servers_before_2_116_answer_everything_is_told_and_tried_again_slowly)),
    };

    [Fact]
    public void Every_case_has_a_test_or_a_reason()
    {
        Cases.Keys.Should().Equal(Enumerable.Range(1, 18));
        Cases.Should().AllSatisfy(static entry => entry.Value.AssertExists($"case {entry.Key}"));
    }

    [Fact]
    public void Case04_A_handler_that_takes_five_minutes_delays_neither_heartbeats_nor_its_neighbours()
    {
        var world = new World();
        using var neighbour = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        using var slow = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        var beats = -1;
        slow.OnElement = (_, change) =>
        {
            if (change is Inserted<string, SalesOrder> && beats < 0)
            {
                // Everything else goes on while this call does not return: a handler on the reader's loop, or under the gate, would stop it.
                beats = world.Socket.Frames("heartbeat").Count;
                world.Advance(300);
                world.Socket.Insert(world.Socket.Join(), "salesOrder", Order.Replace("so_1", "so_2", StringComparison.Ordinal));
                world.Run();
                neighbour.Items.Select(static item => item.ToString()).Should().Equal("gap (Started)", "inserted so_1", "inserted so_2");
            }
        };

        world.Socket.Insert(world.Socket.Join(), "salesOrder", Order);
        world.Run();

        (world.Socket.Frames("heartbeat").Count - beats).Should().Be(12);
        world.Server.Sockets.Should().ContainSingle();
        slow.Items.Select(static item => item.ToString()).Should().Equal("gap (Started)", "inserted so_1", "inserted so_2");
        slow.Error.Should().BeNull();
    }

    [Fact]
    public void Case10_A_fast_laned_change_of_an_old_join_reaches_nobody()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        var old = world.Socket.Join();
        world.AutoJoin = false;
        world.Socket.CloseChannel(old);
        world.Advance(2);
        var current = world.Socket.Join();

        world.Socket.Insert(old, "salesOrder", Order);
        world.Socket.AcceptJoin(current);
        world.Socket.Insert(old, "salesOrder", Order);
        world.Socket.Subscribed(current);
        world.Socket.Insert(old, "salesOrder", Order);
        world.Run();

        seen.Items.Select(static change => change.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)");
        world.Manager.Drops[FrameDropReason.UnknownTopic].Should().Be(3);
    }

    [Theory]
    [InlineData(36500)]
    [InlineData(1)]
    [InlineData(-1)]
    [InlineData(-36500)]
    public void Case12_A_step_of_the_wall_clock_neither_drops_the_socket_nor_stops_the_heart(int days)
    {
        var world = new World();
        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();
        world.Advance(30);
        world.Env.Time.StepWallClock(TimeSpan.FromDays(days));
        world.Advance(300);

        stream.Status.State.Should().Be(RealtimeState.Live);
        world.Server.Sockets.Should().ContainSingle();
        world.Socket.Frames("heartbeat").Should().HaveCount(13);
    }

    [Fact]
    public void Case14_A_row_of_a_megabyte_comes_whole()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        var text = new string('x', 1024 * 1024);
        world.Socket.Insert(world.Socket.Join(), "salesOrder", $$"""{"id":"so_1","companyId":"co_1","status":"{{text}}"}""");
        world.Run();
        seen.Items[^1].Should().BeOfType<Inserted<string, SalesOrder>>().Which.Row.Status.Should().HaveLength(text.Length);
    }

    [Fact]
    public async Task Case16_Disposing_at_any_work_item_of_a_connect_join_and_receive_ends_in_order()
    {
        for (var step = 0; ; step++)
        {
            var world = new World(tokens: new FakeTokens { Token = "a.b.c" });
            var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
            var left = step;
            var isThrough = Take(world, ref left, null)
                && Take(world, ref left, static w => w.Env.Time.Advance(TimeSpan.FromSeconds(0.05)))
                && Take(world, ref left, static w => w.Socket.Insert(w.Socket.Join(), "salesOrder", Order));

            await world.Env.RunAsync(world.Manager.DisposeAsync().AsTask(), TimeSpan.FromSeconds(11));
            world.Run();

            seen.IsCompleted.Should().BeTrue("disposed at work item {0}", step);
            seen.AssertContract();
            world.Manager.Deadlines.Count.Should().Be(0, "disposed at work item {0}", step);
            world.Server.Sockets.Should().OnlyContain(static socket => socket.IsDisposed, "disposed at work item {0}", step);
            if (isThrough)
            {
                step.Should().BeGreaterThan(10, "each work item had its turn");
                return;
            }
        }

        static bool Take(World world, ref int left, Action<World>? next)
        {
            next?.Invoke(world);
            while (left > 0 && world.Env.Scheduler.RunOne())
            {
                left--;
            }

            return world.Env.Scheduler.Pending == 0;
        }
    }

    [Theory]
    [InlineData(ProtocolVersion.V1)]
    [InlineData(ProtocolVersion.V2)]
    public async Task Case17_A_server_that_is_strict_about_join_references_drops_nothing_of_ours(ProtocolVersion version)
    {
        var tokens = new FakeTokens();
        var world = new World(options => options.ProtocolVersion = version, tokens);
        tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(1));
        var stream = world.Manager.Changes(Shop.SalesOrders);
        var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();
        tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(1), mark: "b");
        await world.Env.RunAsync(world.Manager.RefreshAccessTokenAsync());
        world.Socket.CloseChannel(world.Socket.Join(), "phx_error");
        world.Advance(2);
        tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(1), mark: "c");
        await world.Env.RunAsync(world.Manager.RefreshAccessTokenAsync());
        seen.Dispose();
        world.Advance(6);

        var pushes = world.Socket.Frames().Where(static frame => frame.Topic != "phoenix").ToList();
        pushes.Select(static frame => frame.Event).Should().Equal("phx_join", "access_token", "phx_join", "access_token", "phx_leave");
        var joined = new Dictionary<string, string?>();
        foreach (var push in pushes)
        {
            if (push.Event == "phx_join")
            {
                push.JoinRef.Should().Be(push.Ref);
                joined[push.Topic] = push.JoinRef;
            }
            else
            {
                push.JoinRef.Should().Be(joined[push.Topic], push.Event);
            }
        }
    }
}
