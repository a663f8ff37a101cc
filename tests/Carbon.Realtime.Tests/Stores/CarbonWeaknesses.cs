using Carbon.Realtime.Tests.Authentication;
using Carbon.Realtime.Tests.Changes;
using Carbon.Realtime.Tests.Channels;
using Carbon.Realtime.Tests.Connection;
using Carbon.Realtime.Tests.CoreStores;
using Carbon.Realtime.Tests.Decisions;
using Carbon.Realtime.Tests.Filters;
using Carbon.Realtime.Tests.Snapshots;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>What Carbon's own code gets wrong, line by line, and the tests that code with the same fault would fail.</summary>
internal static class CarbonWeaknesses
{
    public static IReadOnlyDictionary<string, Proof> All { get; } = new Dictionary<string, Proof>
    {
        ["1 fetch and subscription are not ordered"] = Proof
            .By<CarbonWeaknessTests>(nameof(CarbonWeaknessTests.Line01_A_fetch_that_lands_late_does_not_undo_what_was_told_meanwhile))
            .And<ReadAndChangeOrderTests>(nameof(ReadAndChangeOrderTests.I2_an_event_during_the_read_stands_until_the_key_is_read_again))
            .And<LiveStoreTests>(nameof(LiveStoreTests.A_started_store_reads_after_the_server_said_ok_and_is_live)),
        ["2 no resync after a reconnect"] = Proof
            .By<LiveStoreTests>(nameof(LiveStoreTests.A_drop_and_heal_takes_one_scan_after_the_ok_and_nothing_else))
            .And<CarbonWeaknessTests>(nameof(CarbonWeaknessTests.Line02_A_healthy_socket_is_never_dropped_to_be_sure)),
        ["3 dead after the first error, or a new channel for each token"] = Proof
            .By<TokenChangeTests>(nameof(TokenChangeTests.A_changed_token_is_pushed_on_every_joined_channel_and_nothing_is_rejoined))
            .And<ChannelTests>(nameof(ChannelTests.A_channel_the_server_ends_is_joined_again_on_a_new_topic))
            .And<StoreFailureTests>(nameof(StoreFailureTests.A_store_that_never_read_anything_heals_as_well)),
        ["4 filtered deletes do not come, unfiltered ones come from everybody"] = Proof
            .By<CarbonWeaknessTests>(nameof(CarbonWeaknessTests.Line04_A_delete_that_the_filter_hides_is_seen_and_another_tenants_is_nobodys_business))
            .And<EventKindTests>(nameof(EventKindTests.Deletes_of_other_tenants_rows_cost_no_reads_also_just_after_one)),
        ["5 a delete's new row is an empty object"] = Proof
            .By<CarbonWeaknessTests>(nameof(CarbonWeaknessTests.Line05_A_removed_row_has_a_previous_one_and_no_current_one))
            .And<RevalidationTests>(nameof(RevalidationTests.A_delete_that_carries_only_its_key_fires_unless_the_options_say_otherwise)),
        ["6 duplicates, upserts that ignore, updates of unknown ids that do nothing"] = Proof
            .By<CarbonWeaknessTests>(nameof(CarbonWeaknessTests.Line06_Insert_and_update_are_one_idempotent_upsert)),
        ["7 columns drift apart in three places"] = Proof
            .By<EventKindTests>(nameof(EventKindTests.A_record_without_a_mapped_column_is_read_by_its_key_and_never_merged))
            .And<PagingTests>(nameof(PagingTests.Every_request_selects_the_mapped_columns_and_carries_filter_and_tenant)),
        ["8 two sort orders"] = Proof
            .By<CoreOrderTests>(
                nameof(CoreOrderTests.Each_list_has_its_entitys_order_after_a_read_after_changes_and_in_a_collection),
                nameof(CoreOrderTests.A_list_out_of_the_cache_has_the_order_of_the_one_that_was_read)),
        ["9 one tenant's rows are shown to another"] = Proof
            .By<StoreIsolationTests>(nameof(StoreIsolationTests.Nothing_of_the_old_one_is_seen_or_kept_for_the_new_one)),
        ["10 a cache that is written never, or only by fetches"] = Proof
            .By<StoreCacheTests>(
                nameof(StoreCacheTests.I16_a_crash_at_any_write_leaves_one_whole_state_that_a_later_start_verifies),
                nameof(StoreCacheTests.One_that_cannot_be_written_is_written_whole_later)),
        ["11 topics collide"] = Proof
            .By<ChannelTests>(
                nameof(ChannelTests.Subscriptions_of_one_moment_share_a_channel_and_a_late_one_disturbs_nobody),
                nameof(ChannelTests.Equal_subscriptions_share_a_binding_and_the_last_one_leaves_after_the_linger)),
        ["12 an older teardown ends the newer channel"] = Proof
            .By<ChannelTests>(nameof(ChannelTests.The_end_of_an_old_join_does_not_end_the_new_one))
            .And<StoreWaitingTests>(nameof(StoreWaitingTests.An_observer_may_switch_the_tenant_subscribe_again_and_dispose_the_manager)),
        ["13 filters that the server refuses or that never match"] = Proof
            .By<FilterBuildingTests>(nameof(FilterBuildingTests.Misuse_throws_an_argument_error_that_says_what_to_do)),
        ["14 people: no single flight, answers out of order"] = Proof
            .By<EventKindTests>(nameof(EventKindTests.Where_a_change_is_only_a_signal_its_content_is_never_shown))
            .And<CarbonWeaknessTests>(nameof(CarbonWeaknessTests.Line14_A_burst_of_signals_is_one_read_and_a_late_answer_is_not_the_last_word)),
        ["15 pages by offset without a unique order"] = Proof
            .By<PagingTests>(nameof(PagingTests.Rows_that_come_and_go_between_pages_neither_skip_nor_repeat_another)),
        ["16 one list that fails takes the others with it"] = Proof
            .By<CarbonWeaknessTests>(nameof(CarbonWeaknessTests.Line16_A_store_that_cannot_be_read_costs_no_other_store_anything)),
        ["17 a full sort and a notification per event"] = Proof
            .By<CarbonWeaknessTests>(nameof(CarbonWeaknessTests.Line17_What_comes_together_is_told_together)),
        ["18 an unpublished table says nothing"] = Proof
            .By<CarbonWeaknessTests>(nameof(CarbonWeaknessTests.Line18_An_unpublished_table_is_said_aloud_and_read_from_time_to_time)),
        ["19 back-off without jitter, a refresh on every focus"] = Proof
            .By<ReconnectTests>(nameof(ReconnectTests.Failed_dials_back_off_with_jitter_between_half_a_second_and_a_ceiling_that_doubles_to_thirty))
            .And<TokenChangeTests>(nameof(TokenChangeTests.A_hundred_refreshes_at_once_ask_the_provider_twice_at_most)),
        ["20 the stream's cost"] = Proof
            .By<CarbonWeaknessTests>(nameof(CarbonWeaknessTests.Line20_Another_source_of_changes_that_names_keys_alone_keeps_a_store_as_well)),
        ["21 a membership that is revoked"] = Proof
            .By<EventKindTests>(nameof(EventKindTests.A_right_that_is_withdrawn_purges_the_store_and_one_that_returns_fills_it))
            .And<CarbonWeaknessTests>(nameof(CarbonWeaknessTests.Line21_Rows_that_the_policy_hides_from_now_on_are_gone_after_the_next_read)),
    };
}
