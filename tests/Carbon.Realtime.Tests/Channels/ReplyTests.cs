using Carbon.Realtime.Protocol;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Channels;

public sealed class ReplyTests
{
    [Fact]
    public void A_connection_that_works_shows_no_failed_attempts()
    {
        var world = new World();
        using var a = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Socket.Break();
        world.Advance(3600);
        world.Manager.Status.ToString().Should().Be("Live");
    }

    [Fact]
    public void A_reply_counts_only_on_the_topic_it_was_sent_to()
    {
        var world = new World { AutoJoin = false };
        using var a = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders, new ChangeStreamOptions { Group = "a" }));
        using var b = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos, new ChangeStreamOptions { Group = "b" }));
        world.Join();
        world.Socket.AcceptJoin(world.Socket.Join(0) with { Topic = world.Socket.Join(1).Topic });
        world.Run();
        world.Manager.Drops[FrameDropReason.StaleReference].Should().Be(1);
    }

    [Fact]
    public void An_unreadable_message_is_no_gap_while_changes_do_not_flow()
    {
        var world = new World { AutoSubscribed = false };
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Socket.Subscribed(world.Socket.Join());
        world.Run();
        world.Socket.Break();
        world.Advance(3);
        world.Manager.Changes(Shop.SalesOrders).Status.State.Should().Be(RealtimeState.Joining);
        world.Socket.Deliver("nonsense");
        world.Run();
        seen.Items.Should().HaveCount(1);
    }
}
