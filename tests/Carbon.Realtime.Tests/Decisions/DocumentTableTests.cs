using Carbon.Realtime.Tests.Changes;
using Carbon.Realtime.Tests.Channels;
using Carbon.Realtime.Tests.Connection;
using Carbon.Realtime.Tests.House;
using Carbon.Realtime.Tests.Protocol;
using Carbon.Realtime.Tests.Replays;
using Carbon.Realtime.Tests.Transport;

namespace Carbon.Realtime.Tests.Decisions;

/// <summary>
/// The other tables of docs/protocol.md on what the server does to us: each row has a test, or a reason why there is none. Those of "Join errors" are
/// held by <see cref="ClassificationTableTests"/>, text by text.
/// </summary>
public sealed class DocumentTableTests
{
    private const string NoPresence = "this client tracks no presence";
    private const string NoBroadcast = "this client sends no broadcast, and drops those that come";

    private static readonly Proof Upgrade = Proof
        .By<SocketFaultTableTests>(nameof(SocketFaultTableTests.A_refused_upgrade), nameof(SocketFaultTableTests.Every_status_means_what_its_row_says))
        .And<ReconnectTests>(nameof(ReconnectTests.A_refused_upgrade_is_classified_by_status_and_body_and_tried_again));

    private static readonly Proof Close = Proof
        .By<CloseCodeTableTests>(nameof(CloseCodeTableTests.Every_row_is_told_with_its_reason_and_leads_to_a_reconnect))
        .And<SocketFaultTableTests>(nameof(SocketFaultTableTests.A_close));

    /// <summary>By status and text.</summary>
    private static readonly Dictionary<string, Proof> RefusedUpgrades = new()
    {
        ["401 | `API key is missing`"] = Upgrade,
        ["401 | `Token has expired`"] = Upgrade,
        ["401 | ``Fields `role` and `exp` are required in JWT``"] = Upgrade,
        ["401 | `The token provided is not a valid JWT`"] = Upgrade,
        ["401 | `Failed to validate JWT signature`"] = Upgrade,
        ["401 | `Failed to generate JWT signer …` (≥ 2.120.2)"] = Upgrade,
        ["403 | `Realtime was disabled for this tenant`"] = Upgrade,
        ["403 | (empty)"] = Upgrade.And<JoinTests>(nameof(JoinTests.An_empty_403_as_servers_before_2_116_answer_everything_is_told_and_tried_again_slowly)),
        ["404 | `Tenant not found`"] = Upgrade,
        ["429 | `Too many connected users`, `Too many joins per second`"] = Upgrade
            .And<ReturnSpreadTests>(nameof(ReturnSpreadTests.A_refusal_for_too_many_joins_is_told_to_everybody_too))
            .And<JoinRateReplayTests>(nameof(JoinRateReplayTests.Too_many_joins_are_told_as_such_waited_out_and_recovered_from)),
        ["500 | `Error connecting to Realtime`"] = Upgrade,
        ["101 | upgraded"] = Proof.By<ReconnectTests>(nameof(ReconnectTests.The_key_travels_in_the_query_and_the_version_is_asked_for)),
    };

    /// <summary>By extension, status and how the message begins.</summary>
    private static readonly Dictionary<string, Proof> SystemMessages = new()
    {
        ["`postgres_changes` | ok | `Subscribed to PostgreSQL`"] = Proof
            .By<ChannelTests>(nameof(ChannelTests.A_stream_is_live_only_when_the_server_says_that_changes_flow), nameof(ChannelTests.A_repeated_ok_that_nothing_of_ours_explains_is_a_gap)),
        ["`postgres_changes` | error | `Unable to subscribe"] = Refused("not published"),
        ["`postgres_changes` | error | `…An exception happen"] = Refused("failed"),
        ["`postgres_changes` | error | ``Error parsing `filt"] = Refused("not understood"),
        ["`postgres_changes` | error | anything else (`Incre"] = Proof
            .By<ClassificationTableTests>(nameof(ClassificationTableTests.Any_other_error_of_a_subscription_is_one_that_the_server_retries))
            .And<ChannelTests>(nameof(ChannelTests.An_error_that_the_server_retries_itself_needs_no_rejoin_and_ends_in_a_gap)),
        ["`system` | ok | `Replication connection established`"] = Proof
            .By<JoinTests>(nameof(JoinTests.A_system_message_that_means_nothing_where_it_comes_is_ignored)),
        ["`system` | ok | `Server requested disconnect` (no `channel` key)"] = Proof
            .By<JoinTests>(nameof(JoinTests.A_requested_disconnect_is_no_error_of_the_channel_and_the_close_that_follows_is_recovered_from))
            .And<ServerCloseReplayTests>(nameof(ServerCloseReplayTests.A_tenant_reload_is_a_reconnect_with_a_fresh_token_and_a_gap)),
        ["`system` | error | see below"] = Proof
            .By<DecisionTableTests>(nameof(DecisionTableTests.The_error_before_a_close_is_remembered_and_classified_when_the_close_comes))
            .And<ClassificationTableTests>(nameof(ClassificationTableTests.A_refused_join_or_an_ended_channel)),
    };

    private static readonly Dictionary<string, Proof> Limits = new()
    {
        ["concurrent sockets per tenant"] = Upgrade,
        ["channels per socket"] = Proof
            .By<LimitTableTests>(nameof(LimitTableTests.Channels_per_socket))
            .And<JoinTests>(nameof(JoinTests.A_channel_one_too_many_is_joined_when_another_is_removed)),
        ["joins per second (tenant; also socket connects)"] = Proof
            .By<LimitTableTests>(nameof(LimitTableTests.Joins_per_second))
            .And<JoinTests>(nameof(JoinTests.Too_many_joins_closes_the_socket_and_an_hour_of_it_is_no_storm))
            .And<JoinRateReplayTests>(nameof(JoinRateReplayTests.Too_many_joins_are_told_as_such_waited_out_and_recovered_from)),
        ["events per second (tenant, 60 s average)"] = Proof // what the tenant's clients do together ends a channel, also one that did nothing
            .By<DecisionTableTests>(nameof(DecisionTableTests.The_error_before_a_close_is_remembered_and_classified_when_the_close_comes)),
        ["bytes per second"] = Proof.None("no text, status or close code of the server's tells of it: nothing comes that a client could react to"),
        ["presence events per second"] = Proof.None(NoPresence),
        ["presence calls per channel"] = Proof.None(NoPresence),
        ["broadcast payload"] = Proof.None(NoBroadcast),
        ["postgres change row"] = Proof
            .By<VerdictTests>(nameof(VerdictTests.Error_413_is_a_gap_for_the_key))
            .And<HardRowTests>(nameof(HardRowTests.Error_413_without_a_time_stamp_is_a_gap_at_its_key_whatever_is_left_of_the_row))
            .And<RevalidationEdgeTests>(nameof(RevalidationEdgeTests.A_row_that_is_too_large_to_be_sent_whole_fires)),
        ["frame from client"] = Proof
            .By<LimitTableTests>(
                nameof(LimitTableTests.Frame_from_client_is_kept_by_gathering_no_more_bindings_than_a_join_holds),
                nameof(LimitTableTests.Frame_from_client_is_kept_although_the_channel_budget_is_spent),
                nameof(LimitTableTests.Frame_from_client_that_no_parting_makes_small_enough_is_refused_here_and_costs_nobody_the_socket)),
        ["`in()` values"] = Proof.By<LimitTableTests>(nameof(LimitTableTests.In_values)),
        ["replay"] = Proof.None("it is of broadcasts; " + NoBroadcast),
        ["topic, event, join_ref, ref in binary frames"] = Proof.By<LimitTableTests>(nameof(LimitTableTests.Topic_and_references)),
        ["frame **to** client"] = Proof
            .By<LimitTableTests>(
                nameof(LimitTableTests.Frame_to_client), nameof(LimitTableTests.Frame_from_client_that_the_server_will_repeat_fits_into_the_largest_message_accepted))
            .And<ReceiveBufferTests>(nameof(ReceiveBufferTests.The_limit_is_exact_and_no_room_beyond_it_is_rented)),
    };

    private static readonly Dictionary<string, Proof> CloseCodes = new()
    {
        ["1000"] = Close,
        ["1001"] = Close.And<CloseCodeTableTests>(nameof(CloseCodeTableTests.A_tenant_that_is_not_found_at_a_join_stays_told_although_the_socket_is_closed_and_opened_again)),
        ["1006"] = Close,
        ["1009"] = Close.And<CloseCodeTableTests>(nameof(CloseCodeTableTests.A_join_over_five_megabytes_is_never_sent_so_that_it_costs_nobody_the_socket_again_and_again)),
        ["1011"] = Close,
        ["1012"] = Close.And<ReturnSpreadTests>(
            nameof(ReturnSpreadTests.A_thousand_clients_that_are_sent_away_together_dial_again_spread_out),
            nameof(ReturnSpreadTests.Whoever_comes_back_asks_for_a_fresh_token_first)),
        ["4xxx"] = Close,
    };

    [Fact]
    public void Every_refused_upgrade_of_the_document_is_here_and_no_other() => Rows("Refused upgrades", columns: 2).Should().BeEquivalentTo(RefusedUpgrades.Keys);

    [Fact]
    public void Every_system_message_of_the_document_is_here_and_no_other()
    {
        var rows = Rows("System messages", columns: 3);
        rows.Should().HaveCount(SystemMessages.Count);
        SystemMessages.Keys.Should().AllSatisfy(key => rows.Should().ContainSingle(row => row.StartsWith(key, StringComparison.Ordinal), key));
    }

    [Fact]
    public void Every_limit_of_the_document_is_here_and_no_other() => Rows("Limits", columns: 1).Should().BeEquivalentTo(Limits.Keys);

    [Fact]
    public void Every_close_code_of_the_document_is_here_and_no_other() => Rows("Close codes", columns: 1).Should().BeEquivalentTo(CloseCodes.Keys);

    [Fact]
    public void Every_test_that_a_row_names_is_there() =>
        RefusedUpgrades.Concat(SystemMessages).Concat(Limits).Concat(CloseCodes).Should().AllSatisfy(static row => row.Value.AssertExists(row.Key));

    private static Proof Refused(string how) => Proof
        .By<ClassificationTableTests>(nameof(ClassificationTableTests.A_refused_subscription))
        .And<QuarantineTests>(how == "not understood"
            ? nameof(QuarantineTests.A_refusal_that_quotes_nothing_is_found_by_halving_also_when_no_place_is_free)
            : nameof(QuarantineTests.The_quoted_binding_is_set_apart_and_costs_its_neighbours_one_join));

    /// <summary>The first columns of a section's table. No cell of these has a bar in it.</summary>
    private static IReadOnlyList<string> Rows(string section, int columns) =>
    [
        .. File.ReadLines(Path.Combine(ApprovedText.RepositoryRoot(), "docs", "protocol.md")).SkipWhile(line => line != "## " + section).Skip(1)
            .TakeWhile(static line => !line.StartsWith("## ", StringComparison.Ordinal))
            .Where(static line => line.StartsWith("| ", StringComparison.Ordinal))
            .Skip(1)
            .Select(line => string.Join(" | ", line.Split('|').Skip(1).Take(columns).Select(static cell => cell.Trim()))),
    ];
}
