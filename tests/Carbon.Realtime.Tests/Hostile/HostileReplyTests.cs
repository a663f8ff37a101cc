using Carbon.Realtime.Protocol;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Hostile;

/// <summary>Wrong topics, wrong ids, answers that nobody asked for, and answers of another shape than the question.</summary>
public sealed class HostileReplyTests
{
    private const string Order = """{"id":"so_1","companyId":"co_1","status":"Draft"}""";

    [Theory]
    [InlineData("realtime:")]
    [InlineData("realtime")]
    [InlineData("")]
    [InlineData("phoenix")]
    [InlineData("REALTIME:carbon-default")]
    [InlineData("realtime:carbon-default-0000000000000000")]
    [InlineData("room:1")]
    public void Frames_of_a_topic_that_is_not_ours_are_counted_and_nothing_else(string topic)
    {
        var target = new Target().Live();
        var other = target.Join with { Topic = topic };
        target.Socket.Insert(other, "salesOrder", Order);
        target.Socket.Subscribed(other);
        target.Socket.System(other, "system", "error", "Token has expired 0 seconds ago");
        target.Socket.CloseChannel(other);
        target.Socket.CloseChannel(other, "phx_error");
        target.Socket.AcceptJoin(target.Join with { Topic = topic });
        target.World.Run();

        target.Seen.Items.Should().ContainSingle();
        target.Stream.Status.State.Should().Be(RealtimeState.Live);
        target.World.Socket.Frames("phx_join").Should().ContainSingle();
        target.World.Manager.Drops[FrameDropReason.UnknownTopic].Should().Be(topic == "phoenix" ? 0 : 6);
        target.AssertUnharmed(topic);
    }

    [Fact]
    public void Ids_of_other_bindings_and_of_none_bring_a_stream_only_its_own_rows()
    {
        var world = new World();
        using var orders = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        using var drafts = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders.Where("status=eq.Open")));
        using var todos = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos));
        world.Join();
        var join = world.Socket.Join();
        join.Bindings.Should().HaveCount(3);

        world.Socket.Insert(join, "salesOrder", Order, 2, 3);
        world.Socket.Insert(join, "salesOrder", Order, 99, 0, -1, long.MinValue, long.MaxValue);
        world.Socket.Insert(join, "todos", """{"id":1,"title":"t","done":false}""", 1, 2);
        world.Socket.Insert(join, "salesOrder", Order.Replace("co_1", "co_2", StringComparison.Ordinal), 1, 2, 3);
        world.Run();
        orders.Items.Should().ContainSingle();
        drafts.Items.Should().ContainSingle("the filter is judged here too");
        todos.Items.Should().ContainSingle();

        world.Socket.Insert(join, "salesOrder", Order, [.. Enumerable.Repeat(1L, 1000), 99, 3, 2]);
        world.Run();
        orders.Items.Should().HaveCount(2, "however often the server lists its id");
        drafts.Items.Should().ContainSingle();
        todos.Items.Should().ContainSingle();
    }

    [Fact]
    public void A_join_that_is_answered_twice_counts_once()
    {
        var target = new Target();
        target.World.AutoJoin = false;
        target.World.Join();
        target.Socket.AcceptJoin(target.Join);
        target.Socket.Subscribed(target.Join);
        target.Socket.AcceptJoin(target.Join);
        target.Socket.RefuseJoin(target.Join, "Unauthorized: no");
        target.World.Run();

        target.Stream.Status.State.Should().Be(RealtimeState.Live);
        target.World.Manager.Drops[FrameDropReason.StaleReference].Should().Be(2);
        target.AssertUnharmed("answered twice");
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("""[{"id":1},{"id":2}]""")]
    [InlineData("""[{"id":1},{"id":1},{"id":1}]""")]
    [InlineData("null")]
    [InlineData("{}")]
    public void A_join_that_confirms_more_or_fewer_bindings_is_left_and_tried_again(string bindings)
    {
        var target = new Target();
        target.World.AutoJoin = false;
        target.World.Join();
        var join = target.Join;
        target.World.AutoJoin = true;
        target.Socket.Reply(join, "ok", $$"""{"postgres_changes":{{bindings}}}""");
        target.Socket.Subscribed(join);
        target.World.Run();

        target.Stream.Status.State.Should().Be(RealtimeState.Recovering);
        target.Socket.Frames("phx_leave").Should().ContainSingle().Which.JoinRef.Should().Be(join.JoinRef);
        target.AssertUnharmed(bindings);
    }

    [Fact]
    public void The_answer_to_a_join_that_was_left_meanwhile_joins_nothing()
    {
        var world = new World { AutoJoin = false };
        var stream = world.Manager.Changes(Shop.SalesOrders);
        var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();
        var left = world.Socket.Join();
        seen.Dispose();
        world.Advance(6);
        world.Socket.Frames("phx_leave").Should().ContainSingle();

        world.Socket.AcceptJoin(left);
        world.Socket.Subscribed(left);
        world.Socket.Insert(left, "salesOrder", Order);
        world.Run();
        stream.Status.State.Should().Be(RealtimeState.Idle);

        world.AutoJoin = true;
        using var again = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();
        world.Socket.Insert(left, "salesOrder", Order);
        world.Socket.CloseChannel(left);
        world.Run();
        stream.Status.State.Should().Be(RealtimeState.Live);
        again.Items.Select(static change => change.ToString()).Should().Equal("gap (Started)");
    }

    [Theory]
    [InlineData("""{"message":"Server requested disconnect","status":"ok","extension":"system"}""")]
    [InlineData("""{"message":{"a":[1]},"status":"ok","extension":"other"}""")]
    [InlineData("""{"status":"ok"}""")]
    [InlineData("""{"status":"error"}""")]
    [InlineData("""{"status":"error","extension":"system"}""")]
    [InlineData("""{"status":"maybe","extension":"system","message":null}""")]
    [InlineData("""{"status":17,"extension":[],"message":""}""")]
    [InlineData("""{"extension":"postgres_changes","message":"Subscribed to PostgreSQL"}""")]
    [InlineData("""{"message":"Replication connection established","status":"ok","extension":"system","channel":null}""")]
    public void A_system_message_with_odd_fields_changes_nothing(string payload)
    {
        var target = new Target().Live();
        target.Deliver($"[\"{target.Join.JoinRef}\",null,\"{target.Join.Topic}\",\"system\",{payload}]");
        target.Stream.Status.State.Should().Be(RealtimeState.Live);
        target.Seen.Items.Should().ContainSingle();
        target.AssertUnharmed(payload);
    }

    [Fact]
    public void The_word_before_the_ok_and_words_for_other_joins_make_nothing_live()
    {
        var target = new Target();
        target.World.AutoJoin = false;
        target.World.Join();
        target.Socket.Subscribed(target.Join);
        target.Socket.Insert(target.Join, "salesOrder", Order);
        target.World.Run();
        target.Stream.Status.State.Should().Be(RealtimeState.Joining);

        target.Socket.AcceptJoin(target.Join);
        target.Socket.Subscribed(target.Join with { JoinRef = "77" });
        target.World.Run();
        target.Stream.Status.State.Should().Be(RealtimeState.Joining);
        target.Seen.Items.Should().BeEmpty();

        target.Socket.Subscribed(target.Join);
        target.World.Run();
        target.AssertUnharmed("the word at last");
    }
}
