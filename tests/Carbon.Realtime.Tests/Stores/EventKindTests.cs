using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>What a change says, and what it does not say (docs/convergence.md, "Events").</summary>
public sealed class EventKindTests
{
    [Fact]
    public void A_row_whose_key_changes_leaves_its_old_place()
    {
        var world = new StoreWorld().Write("a", "v1").Live();

        world.Erase("a").Write("b", "v1");
        world.Socket.Update(world.Join, "salesOrder", StoreWorld.Record("b", "v1"), """{"id":"a"}""", 1);
        world.World.Run();

        world.Shown.Should().Be("b=v1");
    }

    [Fact]
    public void A_change_too_large_to_be_sent_is_read_by_its_key_at_once()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Advance(20);

        world.Write("a", "v2");
        world.Socket.Change(world.Join, "salesOrder", "UPDATE", """{"id":"a"}""", """{"id":"a"}""", [1], """["Error 413: Payload Too Large"]""");
        world.World.Run();
        world.Shown.Should().Be("a=v1");

        world.World.Advance(0.1);
        world.Shown.Should().Be("a=v2");
    }

    [Fact]
    public void A_record_without_a_mapped_column_is_read_by_its_key_and_never_merged()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Advance(20);

        world.Write("a", "v2");
        world.Socket.Update(world.Join, "salesOrder", """{"id":"a","companyId":"co_1"}""", """{"id":"a"}""", 1);
        world.World.Run();
        world.Shown.Should().Be("a=v1", "absent is not null");

        world.World.Advance(0.1);
        world.Shown.Should().Be("a=v2");
    }

    [Fact]
    public void A_record_that_cannot_be_decoded_is_read_by_its_key()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Advance(20);

        world.Write("a", "v2");
        world.Socket.Update(world.Join, "salesOrder", """{"id":"a","companyId":"co_1","status":[1]}""", """{"id":"a"}""", 1);
        world.World.Run();
        world.World.Advance(0.1);

        world.Shown.Should().Be("a=v2");
    }

    [Fact]
    public void Where_a_change_is_only_a_signal_its_content_is_never_shown()
    {
        var world = new StoreWorld(options: new StoreOptions<SalesOrder> { SignalOnly = true }).Write("a", "v1").Live();
        world.World.Advance(20);

        world.Write("a", "v2");
        world.Socket.Update(world.Join, "salesOrder", StoreWorld.Record("a", "a lie"), """{"id":"a"}""", 1);
        world.World.Run();
        world.Shown.Should().Be("a=v1");

        world.World.Advance(0.1);
        world.Shown.Should().Be("a=v2");
    }

    [Fact]
    public void Deletes_of_other_tenants_rows_cost_no_reads_also_just_after_one()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        var reads = world.Rest.Requests.Count;

        for (var i = 0; i < 3000; i++)
        {
            world.Socket.Delete(world.Join, "salesOrder", $$"""{"id":"theirs_{{i}}"}""", 2);
        }

        world.World.Run();
        world.Store.Status.Unverified.Should().Be(0);
        world.World.Advance(4.5);

        world.Rest.Requests.Count.Should().Be(reads);
        world.Shown.Should().Be("a=v1");
    }

    [Fact]
    public void A_delete_that_comes_before_its_row_is_read_is_not_undone_by_an_older_page()
    {
        var world = new StoreWorld().Write("a", "v1").HoldReads().Live();

        world.Erase("a").TellDelete("a");
        world.ReleaseReads();
        world.Shown.Should().BeEmpty();

        world.Quiet();
        world.Shown.Should().BeEmpty();
        world.State.Should().Be(StoreState.Live);
    }

    [Fact]
    public void More_rows_than_may_be_held_fault_the_store_instead_of_showing_a_part_and_fewer_heal_it()
    {
        var world = new StoreWorld(options: new StoreOptions<SalesOrder> { MaxRows = 2 }).Write("a", "v1").Write("b", "v1").Write("c", "v1").Live();
        world.Shown.Should().BeEmpty();
        (world.State, world.Store.Status.Reason).Should().Be((StoreState.Faulted, StoreReason.Configuration));

        world.Erase("c");
        world.World.Advance(301);

        world.Shown.Should().Be("a=v1 b=v1");
        world.State.Should().Be(StoreState.Live);
    }

    [Fact]
    public void A_right_that_is_withdrawn_purges_the_store_and_one_that_returns_fills_it()
    {
        var world = new StoreWorld().Write("a", "v1").Live();

        world.Rest.Script = static (_, _) => FakePostgrest.Error(403, "42501");
        world.TellOk();
        world.Shown.Should().BeEmpty();
        world.State.Should().Be(StoreState.Faulted);

        world.Rest.Script = null;
        world.World.Advance(301);
        world.Shown.Should().Be("a=v1");
        world.State.Should().Be(StoreState.Live);
    }

    [Fact]
    public void What_was_asked_for_before_a_purge_does_not_come_back()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.HoldReads().TellUpdate("a", "v1b");
        world.World.Advance(1.2);

        world.Rest.Script = static (_, _) => FakePostgrest.Error(403, "42501");
        var held = world.Rest.Held!;
        world.Rest.Held = null;
        world.TellOk();
        held.SetResult();
        world.World.Run();

        world.Shown.Should().BeEmpty();
        world.Store.Actor!.Rules.Rows.Count.Should().Be(0);
    }
}
