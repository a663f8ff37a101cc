using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>The seventeen orders in which a change and a read can meet (docs/convergence.md, "Orders"): s is the instant that a read sees, c a change's commit, e its event.</summary>
public sealed class ReadAndChangeOrderTests
{
    [Fact]
    public void I1_an_event_that_comes_before_the_read_is_contained_in_it()
    {
        var world = new StoreWorld();
        world.World.AutoSubscribed = false;
        world.Store.Start();
        world.Settle();

        world.Write("a", "v1").TellInsert("a", "v1");
        world.TellOk();

        world.Shown.Should().Be("a=v1");
        world.State.Should().Be(StoreState.Live);
    }

    [Fact]
    public void I2_an_event_during_the_read_stands_until_the_key_is_read_again()
    {
        // v2's event is late; v3 is in the read, and its event is lost.
        var world = new StoreWorld().Write("a", "v3").HoldReads().Live();

        world.TellUpdate("a", "v2");
        world.ReleaseReads();
        world.Shown.Should().Be("a=v2", "which of the two is newer cannot be told");
        world.Store.Status.Unverified.Should().Be(1);

        world.Quiet();
        world.Shown.Should().Be("a=v3");
        world.Store.Status.Unverified.Should().Be(0);
    }

    [Fact]
    public void I3_an_old_event_soon_after_the_read_is_put_right_by_reading_the_key()
    {
        var world = new StoreWorld().Write("a", "v2").Live();

        world.TellUpdate("a", "v1");
        world.Shown.Should().Be("a=v1");

        world.Quiet();
        world.Shown.Should().Be("a=v2");
    }

    [Fact]
    public void I3_an_old_event_long_after_the_read_is_put_right_by_the_next_full_one()
    {
        var world = new StoreWorld().Write("a", "v2").Live();
        world.World.Advance(20);

        world.TellUpdate("a", "v1");
        world.Quiet();
        world.Shown.Should().Be("a=v1");

        world.Reconcile();
        world.Shown.Should().Be("a=v2");
    }

    [Fact]
    public void I3_a_true_version_never_goes_back()
    {
        var world = new StoreWorld(options: new StoreOptions<SalesOrder> { Version = static o => int.Parse(o.Status![1..]) }).Write("a", "v2").Live();

        world.TellUpdate("a", "v1");
        world.Shown.Should().Be("a=v2");

        world.TellUpdate("a", "v3");
        world.Shown.Should().Be("a=v3");
    }

    [Fact]
    public void I4_an_event_during_the_read_of_an_older_instant_is_kept()
    {
        var world = new StoreWorld().Write("a", "v1").HoldReads().Live();

        world.Write("a", "v2").TellUpdate("a", "v2");
        world.ReleaseReads();
        world.Shown.Should().Be("a=v2");

        world.Quiet();
        world.Shown.Should().Be("a=v2");
        world.Store.Status.Unverified.Should().Be(0);
    }

    [Fact]
    public void I5_an_event_after_the_read_is_applied()
    {
        var world = new StoreWorld().Write("a", "v1").Live();

        world.Write("a", "v2").TellUpdate("a", "v2");

        world.Shown.Should().Be("a=v2");
    }

    [Fact]
    public void I6_a_late_delete_of_a_row_that_the_read_did_not_find_changes_nothing()
    {
        var world = new StoreWorld().Write("b", "v1").Live();
        var changes = 0;
        world.Store.Changes.Subscribe(set => changes += set.Changes.Length);

        world.TellDelete("a");
        world.Quiet();

        world.Shown.Should().Be("b=v1");
        changes.Should().Be(0);
    }

    [Fact]
    public void I7_a_late_delete_and_reinsertion_flicker_and_are_right()
    {
        var world = new StoreWorld().Write("a", "v2").Live();

        world.TellDelete("a");
        world.Shown.Should().BeEmpty();
        world.TellInsert("a", "v2");

        world.Shown.Should().Be("a=v2");
    }

    [Fact]
    public void I7_a_late_delete_whose_reinsertion_is_lost_is_put_right_by_reading_the_key()
    {
        var world = new StoreWorld().Write("a", "v2").Live();

        world.TellDelete("a");
        world.Quiet();

        world.Shown.Should().Be("a=v2");
    }

    [Fact]
    public void I8_a_late_insert_whose_delete_is_lost_is_a_zombie_until_the_next_read()
    {
        var world = new StoreWorld().Live();

        world.TellInsert("a", "v1");
        world.Shown.Should().Be("a=v1");
        world.Quiet();
        world.Shown.Should().BeEmpty("the key was read after the event");

        world.World.Advance(20);
        world.TellInsert("b", "v1");
        world.Quiet();
        world.Shown.Should().Be("b=v1");
        world.Reconcile();
        world.Shown.Should().BeEmpty();
    }

    [Fact]
    public void I9_a_row_inserted_behind_the_cursor_is_kept_by_its_event()
    {
        var world = new StoreWorld().Write("b", "v1").Write("c", "v1");
        world.Rest.MaxRows = 1;
        world.Rest.Answered = number =>
        {
            if (number == 1)
            {
                world.HoldReads(); // of the second page
            }
        };
        world.Rest.Held = null;
        world.Live();

        world.Write("a", "v1").TellInsert("a", "v1");
        world.ReleaseReads();

        world.Shown.Should().Be("a=v1 b=v1 c=v1");
        world.Quiet();
        world.Shown.Should().Be("a=v1 b=v1 c=v1");
        world.State.Should().Be(StoreState.Live);
    }

    [Fact]
    public void I10_a_row_that_leaves_the_filter_without_an_event_is_removed_by_the_next_full_read()
    {
        var world = new StoreWorld().Write("a", "v1").Write("b", "v1").Live();

        world.Write("a", "v1", "co_2");
        world.Quiet();
        world.Shown.Should().Be("a=v1 b=v1");

        world.Reconcile();
        world.Shown.Should().Be("b=v1");
    }

    [Fact]
    public void I10_a_record_that_has_left_removes_the_row_at_once()
    {
        var world = new StoreWorld().Write("a", "v1").Live();

        world.Write("a", "v1", "co_2").TellUpdate("a", "v1", "co_2");

        world.Shown.Should().BeEmpty();
    }

    [Fact]
    public void I11_a_repeated_ok_during_the_scan_begins_it_anew()
    {
        var world = new StoreWorld().Write("a", "v1").Write("b", "v1");
        world.Rest.MaxRows = 1;
        world.Rest.Answered = number =>
        {
            if (number == 1)
            {
                world.HoldReads();
            }
        };
        world.Live();

        // The server had lost its subscription: this change is in no event, and its page was read before.
        world.Write("a", "v2");
        world.TellOk();
        world.ReleaseReads();

        world.Shown.Should().Be("a=v2 b=v1");
        world.State.Should().Be(StoreState.Live);
    }

    [Fact]
    public void I11_oks_that_come_faster_than_everything_is_read_let_a_scan_come_to_its_end_though_it_verifies_nothing()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.HoldReads();
        world.TellOk();
        world.Write("a", "v2");
        world.TellOk(); // the third: its scan goes on when a fourth comes
        world.TellOk();

        world.Write("a", "v3").ReleaseReads();
        world.Shown.Should().Be("a=v2");
        world.State.Should().Be(StoreState.CatchingUp);

        world.World.Advance(60);
        world.Shown.Should().Be("a=v3");
        world.State.Should().Be(StoreState.Live);
    }

    [Fact]
    public void I11_oks_that_come_at_leisure_but_faster_than_everything_is_read_let_every_third_scan_come_to_its_end()
    {
        var world = new StoreWorld().Write("a", "v1").HoldReads().Live();
        for (var i = 0; i < 3; i++)
        {
            world.World.Advance(12);
            world.TellOk();
        }

        world.Rest.Requests.Should().HaveCount(3, "the third ok begins no other one");
        world.ReleaseReads();
        world.Shown.Should().Be("a=v1");
    }

    [Fact]
    public void I11_connections_that_break_faster_than_everything_is_read_let_a_scan_come_to_its_end_though_it_verifies_nothing()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.HoldReads();
        world.TellOk();
        world.TellOk();
        world.Write("a", "v2");
        world.TellOk();
        world.Socket.Break();
        world.World.Run();
        world.Write("a", "v3").ReleaseReads();
        world.Shown.Should().Be("a=v1", "the scan of the second ok was made before the change, and no other one begins at once");

        world.World.Advance(1);
        world.World.Join();
        world.World.Advance(60);
        world.Shown.Should().Be("a=v3");
        world.State.Should().Be(StoreState.Live);
    }

    [Fact]
    public void I11_a_lost_connection_during_the_scan_begins_it_anew()
    {
        var world = new StoreWorld().Write("a", "v1").Write("b", "v1");
        world.Rest.MaxRows = 1;
        world.Rest.Answered = number =>
        {
            if (number == 1)
            {
                world.HoldReads();
            }
        };
        world.Live();

        world.Socket.Break();
        world.World.Run();
        world.Write("a", "v2");
        world.ReleaseReads();
        world.Shown.Should().BeEmpty("the scan did not come to its end");

        world.World.Advance(2);
        world.World.Join();
        world.Shown.Should().Be("a=v2 b=v1");
    }

    [Fact]
    public void I12_a_token_of_the_same_user_costs_a_read_and_empties_nothing()
    {
        var tokens = new FakeTokens { Token = Jwt.Create(DateTimeOffset.UtcNow.AddYears(5)) };
        var world = new StoreWorld(tokens: tokens).Write("a", "v1").Live();
        var resets = 0;
        world.Store.Changes.Subscribe(set => resets += set.IsReset ? 1 : 0);
        var actor = world.Store.Actor;

        tokens.Token = Jwt.Create(DateTimeOffset.UtcNow.AddYears(6));
        _ = world.World.Manager.RefreshAccessTokenAsync();
        world.World.Run();
        world.Write("a", "v2");
        world.TellOk();

        world.Shown.Should().Be("a=v2");
        world.Store.Actor.Should().BeSameAs(actor);
        resets.Should().Be(1);
    }

    [Fact]
    public void I13_a_tenant_switch_during_the_scan_drops_what_it_brings()
    {
        var world = new StoreWorld().Write("a", "v1").Write("x", "v1", "co_2").HoldReads().Live();

        world.World.Manager.Tenant.Set("co_2");
        world.ReleaseReads();
        world.Settle();

        world.Shown.Should().Be("x=v1");
        world.State.Should().Be(StoreState.Live);
    }

    [Fact]
    public void I14_a_page_that_fails_is_asked_for_again_and_nothing_is_swept_meanwhile()
    {
        var world = new StoreWorld().Write("a", "v1").Write("b", "v1").Live();
        world.Rest.MaxRows = 1;
        world.Erase("b").Write("c", "v1");
        world.Rest.Script = (number, _) => number % 2 == 0 ? Tests.Snapshots.FakePostgrest.Error(503, "PGRST002") : null;

        world.TellOk();
        world.Shown.Should().Contain("b=v1", "half a scan proves nothing");
        world.State.Should().Be(StoreState.CatchingUp);

        world.World.Advance(30);
        world.Shown.Should().Be("a=v1 c=v1");
        world.State.Should().Be(StoreState.Live);
    }

    [Fact]
    public void I15_changes_that_come_too_fast_cost_one_more_read()
    {
        var world = new StoreWorld(options => options.QueueCapacity = 16).Live();
        var reads = world.Rest.Requests.Count;

        for (var i = 0; i < 300; i++)
        {
            world.Write($"r{i:000}", "v1");
            world.Socket.Insert(world.Join, "salesOrder", StoreWorld.Record($"r{i:000}", "v1"), 1);
        }

        world.World.Run();

        world.Shown.Should().Be(world.Truth);
        world.State.Should().Be(StoreState.Live);
        (world.Rest.Requests.Count - reads).Should().BeLessThanOrEqualTo(4, "one or two catch-ups of two pages each");
    }

    [Fact]
    public void I17_a_change_between_the_ok_and_the_slot_is_found_by_the_settle_pass()
    {
        var world = new StoreWorld().Live();
        world.Write("a", "v1");
        world.Shown.Should().BeEmpty();

        world.World.Advance(11);

        world.Shown.Should().Be("a=v1");
    }
}
