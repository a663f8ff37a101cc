using Carbon.Realtime.Protocol;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Channels;

public sealed class ChannelTests
{
    private const string Order = """{"id":"so_1","companyId":"co_1","status":"new"}""";

    [Fact]
    public void A_stream_is_live_only_when_the_server_says_that_changes_flow()
    {
        var world = new World { AutoSubscribed = false };
        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();
        stream.Status.State.Should().Be(RealtimeState.Joining);
        seen.Items.Should().BeEmpty("a join reply does not mean that changes flow");
        world.Advance(20);
        world.Log.Lines.Should().Contain(l => l.Contains("still waiting"));
        world.Socket.Subscribed(world.Socket.Join());
        world.Run();
        stream.Status.State.Should().Be(RealtimeState.Live);
        seen.Items.Should().ContainSingle().Which.Should().BeOfType<Gap<string, SalesOrder>>().Which.Reason.Should().Be(GapReason.Started);
    }

    [Fact]
    public void A_repeated_ok_that_nothing_of_ours_explains_is_a_gap()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Socket.Subscribed(world.Socket.Join());
        world.Run();
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Resubscribed)");
    }

    [Theory]
    [InlineData("phx_error")]
    [InlineData("phx_close")]
    public void A_channel_the_server_ends_is_joined_again_on_a_new_topic(string how)
    {
        var world = new World();
        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();
        var first = world.Socket.Join();
        world.Socket.CloseChannel(first, how);
        world.Run();
        stream.Status.State.Should().Be(RealtimeState.Recovering);
        world.Advance(1.1);
        var second = world.Socket.Join();
        second.Topic.Should().NotBe(first.Topic);
        second.JoinRef.Should().Be(second.Ref).And.NotBe(first.Ref);
        world.Socket.Frames("phx_leave").Should().BeEmpty("the server ended the channel, there is nothing to leave");

        world.Socket.Insert(first, "salesOrder", Order);
        world.Run();
        world.Manager.Drops[FrameDropReason.UnknownTopic].Should().Be(1, "a late frame of the old join is not the new one's");
        world.Socket.Insert(second, "salesOrder", Order);
        world.Run();
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)", "inserted so_1");
        world.Server.Sockets.Should().HaveCount(1);
    }

    [Fact]
    public void The_end_of_an_old_join_does_not_end_the_new_one()
    {
        var world = new World();
        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();
        var join = world.Socket.Join();
        world.Socket.CloseChannel(join with { JoinRef = "999" });
        world.Socket.CloseChannel(join with { Topic = "realtime:other" });
        world.Run();
        stream.Status.State.Should().Be(RealtimeState.Live);
        world.Manager.Drops[FrameDropReason.StaleReference].Should().Be(1);
    }

    [Fact]
    public void A_refused_join_backs_off_and_is_not_repeated_at_a_short_period()
    {
        var world = new World { AutoJoin = false };
        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();
        world.Socket.RefuseJoin(world.Socket.Join(), "Unauthorized: You do not have permissions to read from this Channel topic: x");
        world.Run();
        stream.Status.State.Should().Be(RealtimeState.Faulted);
        stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.PermissionDenied);
        stream.Status.Error.ServerCode.Should().Be("Unauthorized");
        world.Advance(29);
        world.Socket.Frames("phx_join").Should().HaveCount(1);
        world.Advance(32);
        world.Socket.Frames("phx_join").Should().HaveCount(2, "somebody may have changed the policy");
    }

    [Fact]
    public void A_join_without_a_reply_is_left_and_tried_again()
    {
        var world = new World { AutoJoin = false };
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Advance(14.9);
        world.Socket.Frames("phx_leave").Should().BeEmpty();
        world.Advance(0.2);
        world.Socket.Frames("phx_leave").Should().ContainSingle().Which.JoinRef.Should().Be(world.Socket.Join(0).Ref);
        world.AutoJoin = true;
        world.Advance(2);
        seen.Items.Should().ContainSingle();
    }

    [Fact]
    public void Joins_are_few_at_a_time_and_only_the_oldest_ones_time_runs()
    {
        var world = new World(o => o.GroupWindow = TimeSpan.Zero) { AutoJoin = false };
        var streams = Enumerable.Range(0, 6).Select(i => world.Manager.Changes(Shop.Todos.Where($"id=eq.{i}"))).ToList();
        var recorders = streams.ConvertAll(s => new StreamRecorder<TableChange<long, Todo>>(s));
        world.Advance(0.01);
        world.Socket.Frames("phx_join").Should().HaveCount(1, "they were subscribed together");

        var late = Enumerable.Range(10, 6).Select(i => world.Manager.Changes(Shop.Todos.Where($"id=eq.{i}"))).ToList();
        foreach (var stream in late)
        {
            recorders.Add(new StreamRecorder<TableChange<long, Todo>>(stream));
            world.Advance(0.001);
        }

        world.Socket.Frames("phx_join").Should().HaveCount(4);
        world.Advance(10);
        world.Socket.AcceptJoin(world.Socket.Join(0));
        world.Run();
        world.Socket.Frames("phx_join").Should().HaveCount(5);
        world.Advance(10);
        world.Socket.Frames("phx_leave").Should().BeEmpty("the second join's time began when the first was answered");
        world.Advance(5.1);
        world.Socket.Frames("phx_leave").Should().ContainSingle();
    }

    [Fact]
    public void Subscriptions_of_one_moment_share_a_channel_and_a_late_one_disturbs_nobody()
    {
        var world = new World();
        using var a = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Advance(0.03);
        using var b = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos));
        world.Advance(0.03);
        var join = world.Socket.Frames("phx_join").Should().ContainSingle().Subject;
        join.Bindings.Should().HaveCount(2);

        using var c = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos.Where("id=gt.5")));
        world.Join();
        world.Socket.Frames("phx_join").Should().HaveCount(2);
        world.Socket.Frames("phx_leave").Should().BeEmpty();
        a.Items.Should().HaveCount(1);

        world.Socket.Insert(join, "todos", """{"id":9,"title":"t","done":false}""", 2);
        world.Run();
        a.Items.Should().HaveCount(1);
        b.Items.Should().HaveCount(2);
        c.Items.Should().HaveCount(1, "its own channel's frame has not come");
    }

    [Fact]
    public void Groups_do_not_share_a_channel()
    {
        var world = new World();
        using var a = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders, new ChangeStreamOptions { Group = "core" }));
        using var b = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos, new ChangeStreamOptions { Group = "page" }));
        world.Join();
        world.Socket.Frames("phx_join").Select(j => j.Topic.Split('-')[1]).Should().BeEquivalentTo("core", "page");
    }

    [Fact]
    public void Equal_subscriptions_share_a_binding_and_the_last_one_leaves_after_the_linger()
    {
        var world = new World();
        var one = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders.Where("status=eq.new")));
        var two = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders.Where("status=eq.new")));
        world.Join();
        var join = world.Socket.Frames("phx_join").Should().ContainSingle().Subject;
        join.Bindings.Should().ContainSingle();
        world.Socket.Insert(join, "salesOrder", Order);
        world.Run();
        one.Items.Should().HaveCount(2);
        two.Items.Should().HaveCount(2);
        two.Items[1].Should().BeSameAs(one.Items[1], "a change is decoded once, however many subscribers");

        one.Dispose();
        world.Advance(60);
        world.Socket.Frames("phx_leave").Should().BeEmpty();
        two.Dispose();
        world.Advance(4.9);
        using var three = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders.Where("status=eq.new")));
        world.Run();
        three.Items.Should().ContainSingle("the channel lingered, so changes flow at once");
        world.Advance(30);
        world.Socket.Frames("phx_leave").Should().BeEmpty();
        three.Dispose();
        world.Advance(5.1);
        world.Socket.Frames("phx_leave").Should().ContainSingle().Which.JoinRef.Should().Be(join.Ref);
        one.AssertContract();
        two.AssertContract();
    }

    [Fact]
    public void Two_row_types_of_one_filter_share_the_binding_even_when_one_comes_late()
    {
        var world = new World();
        using var typed = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos));
        world.Join();
        using var raw = new StreamRecorder<TableChange<System.Text.Json.JsonElement, System.Text.Json.JsonElement>>(world.Manager.Changes("todos"));
        world.Join();
        world.Socket.Frames("phx_join").Should().ContainSingle();
        world.Socket.Insert(world.Socket.Join(), "todos", """{"id":9,"title":"t","done":false,"extra":1.50}""");
        world.Run();
        typed.Items.Should().HaveCount(2);
        raw.Items[1].Should().BeOfType<Inserted<System.Text.Json.JsonElement, System.Text.Json.JsonElement>>()
            .Which.Row.GetProperty("extra").GetRawText().Should().Be("1.50");
    }

    [Fact]
    public void Several_ids_of_one_frame_and_ids_shared_by_bindings_are_one_change_for_each_stream()
    {
        var world = new World { AutoJoin = false };
        using var all = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos, new ChangeStreamOptions { KeyOnlyDeletes = true }));
        using var some = new StreamRecorder<TableChange<long, Todo>>(
            world.Manager.Changes(Shop.Todos.Where("id=gt.5"), new ChangeStreamOptions { KeyOnlyDeletes = true }));
        using var other = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        var join = world.Socket.Join();
        join.Bindings.Should().HaveCount(4);
        // Bindings 2 and 4 get the same id: hashes collide.
        world.Socket.Reply(join, "ok", """{"postgres_changes":[{"id":10},{"id":20},{"id":30},{"id":20}]}""");
        world.Socket.Subscribed(join);
        world.Socket.Insert(join, "todos", """{"id":9,"title":"t","done":false}""", 20, 10);
        world.Socket.Delete(join, "todos", """{"id":9}""", 30, 20, 10);
        world.Run();
        all.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "inserted 9", "deleted 9");
        some.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "inserted 9", "deleted 9");
        other.Items.Should().HaveCount(1, "the shared id led to it, but the table is another");
        world.Manager.Drops[FrameDropReason.ForeignTable].Should().Be(2);
    }

    [Fact]
    public void A_table_that_matched_only_by_LIKE_is_dropped()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<System.Text.Json.JsonElement, System.Text.Json.JsonElement>>(world.Manager.Changes("user_data"));
        world.Join();
        world.Socket.Insert(world.Socket.Join(), "user1data", """{"id":1}""");
        world.Run();
        seen.Items.Should().HaveCount(1);
        world.Manager.Drops[FrameDropReason.ForeignTable].Should().Be(1);
    }

    [Fact]
    public void An_id_of_no_binding_is_counted_and_dropped()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Socket.Insert(world.Socket.Join(), "salesOrder", Order, 77);
        world.Run();
        seen.Items.Should().HaveCount(1);
        world.Manager.Drops[FrameDropReason.UnknownBinding].Should().Be(1);
    }

    [Fact]
    public void A_bad_binding_does_not_silence_its_neighbours()
    {
        var world = new World { AutoSubscribed = false };
        var goodStream = world.Manager.Changes(Shop.SalesOrders);
        var badStream = world.Manager.Changes(Shop.Todos);
        using var good = new StreamRecorder<TableChange<string, SalesOrder>>(goodStream);
        using var bad = new StreamRecorder<TableChange<long, Todo>>(badStream);
        world.Join();
        const string Refusal = "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect parameters: [event: *, schema: public, table: todos]";
        world.Socket.System(world.Socket.Join(), "postgres_changes", "error", Refusal);
        world.Run();
        world.Socket.Frames("phx_leave").Should().ContainSingle();
        var join = world.Socket.Frames("phx_join").Skip(1).Should().ContainSingle("the refusal quotes the bad one, which waits").Subject;
        join.Bindings.Should().ContainSingle().Which.GetProperty("table").GetString().Should().Be("salesOrder");
        world.Socket.Subscribed(join);
        world.Run();
        goodStream.Status.State.Should().Be(RealtimeState.Live);
        badStream.Status.State.Should().Be(RealtimeState.Faulted);
        badStream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.SubscriptionRefused);
        badStream.Status.Error.Message.Should().Contain("publication").And.Contain("todos");
        world.Advance(61);
        world.Socket.Frames("phx_join").Should().HaveCount(3, "the table may have been published meanwhile");
        world.Socket.Subscribed(world.Socket.Join());
        world.Run();
        badStream.Status.State.Should().Be(RealtimeState.Live);
        bad.Items.Should().HaveCount(1);
    }

    [Fact]
    public void An_error_that_the_server_retries_itself_needs_no_rejoin_and_ends_in_a_gap()
    {
        var world = new World();
        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();
        var join = world.Socket.Join();
        world.Socket.System(join, "postgres_changes", "error", "IncreaseSubscriptionConnectionPool: Too many database timeouts");
        world.Run();
        stream.Status.State.Should().Be(RealtimeState.Recovering);
        world.Advance(40);
        world.Socket.Subscribed(join);
        world.Run();
        stream.Status.State.Should().Be(RealtimeState.Live);
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)");
        world.Socket.Frames("phx_join").Should().HaveCount(1);
    }

    [Fact]
    public void An_error_that_the_server_was_to_retry_itself_leads_to_a_rejoin_when_its_ok_does_not_come()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Socket.System(world.Socket.Join(), "postgres_changes", "error", "IncreaseSubscriptionConnectionPool: Too many database timeouts");
        world.Advance(119);
        world.Socket.Frames("phx_join").Should().HaveCount(1, "the server tries every five to ten seconds");
        world.Advance(3);
        world.Socket.Frames("phx_join").Should().HaveCount(2, "it may have given up");
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)");
    }

    [Fact]
    public void Past_the_channel_budget_a_late_subscription_folds_into_an_existing_channel_at_the_price_of_a_gap()
    {
        var world = new World(o => o.MaxChannels = 1);
        using var a = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        using var b = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos));
        world.Join();
        world.Socket.Frames("phx_leave").Should().ContainSingle();
        world.Socket.Join().Bindings.Should().HaveCount(2);
        a.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)");
        b.Items.Select(i => i.ToString()).Should().Equal("gap (Started)");
    }

    [Fact]
    public void A_damaged_change_is_a_gap_for_its_own_channel_only()
    {
        var world = new World();
        using var hit = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders, new ChangeStreamOptions { Group = "a" }));
        using var other = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos, new ChangeStreamOptions { Group = "b" }));
        world.Join();
        world.Socket.Deliver($$"""[null,null,"{{world.Socket.Join(0).Topic}}","postgres_changes",{"data":{"table":"salesOrder"},"ids":[1]}]""");
        world.Run();
        hit.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Undecodable)");
        other.Items.Should().HaveCount(1);
    }

    [Fact]
    public void A_join_that_confirms_other_bindings_than_were_asked_for_is_not_used()
    {
        var world = new World { AutoJoin = false };
        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();
        world.Socket.Reply(world.Socket.Join(), "ok", """{"postgres_changes":[]}""");
        world.Run();
        stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.ProtocolViolation);
        world.Socket.Frames("phx_leave").Should().ContainSingle();
    }

    [Fact]
    public void Private_channels_are_joined_as_such()
    {
        var world = new World(o => o.PrivateChannels = true);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Socket.Join().Payload.GetProperty("config").GetProperty("private").GetBoolean().Should().BeTrue();
    }

    [Fact]
    public void Whoever_subscribes_during_an_outage_gets_nothing_before_changes_flow()
    {
        var world = new World();
        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var early = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();
        world.AutoSubscribed = false;
        world.Socket.Break();
        world.Run();
        using var late = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Advance(2);
        late.Items.Should().BeEmpty();
        world.Socket.Subscribed(world.Socket.Join());
        world.Run();
        late.Items.Select(i => i.ToString()).Should().Equal("gap (Started)");
    }

    [Fact]
    public void Another_users_equal_subscription_never_rides_on_the_first_ones_channel()
    {
        var world = new World(o => o.MaxChannels = 1, new FakeTokens { Token = "mine" });
        using var mine = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        using var theirs = new StreamRecorder<TableChange<string, SalesOrder>>(
            world.Manager.ForTenant("co_1", new FakeTokens { Token = "theirs" }).Changes(Shop.SalesOrders));
        world.Join();
        world.Socket.Frames("phx_join").Select(j => j.AccessToken).Should().Equal("mine", "theirs");
        mine.Items.Should().HaveCount(1, "not even the channel budget mixes users");
    }

    [Fact]
    public void Every_push_carries_the_join_reference_in_both_protocol_versions()
    {
        foreach (var version in new[] { ProtocolVersion.V1, ProtocolVersion.V2 })
        {
            var tokens = new FakeTokens { Token = "first" };
            var world = new World(o => o.ProtocolVersion = version, tokens);
            var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
            world.Join();
            tokens.Token = "second";
            _ = world.Manager.RefreshAccessTokenAsync();
            world.Run();
            seen.Dispose();
            world.Advance(6);
            var join = world.Socket.Join();
            world.Socket.Frames().Where(f => f.Topic != "phoenix").Select(f => f.Event).Should().Equal("phx_join", "access_token", "phx_leave");
            world.Socket.Frames().Where(f => f.Topic != "phoenix").Should().OnlyContain(f => f.JoinRef == join.Ref && f.Topic == join.Topic);
        }
    }

    [Fact]
    public void Unreadable_messages_are_counted_and_told_as_a_gap_because_they_may_have_been_a_change()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Socket.Deliver("nonsense");
        world.Run();
        world.Socket.DeliverTooLarge();
        world.Socket.DeliverBinary(new byte[] { 4, 0, 0, 0 });
        world.Socket.Deliver("""[null,null,"phoenix","hello",{}]""");
        world.Socket.Deliver("""[null,null,"realtime:x","presence_diff",{}]""");
        world.Run();
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Undecodable)", "gap (Undecodable)");
        world.Manager.Drops[FrameDropReason.Malformed].Should().Be(1);
        world.Manager.Drops[FrameDropReason.TooLarge].Should().Be(1);
        world.Manager.Drops[FrameDropReason.Binary].Should().Be(1);
        world.Manager.Status.State.Should().Be(RealtimeState.Live);
    }

    [Fact]
    public void A_gap_that_waits_to_be_told_is_not_followed_by_its_like_for_one_reading_answers_both()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Socket.Deliver("nonsense");
        world.Socket.Deliver("nonsense");
        world.Socket.Subscribed(world.Socket.Join());
        world.Socket.Subscribed(world.Socket.Join());
        world.Socket.Insert(world.Socket.Join(), "salesOrder", """{"id":"a","companyId":"co_1","status":"s"}""");
        world.Socket.Deliver("nonsense");
        world.Run();
        seen.Items.Select(i => i.ToString()).Should().Equal(
            "gap (Started)", "gap (Undecodable)", "gap (Resubscribed)", "inserted a", "gap (Undecodable)");
    }
}
