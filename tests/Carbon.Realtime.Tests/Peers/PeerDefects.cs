using Carbon.Realtime.Tests.Authentication;
using Carbon.Realtime.Tests.Changes;
using Carbon.Realtime.Tests.Channels;
using Carbon.Realtime.Tests.Connection;
using Carbon.Realtime.Tests.Decisions;
using Carbon.Realtime.Tests.Replays;
using Carbon.Realtime.Tests.Transport;

namespace Carbon.Realtime.Tests.Peers;

/// <summary>The defects D1 to D27 of the community's C# client, and the tests that a client with the same defect would fail.</summary>
internal static class PeerDefects
{
    public static IReadOnlyDictionary<string, Proof> All { get; } = new Dictionary<string, Proof>
    {
        ["D1 no token in the join"] = Proof
            .By<TokenTests>(nameof(TokenTests.The_provider_is_asked_before_the_connect_and_its_token_travels_in_the_join)),
        ["D2 no join reference on pushes"] = Proof
            .By<ChannelTests>(nameof(ChannelTests.Every_push_carries_the_join_reference_in_both_protocol_versions))
            .And<UntestedCasesTests>(nameof(UntestedCasesTests.Case17_A_server_that_is_strict_about_join_references_drops_nothing_of_ours)),
        ["D3 a channel that the server ends is not noticed"] = Proof
            .By<PeerDefectTests>(nameof(PeerDefectTests.D03_A_server_side_close_of_the_channel_is_noticed_and_healed))
            .And<ChannelTests>(nameof(ChannelTests.A_channel_the_server_ends_is_joined_again_on_a_new_topic))
            .And<TokenReplayTests>(nameof(TokenReplayTests.An_expired_token_ends_the_channel_and_a_fresh_one_brings_it_back)),
        ["D4 pushes without a reply leak"] = Proof
            .By<PeerDefectTests>(nameof(PeerDefectTests.D04_A_thousand_pushes_that_nobody_answers_leave_nothing_behind)),
        ["D5 a broadcast without ack never completes"] = Proof.None("This client sends no broadcasts yet; its pushes (token, leave) are never awaited."),
        ["D6 frames go out in another order"] = Proof
            .By<ReconnectTests>(nameof(ReconnectTests.Frames_go_out_in_order)),
        ["D7 an exception in a handler deafens the client"] = Proof
            .By<ConsumerTests>(nameof(ConsumerTests.A_throwing_observer_loses_its_own_subscription_and_nothing_more)),
        ["D8 a second handler is never called"] = Proof
            .By<PeerDefectTests>(nameof(PeerDefectTests.D08_Every_handler_of_every_overlapping_stream_is_called))
            .And<ChannelTests>(nameof(ChannelTests.Several_ids_of_one_frame_and_ids_shared_by_bindings_are_one_change_for_each_stream)),
        ["D9 a presence_diff completes any push"] = Proof
            .By<PeerDefectTests>(nameof(PeerDefectTests.D09_Presence_on_any_channel_completes_no_join))
            .And<ReplyTests>(nameof(ReplyTests.A_reply_counts_only_on_the_topic_it_was_sent_to)),
        ["D10 what is pushed while rejoining is lost"] = Proof
            .By<PeerDefectTests>(nameof(PeerDefectTests.D10_A_token_that_changes_while_a_channel_rejoins_is_the_one_it_ends_up_with))
            .And<TokenTimingTests>(nameof(TokenTimingTests.A_token_that_changes_before_the_first_ok_is_pushed_after_it_and_makes_no_gap)),
        ["D11 a refused rejoin is for ever"] = Proof
            .By<PeerDefectTests>(nameof(PeerDefectTests.D11_A_rejoin_that_is_refused_or_unanswered_is_tried_until_it_succeeds))
            .And<ChannelTests>(nameof(ChannelTests.A_join_without_a_reply_is_left_and_tried_again)),
        ["D12 two connects are two sockets, and channels of the old one are zombies"] = Proof
            .By<PeerDefectTests>(nameof(PeerDefectTests.D12_Whoever_comes_and_goes_there_is_one_socket_at_a_time_and_its_channels_deliver))
            .And<ReconnectTests>(nameof(ReconnectTests.A_connection_that_nobody_needs_is_closed_politely_and_opened_again_when_somebody_does)),
        ["D13 unsubscribing during a subscribe throws and hangs"] = Proof
            .By<PeerDefectTests>(nameof(PeerDefectTests.D13_Unsubscribing_at_any_moment_of_a_join_throws_nothing_and_leaves_nothing)),
        ["D14 a lost connection is not told"] = Proof
            .By<PeerDefectTests>(nameof(PeerDefectTests.D14_Every_step_of_a_lost_connection_is_told))
            .And<ConsumerTests>(nameof(ConsumerTests.Status_is_followed_in_order_without_starting_the_stream)),
        ["D15 a constant thirty seconds before a retry"] = Proof
            .By<ReconnectTests>(nameof(ReconnectTests.Failed_dials_back_off_with_jitter_between_half_a_second_and_a_ceiling_that_doubles_to_thirty)),
        ["D16 handlers run on the receive loop"] = Proof
            .By<UntestedCasesTests>(nameof(UntestedCasesTests.Case04_A_handler_that_takes_five_minutes_delays_neither_heartbeats_nor_its_neighbours)),
        ["D17 a heartbeat cannot time out"] = Proof
            .By<ReconnectTests>(nameof(ReconnectTests.An_unanswered_heartbeat_gives_the_socket_up)),
        ["D18 timestamps lose their fraction and kind"] = Proof
            .By<TypesReplayTests>(nameof(TypesReplayTests.A_typical_row_has_the_databases_values)),
        ["D19 replies are parsed as changes"] = Proof
            .By<PeerDefectTests>(nameof(PeerDefectTests.D19_A_reply_that_looks_like_a_change_is_none)),
        ["D20 presence is not merged"] = Proof.None("This client has no presence yet; its frames are counted and dropped."),
        ["D21 shared lists without locks"] = Proof
            .By<PeerDefectTests>(nameof(PeerDefectTests.D21_Subscribing_and_disposing_on_many_threads_loses_nothing))
            .And<ConsumerTests>(nameof(ConsumerTests.Elements_posted_from_many_threads_reach_an_observer_one_at_a_time)),
        ["D22 subscribing twice joins twice, and a removed channel is not left"] = Proof
            .By<ChannelTests>(nameof(ChannelTests.Equal_subscriptions_share_a_binding_and_the_last_one_leaves_after_the_linger))
            .And<PeerDefectTests>(nameof(PeerDefectTests.D13_Unsubscribing_at_any_moment_of_a_join_throws_nothing_and_leaves_nothing)),
        ["D23 an orphan push swallows frames without a reference"] = Proof
            .By<PeerDefectTests>(nameof(PeerDefectTests.D23_A_frame_without_a_reference_answers_nothing)),
        ["D24 pushes are taken for the first heartbeat's reply"] = Proof
            .By<PeerDefectTests>(nameof(PeerDefectTests.D24_Only_the_reply_to_a_heartbeat_answers_it)),
        ["D25 the URL is not encoded, and secrets are logged"] = Proof
            .By<RealtimeAddressTests>(nameof(RealtimeAddressTests.The_key_is_percent_encoded))
            .And<TokenTests>(nameof(TokenTests.Secrets_appear_in_no_log_exception_or_text)),
        ["D26 errors are ignored, and absent looks like null"] = Proof
            .By<VerdictTests>(
                nameof(VerdictTests.Errors_400_and_401_are_a_status_and_never_a_row),
                nameof(VerdictTests.Absent_is_not_null_a_record_without_a_mapped_column_is_a_gap_for_its_key)),
        ["D27 the client cannot be disposed"] = Proof
            .By<DisposalTests>(
                nameof(DisposalTests.Disposing_leaves_channels_closes_politely_completes_streams_and_leaves_no_timer),
                nameof(DisposalTests.Disposing_finishes_in_every_state)),
    };
}
