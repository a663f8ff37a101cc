using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>What a store shows is made into a snapshot by who looks: nobody can tell, but for what it costs.</summary>
public sealed class ShownRowsTests
{
    [Fact]
    public void A_snapshot_keeps_its_rows_and_its_status_and_the_next_one_has_the_new_ones()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        var first = world.Store.Current;
        world.Store.Current.Should().BeSameAs(first, "nothing happened");

        world.TellUpdate("a", "v2");
        world.Settle();

        first["a"].Status.Should().Be("v1");
        world.Store.Current["a"].Status.Should().Be("v2");
        world.Store.Current.Version.Should().BeGreaterThan(first.Version);
    }

    [Fact]
    public void Status_report_and_events_make_no_snapshot_and_a_look_makes_one()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.TellUpdate("a", "v2");
        world.Settle();

        _ = (world.Store.Status, world.Store.Report());
        world.Store.Showing.IsTaken.Should().BeFalse();

        world.Shown.Should().Be("a=v2");
        world.Store.Showing.IsTaken.Should().BeTrue();
    }

    [Fact]
    public void Who_subscribes_gets_all_rows_and_then_each_change_whether_somebody_looked_before_or_not()
    {
        foreach (var isLookedAt in (bool[])[false, true])
        {
            var world = new StoreWorld().Write("a", "v1").Write("b", "v1").Live();
            world.TellUpdate("a", "v2");
            world.Settle();
            if (isLookedAt)
            {
                world.Shown.Should().Be("a=v2 b=v1");
            }

            using var recorder = new StreamRecorder<StoreChangeSet<string, SalesOrder>>(world.Store.Changes);
            world.Settle();
            world.TellUpdate("b", "v3");
            world.Settle();

            recorder.Items.Should().HaveCountGreaterThanOrEqualTo(2);
            (recorder.Items[0].IsReset, recorder.Items[0].Snapshot["a"].Status, recorder.Items[0].Snapshot["b"].Status).Should().Be((true, "v2", "v1"));
            var told = recorder.Items.Skip(1).SelectMany(static s => s.Changes).Should().ContainSingle().Subject;
            (told.Key, told.Current!.Status, told.Previous!.Status).Should().Be(("b", "v3", "v1"));
        }
    }

    [Fact]
    public void An_event_that_changes_nothing_does_not_cost_the_next_subscriber_a_reset()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.TellDelete("never there");
        world.Settle();
        using var recorder = new StreamRecorder<StoreChangeSet<string, SalesOrder>>(world.Store.Changes);
        world.Settle();

        world.TellUpdate("a", "v2");
        world.Settle();

        recorder.Items.Select(static s => s.IsReset).Should().Equal(true, false);
    }

    [Fact]
    public void A_burst_that_nobody_is_told_of_is_written_where_the_rows_lie()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        var untaken = world.Store.Actor!.Rules.Rows.Lend();

        world.TellUpdate("a", "v2");
        world.Settle();

        untaken.Image.Should().BeNull();
        world.Shown.Should().Be("a=v2");
    }

    /// <summary>It is the user's code: what it waits for may want the rows.</summary>
    [Fact]
    public void A_version_may_be_asked_for_by_code_that_waits_for_who_reads_the_store()
    {
        StoreWorld? world = null;
        var options = new StoreOptions<SalesOrder>
        {
            Version = row =>
            {
                var reader = new Thread(() => _ = world?.Store.Current.Count);
                reader.Start();
                reader.Join();
                return 1;
            },
        };
        world = new StoreWorld(options: options).Write("a", "v1").Live();
        world.TellUpdate("a", "v2");
        world.Settle();
        world.TellUpdate("a", "v3");
        world.Settle();

        world.Shown.Should().Be("a=v3");
    }
}
