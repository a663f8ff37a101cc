using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

public sealed class LiveStoreTests
{
    [Fact]
    public void A_store_that_nobody_uses_connects_and_reads_nothing()
    {
        var world = new StoreWorld().Write("a", "new");

        _ = world.Store.Current;
        world.World.Run();

        world.World.Server.Dialed.Should().BeEmpty();
        world.Rest.Requests.Should().BeEmpty();
        world.Store.Status.State.Should().Be(StoreState.Empty);
        world.Store.Status.Reason.Should().Be(StoreReason.NotStarted);
    }

    [Fact]
    public void A_started_store_reads_after_the_server_said_ok_and_is_live()
    {
        var world = new StoreWorld().Write("a", "new").Write("b", "done").Write("x", "new", "co_2");
        world.World.AutoSubscribed = false;

        world.Store.Start();
        world.Settle();
        world.Rest.Requests.Should().BeEmpty("what is committed before the ok may come in no event");
        world.State.Should().Be(StoreState.Loading);

        world.TellOk();

        world.Shown.Should().Be("a=new b=done");
        world.State.Should().Be(StoreState.Live);
        world.Store.Status.AsOf.Should().NotBeNull();
    }

    [Fact]
    public void A_store_tells_the_table_that_it_was_made_of()
    {
        var table = Shop.SalesOrders.Where("status=eq.new");
        var store = new StoreWorld(table: table).Store;
        (store.Table, store.Definition.Name, store.Definition.Filter, store.Definition.TenantColumn).Should().Be(("public.salesOrder", "salesOrder", table.Filter, "companyId"));
    }

    [Fact]
    public void Changes_are_applied_as_they_come()
    {
        var world = new StoreWorld().Write("a", "new").Live();

        world.TellInsert("b", "new");
        world.TellUpdate("a", "done");
        world.Shown.Should().Be("a=done b=new");

        world.TellDelete("a");
        world.Shown.Should().Be("b=new");
    }

    [Fact]
    public void The_first_change_set_is_everything_and_the_others_lead_from_one_snapshot_to_the_next()
    {
        var world = new StoreWorld().Write("a", "new").Live();
        var sets = new List<StoreChangeSet<string, SalesOrder>>();
        world.Store.Changes.Subscribe(sets.Add);
        world.World.Run();
        sets.Should().ContainSingle().Which.IsReset.Should().BeTrue();
        sets[0].Snapshot.Count.Should().Be(1);

        world.TellUpdate("a", "done");

        sets.Should().HaveCount(2);
        sets[1].IsReset.Should().BeFalse();
        sets[1].Changes.Should().ContainSingle().Which.Should().Match<StoreChange<string, SalesOrder>>(c =>
            c.Kind == StoreChangeKind.Updated && c.Current!.Status == "done" && c.Previous!.Status == "new");
        sets[1].Snapshot["a"].Status.Should().Be("done");
        sets[0].Snapshot["a"].Status.Should().Be("new", "a snapshot is of its moment");
    }

    [Fact]
    public void Rows_without_a_key_fault_the_store_and_remove_nothing()
    {
        var world = new StoreWorld().Write("a", "new").Write("b", "new").Live();
        world.Erase("b").Database.Add("null", "\"co_1\"", "\"new\"");

        world.TellOk();

        world.State.Should().Be(StoreState.Faulted);
        world.Store.Status.Error!.Message.Should().Contain("public.salesOrder").And.Contain("without a key");
        world.Shown.Should().Be("a=new b=new");
    }

    [Fact]
    public void An_event_that_brings_what_a_read_has_brought_is_no_change_to_those_who_are_told_of_changes()
    {
        var world = new StoreWorld().Write("a", "new").Live();
        var changes = new List<StoreChange<string, SalesOrder>>();
        world.Store.Changes.Subscribe(set => changes.AddRange(set.Changes));
        world.World.Run();

        world.TellInsert("a", "new");
        changes.Should().BeEmpty();

        world.TellUpdate("a", "done");
        changes.Should().ContainSingle().Which.Current!.Status.Should().Be("done");
    }

    [Fact]
    public void A_drop_and_heal_takes_one_scan_after_the_ok_and_nothing_else()
    {
        var world = new StoreWorld().Write("a", "new").Live();
        world.Socket.Break();
        world.World.Run();
        world.State.Should().Be(StoreState.Stale);
        world.Write("b", "new").Erase("a");

        world.World.Advance(2);
        world.World.Join();

        world.State.Should().Be(StoreState.Live);
        world.Shown.Should().Be("b=new");
    }
}
