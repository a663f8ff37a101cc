using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Authentication;
using Carbon.Realtime.Tests.Changes;
using Carbon.Realtime.Tests.Channels;
using Carbon.Realtime.Tests.Connection;
using Carbon.Realtime.Tests.House;
using Carbon.Realtime.Tests.Protocol;
using Carbon.Realtime.Tests.Replays;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Decisions;

/// <summary>docs/protocol.md, "What the client does": each row has a test, and a row that is added to the document without one fails here.</summary>
public sealed class DecisionTableTests
{
    private const string Order = """{"id":"so_1","companyId":"co_1","status":"Draft"}""";

    /// <summary>By the row's first column.</summary>
    private static readonly Dictionary<string, Proof> Rows = new()
    {
        ["join ok"] = Proof
            .By<ChannelTests>(nameof(ChannelTests.A_stream_is_live_only_when_the_server_says_that_changes_flow))
            .And<DecisionTableTests>(nameof(After_fifteen_seconds_without_the_word_a_warning_is_logged_and_two_minutes_later_the_channel_is_joined_anew)),
        ["system error of `postgres_changes`, permanent text"] = Proof
            .By<ChannelTests>(nameof(ChannelTests.A_bad_binding_does_not_silence_its_neighbours))
            .And<QuarantineTests>(
                nameof(QuarantineTests.The_quoted_binding_is_set_apart_and_costs_its_neighbours_one_join),
                nameof(QuarantineTests.A_refusal_that_quotes_nothing_is_found_by_halving_also_when_no_place_is_free))
            .And<JoinErrorReplayTests>(nameof(JoinErrorReplayTests.Refused_bindings_are_faulted_with_the_servers_words_and_advice_and_the_others_are_live)),
        ["the same, of a role that does not exist"] = Proof
            .By<QuarantineTests>(nameof(QuarantineTests.A_refusal_that_is_no_bindings_fault_parts_nothing)),
        ["system error of `postgres_changes`, other text"] = Proof
            .By<ChannelTests>(nameof(ChannelTests.An_error_that_the_server_retries_itself_needs_no_rejoin_and_ends_in_a_gap)),
        ["system ok again"] = Proof
            .By<ChannelTests>(nameof(ChannelTests.A_repeated_ok_that_nothing_of_ours_explains_is_a_gap))
            .And<TokenRefreshTests>(nameof(TokenRefreshTests.A_token_is_refreshed_a_minute_to_a_minute_and_a_half_before_it_expires_and_pushed_without_a_rejoin_or_a_gap))
            .And<DecisionTableTests>(nameof(One_ok_answers_all_token_pushes_before_it_and_the_next_is_a_gap)),
        ["system error of `system`, then an unsolicited `phx_close`"] = Proof
            .By<TokenRefusalTests>(nameof(TokenRefusalTests.When_the_server_ends_a_channel_at_expiry_a_fresh_token_is_asked_for_and_the_channel_joined_again))
            .And<RefusalTests>(nameof(RefusalTests.A_changed_token_ends_the_wait_of_a_channel_that_may_have_lacked_it))
            .And<DecisionTableTests>(nameof(The_error_before_a_close_is_remembered_and_classified_when_the_close_comes)),
        ["`phx_error`"] = Proof
            .By<ChannelTests>(nameof(ChannelTests.A_channel_the_server_ends_is_joined_again_on_a_new_topic))
            .And<DecisionTableTests>(nameof(A_channel_whose_process_crashes_each_time_is_joined_ever_more_rarely)),
        ["join error"] = Proof
            .By<ChannelTests>(nameof(ChannelTests.A_refused_join_backs_off_and_is_not_repeated_at_a_short_period))
            .And<RecordedFaultTests>(nameof(RecordedFaultTests.Every_refused_join_and_ended_channel_is_classified_as_documented)),
        ["asked for a fresh token, the provider gives the refused one again"] = Proof
            .By<TokenRefusalTests>(
                nameof(TokenRefusalTests.The_refused_token_given_again_is_not_joined_with_at_once_and_the_status_says_so),
                nameof(TokenRefusalTests.A_different_token_ends_the_wait_for_one_at_once),
                nameof(TokenRefusalTests.Without_a_token_it_is_the_api_key_that_ended_which_somebody_must_change_or_sign_in)),
        ["join larger than a client frame may be"] = Proof
            .By<LimitTableTests>(
                nameof(LimitTableTests.Frame_from_client_is_kept_by_gathering_no_more_bindings_than_a_join_holds),
                nameof(LimitTableTests.Frame_from_client_that_no_parting_makes_small_enough_is_refused_here_and_costs_nobody_the_socket)),
        ["answers to our own `phx_leave`"] = Proof
            .By<JoinTests>(nameof(JoinTests.Answers_to_our_own_leaves_are_no_strays)),
        ["join unanswered for 15 s"] = Proof
            .By<ChannelTests>(
                nameof(ChannelTests.A_join_without_a_reply_is_left_and_tried_again),
                nameof(ChannelTests.Joins_are_few_at_a_time_and_only_the_oldest_ones_time_runs)),
        ["the token provider fails"] = Proof
            .By<StormTests>(nameof(StormTests.A_token_provider_that_fails_for_ever))
            .And<TokenRefreshTests>(nameof(TokenRefreshTests.A_refresh_that_fails_is_put_again_after_a_wait_of_its_own_for_as_long_as_the_token_lives)),
        ["socket ended, whatever the code"] = Proof
            .By<ReconnectTests>(nameof(ReconnectTests.Every_close_code_leads_to_a_reconnect_and_a_gap))
            .And<TokenTests>(nameof(TokenTests.The_provider_is_asked_before_a_later_join_and_before_every_reconnect))
            .And<DecisionTableTests>(nameof(After_a_lost_socket_channels_return_four_at_a_time)),
        ["close 1001, close 1012, HTTP 429: told to many clients at once"] = Proof
            .By<ReturnSpreadTests>(
                nameof(ReturnSpreadTests.The_first_waits_of_a_thousand_clients_after_a_restart_fall_evenly_into_ten_seconds),
                nameof(ReturnSpreadTests.A_refusal_for_too_many_joins_is_told_to_everybody_too)),
        ["heartbeat unanswered until the next, and nothing else came"] = Proof
            .By<ReconnectTests>(
                nameof(ReconnectTests.An_unanswered_heartbeat_gives_the_socket_up),
                nameof(ReconnectTests.A_late_heartbeat_reply_while_a_join_blocks_the_socket_proves_nothing))
            .And<HeartbeatTests>(
                nameof(HeartbeatTests.Replies_that_stop_while_data_flows_cost_the_socket_only_after_three_beats),
                nameof(HeartbeatTests.A_beat_that_fell_into_a_moment_in_which_nothing_of_ours_ran_proves_nothing)),
        ["our process or machine stood still for 10 s or more (\"Silent loss\" (e))"] = Proof
            .By<PauseTests>(
                nameof(PauseTests.After_a_short_pause_the_socket_is_kept_and_streams_get_a_gap_suspended),
                nameof(PauseTests.When_the_probe_stays_unanswered_the_socket_is_given_up_with_patience_and_the_gap_is_rejoined_only)),
        ["the wall clock was set, by 1 s or more"] = Proof
            .By<PauseTests>(nameof(PauseTests.A_token_is_refreshed_by_the_clock_as_it_is_now_and_not_as_it_was)),
        ["frame of an unknown topic, or with a stale `join_ref`"] = Proof
            .By<ChannelTests>(nameof(ChannelTests.The_end_of_an_old_join_does_not_end_the_new_one))
            .And<ReplyTests>(nameof(ReplyTests.A_reply_counts_only_on_the_topic_it_was_sent_to)),
        ["change whose id is unknown"] = Proof
            .By<ChannelTests>(nameof(ChannelTests.An_id_of_no_binding_is_counted_and_dropped))
            .And<DecisionTableTests>(nameof(A_change_of_an_id_that_no_binding_has_ends_nothing)),
        ["change that the join before delivered"] = Proof
            .By<DuplicateTests>(
                nameof(DuplicateTests.What_the_old_join_delivered_does_not_come_again_on_the_new_one),
                nameof(DuplicateTests.Two_equal_changes_of_which_the_old_join_delivered_one_are_told_twice_in_all),
                nameof(DuplicateTests.A_while_after_the_rejoin_nothing_is_a_repetition_any_more)),
        ["typed row with a `bpchar` or `bit` column that is not null"] = Proof
            .By<HardRowTests>(nameof(HardRowTests.A_column_that_the_server_cuts_to_its_first_character_is_never_told_as_a_rows_value)),
        ["filter on a column whose type begins with `_`"] = Proof
            .By<ArrayFilterTests>(
                nameof(ArrayFilterTests.A_stream_that_filters_on_an_array_ends_at_the_first_sight_of_its_type),
                nameof(ArrayFilterTests.Once_seen_a_filter_on_an_array_is_refused_before_it_is_sent)),
        ["refusal that quotes `x,column=operator.…` as one value"] = Proof
            .By<WideFilterTests>(nameof(WideFilterTests.A_refusal_that_shows_that_the_server_did_not_split_the_filter_leads_to_one_condition_and_advice)),
        ["change with `errors`"] = Proof
            .By<VerdictTests>(
                nameof(VerdictTests.Error_413_is_a_gap_for_the_key),
                nameof(VerdictTests.Errors_400_and_401_are_a_status_and_never_a_row))
            .And<JoinErrorReplayTests>(nameof(JoinErrorReplayTests.Tables_that_cannot_be_sent_are_faulted_and_never_a_row_and_readable_ones_are_rows)),
    };

    [Fact]
    public void Every_row_of_the_document_has_a_test_and_every_test_a_row() =>
        FirstColumn("What the client does").Should().BeEquivalentTo(Rows.Keys);

    [Fact]
    public void Every_test_that_a_row_names_is_there() =>
        Rows.Should().AllSatisfy(static row => row.Value.AssertExists(row.Key));

    [Fact]
    public void After_fifteen_seconds_without_the_word_a_warning_is_logged_and_two_minutes_later_the_channel_is_joined_anew()
    {
        var world = new World { AutoSubscribed = false };
        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();

        world.Advance(14.5);
        Warnings().Should().BeEmpty();
        world.Advance(120);

        Warnings().Should().ContainSingle();
        stream.Status.State.Should().Be(RealtimeState.Joining);
        world.Socket.Frames("phx_join").Should().ContainSingle("the server may be starting; joining again would only start it over");

        world.Advance(20);
        world.Socket.Frames("phx_leave").Should().ContainSingle();
        world.Socket.Frames("phx_join").Should().HaveCount(2, "the server may have given up without a word");
        stream.Status.Error!.Message.Should().Contain("did not say within 120 s that changes flow");
        world.Socket.Subscribed(world.Socket.Join());
        world.Run();
        stream.Status.State.Should().Be(RealtimeState.Live);

        IEnumerable<string> Warnings() => world.Log.Lines.Where(static line => line.Contains("still waiting", StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_ok_answers_all_token_pushes_before_it_and_the_next_is_a_gap()
    {
        var tokens = new FakeTokens();
        var world = new World(tokens: tokens);
        tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(1));
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        foreach (var mark in new[] { "b", "c", "d" })
        {
            tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(1), mark: mark);
            await world.Env.RunAsync(world.Manager.RefreshAccessTokenAsync());
        }

        world.Socket.Frames("access_token").Should().HaveCount(3);
        world.Socket.Subscribed(world.Socket.Join());
        world.Run();
        seen.Items.Select(static change => change.ToString()).Should().Equal("gap (Started)");

        world.Socket.Subscribed(world.Socket.Join());
        world.Run();
        seen.Items.Select(static change => change.ToString()).Should().Equal("gap (Started)", "gap (Resubscribed)");
        seen.AssertContract();
    }

    [Theory]
    [InlineData("You do not have permissions to read from this Channel topic: x", RealtimeErrorReason.PermissionDenied, RealtimeState.Faulted)]
    [InlineData("You no longer have permission to read from this Channel topic: x", RealtimeErrorReason.PermissionDenied, RealtimeState.Faulted)]
    [InlineData("Too many messages per second", RealtimeErrorReason.RateLimited, RealtimeState.Recovering)]
    [InlineData("Realtime was unable to connect to the project database", RealtimeErrorReason.ServerUnavailable, RealtimeState.Recovering)]
    [InlineData("words that no version has said yet", RealtimeErrorReason.ServerUnavailable, RealtimeState.Recovering)]
    public void The_error_before_a_close_is_remembered_and_classified_when_the_close_comes(string words, RealtimeErrorReason reason, RealtimeState state)
    {
        var world = new World();
        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();

        world.Socket.System(world.Socket.Join(), "system", "error", words);
        world.Run();
        stream.Status.State.Should().Be(RealtimeState.Live, "the close is what ends the channel");

        world.Socket.CloseChannel(world.Socket.Join());
        world.Run();
        stream.Status.State.Should().Be(state);
        stream.Status.Error!.Reason.Should().Be(reason);
        stream.Status.Error.Message.Should().Contain(words);

        world.Advance(61);
        stream.Status.State.Should().Be(RealtimeState.Live);
        seen.Items.Select(static change => change.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)");
    }

    [Fact]
    public void A_channel_whose_process_crashes_each_time_is_joined_ever_more_rarely()
    {
        var world = new World();
        world.Server.Opened += socket =>
        {
            var answer = socket.OnSent!;
            socket.OnSent = text =>
            {
                answer(text);
                if (SentFrame.Parse(text) is { Event: "phx_join" } join)
                {
                    socket.CloseChannel(join, "phx_error");
                }
            };
        };
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Advance(3600);

        world.Socket.Frames("phx_join").Count.Should().BeLessThan(400, "an hour at half the longest back-off of 30 s is 240 joins");
        world.Server.Sockets.Should().ContainSingle("the socket is not to blame");
        seen.AssertContract();
    }

    [Fact]
    public void After_a_lost_socket_channels_return_four_at_a_time()
    {
        var world = new World();
        var seen = Enumerable.Range(0, 10)
            .Select(i => new StreamRecorder<TableChange<string, SalesOrder>>(
                world.Manager.Changes(Shop.SalesOrders, new ChangeStreamOptions { Group = $"g{i}" })))
            .ToList();
        world.Join();
        world.Socket.Frames("phx_join").Should().HaveCount(10);

        world.AutoJoin = false;
        world.Socket.CloseFromServer(1012);
        world.Run();
        while (world.Server.Sockets.Count < 2)
        {
            world.Advance(1);
        }

        for (var answered = 0; answered < 10; answered++)
        {
            world.Advance(0.2);
            (world.Socket.Frames("phx_join").Count - answered).Should().BeInRange(1, 4);
            world.Socket.AcceptJoin(world.Socket.Join(answered));
            world.Socket.Subscribed(world.Socket.Join(answered));
            world.Advance(0.2);
        }

        seen.Should().AllSatisfy(static recorder =>
        {
            recorder.Items.Select(static change => change.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)");
            recorder.AssertContract();
        });
    }

    [Fact]
    public void A_change_of_an_id_that_no_binding_has_ends_nothing()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Socket.Insert(world.Socket.Join(), "salesOrder", Order, 7, -1, long.MaxValue);
        world.Socket.Insert(world.Socket.Join(), "salesOrder", Order, 7, 1);
        world.Run();
        seen.Items.Select(static change => change.ToString()).Should().Equal("gap (Started)", "inserted so_1");
    }

    /// <summary>The first column of the table of a section of docs/protocol.md.</summary>
    internal static IReadOnlyList<string> FirstColumn(string section)
    {
        var lines = File.ReadAllLines(Path.Combine(ApprovedText.RepositoryRoot(), "docs", "protocol.md"));
        return
        [
            .. lines.SkipWhile(line => line != "## " + section).Skip(1)
                .TakeWhile(static line => !line.StartsWith("## ", StringComparison.Ordinal))
                .Where(static line => line.StartsWith("| ", StringComparison.Ordinal))
                .Skip(1)
                .Select(static line => line.Split('|')[1].Trim()),
        ];
    }
}
