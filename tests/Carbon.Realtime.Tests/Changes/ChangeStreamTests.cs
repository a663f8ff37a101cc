using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Changes;

public sealed class ChangeStreamTests
{
    [Fact]
    public void A_subscription_connects_joins_and_begins_with_a_gap_then_brings_changes_in_order()
    {
        var world = new World();
        var stream = world.Manager.Changes(Shop.SalesOrders.Where("status=eq.released"));
        world.Run();
        world.Server.Dialed.Should().BeEmpty("nothing connects before it is used");

        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Join();
        var join = world.Socket.Join();
        join.Bindings.Should().ContainSingle().Which.GetRawText().Should()
            .Be("""{"event":"*","schema":"public","table":"salesOrder","filter":"companyId=eq.co_1,status=eq.released"}""");
        stream.Status.State.Should().Be(RealtimeState.Live);

        world.Socket.Insert(join, "salesOrder", """{"id":"so_1","companyId":"co_1","status":"released"}""");
        world.Socket.Update(join, "salesOrder", """{"id":"so_1","companyId":"co_1","status":"released"}""", """{"id":"so_1"}""");
        world.Socket.Delete(join, "salesOrder", """{"id":"so_1"}""");
        world.Run();

        seen.Items.Select(c => c.ToString()).Should().Equal("gap (Started)", "inserted so_1", "updated so_1", "deleted so_1");
        seen.AssertContract();
    }
}
