using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Observability;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>What begins and ends a belief in the stream, what is done meanwhile, and what the status says of it.</summary>
public sealed class EpochTests
{
    private static readonly (StoreState, StoreReason) Interrupted = (StoreState.Stale, StoreReason.Epoch);
    private static readonly (StoreState, StoreReason) Offline = (StoreState.Stale, StoreReason.Offline);

    [Fact]
    public void Offline_is_forgotten_with_the_next_ok()
    {
        var world = new StoreWorld().Write("a", "v1").Live().HoldReads();
        Break(world);
        world.World.Advance(11);
        Told(world).Should().Be(Offline, "it lasts, although no attempt has failed");

        Heal(world);
        world.State.Should().Be(StoreState.Live);
        Break(world);
        Told(world).Should().Be(Interrupted);
    }

    [Fact]
    public void An_interruption_that_is_over_is_none_when_its_time_is()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.Socket.Break();
        world.World.Advance(2);
        world.World.Join();
        world.State.Should().Be(StoreState.Live);
        world.World.Advance(15);

        Break(world);

        Told(world).Should().Be(Interrupted);
    }

    [Fact]
    public void A_second_attempt_that_fails_is_more_than_an_interruption()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        for (var i = 0; i < 50; i++)
        {
            world.World.Server.FailNext(new IOException("no route"));
        }

        world.Socket.Break();
        world.World.Run();
        Told(world).Should().Be(Interrupted);
        world.Store.Status.NextRetry.Should().NotBeNull("the connection is tried again, and when is known");

        world.World.Advance(8);
        Told(world).Should().Be(Offline);
        world.Store.Status.Error.Should().NotBeNull();
    }

    [Fact]
    public void A_first_start_without_a_network_says_so_when_patience_ends()
    {
        var world = new StoreWorld().HoldReads();
        world.World.Server.FailNext(new IOException("no route"));
        world.World.Server.HangNext();
        world.Store.Start();
        world.World.Advance(2.9);
        Told(world).Should().Be((StoreState.Loading, StoreReason.None));

        world.World.Advance(0.2);

        Told(world).Should().Be((StoreState.Loading, StoreReason.Offline));
        world.Rest.Requests.Should().ContainSingle("a cold server takes its time, and rows are there before");
    }

    [Fact]
    public void A_store_that_starts_while_the_connection_fails_says_why_from_the_first_moment()
    {
        var world = new StoreWorld().HoldReads();
        for (var i = 0; i < 50; i++)
        {
            world.World.Server.FailNext(new IOException("no route"));
        }

        using var other = new StreamRecorder<TableChange<string, Employee>>(
            world.World.Manager.Changes(RealtimeTable.Define("employee", RowsJson.Default.Employee, "id", static (Employee e) => e.Id).TenantScoped("companyId")));
        world.World.Advance(20);

        world.Store.Start();
        world.World.Run();

        world.Store.Status.Error.Should().NotBeNull();
        world.Store.Status.NextRetry.Should().NotBeNull();
    }

    [Fact]
    public void Nothing_is_read_without_a_stream_before_it_is_more_than_an_interruption()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Advance(1);
        Break(world);
        var requests = world.Rest.Requests.Count;

        world.World.Advance(9.8);
        world.Rest.Requests.Count.Should().Be(requests, "the reads that were to follow the ok were of an epoch that is over");

        world.World.Advance(0.3);
        world.Rest.Requests.Count.Should().BeGreaterThan(requests);
    }

    [Fact]
    public void Without_a_stream_there_is_one_full_read_a_period()
    {
        var world = new StoreWorld();
        world.World.AutoSubscribed = false;
        world.Write("a", "v1").Live().World.Advance(5);
        var requests = world.Rest.Requests.Count;

        world.World.Advance(3600);

        (world.Rest.Requests.Count - requests).Should().BeInRange(54, 66, "every two minutes, give or take a tenth, of two requests each");
    }

    [Fact]
    public void What_was_polled_before_an_ok_says_nothing_when_that_ok_is_lost_before_its_read()
    {
        var world = new StoreWorld();
        world.World.AutoSubscribed = false;
        world.Write("a", "v1").Live().World.Advance(5);
        Told(world).Should().Be((StoreState.Degraded, StoreReason.PollingOnly));

        world.HoldReads().TellOk();
        Break(world);

        Told(world).Should().Be(Interrupted);
    }

    [Fact]
    public void Changes_that_are_dropped_before_the_first_ok_cost_no_read()
    {
        var world = new StoreWorld(static o => o.QueueCapacity = 16);
        world.World.AutoSubscribed = false;
        world.Live();

        Flood(world);

        world.Rest.Requests.Should().BeEmpty("the first ok reads everything");
    }

    [Fact]
    public void A_change_that_names_no_row_is_looked_for_at_once_and_costs_the_scan_that_runs_nothing()
    {
        using var meters = new RecordingMeters();
        var world = new StoreWorld(meters: meters).Write("a", "v1").Live();
        world.World.Advance(20);

        world.Write("b", "v1");
        Nameless(world, 1);
        world.Shown.Should().Be("a=v1 b=v1");
        world.State.Should().Be(StoreState.Live);

        world.HoldReads().TellOk();
        Nameless(world, 2);
        world.ReleaseReads();
        world.State.Should().Be(StoreState.CatchingUp, "that read may lack the row, and the next one is put off: it is the fourth in a minute");
        world.World.Advance(3);
        world.State.Should().Be(StoreState.Live);

        world.World.Advance(10);
        meters.Now("carbon.realtime.store.scans").Should().NotContain(static s => s.Contains("abandoned"));
        meters.Now("carbon.realtime.store.repairs").Should().BeEmpty("the stream said that it lost something");
    }

    [Fact]
    public void Changes_that_are_dropped_during_a_read_begin_it_anew()
    {
        using var meters = new RecordingMeters();
        var world = new StoreWorld(static o => o.QueueCapacity = 16, meters: meters).Write("a", "v1").Live();
        world.HoldReads().TellOk();

        Flood(world);

        meters.Now("carbon.realtime.store.scans").Should().Contain("public.salesOrder epoch abandoned: 1");
        world.ReleaseReads();
        world.State.Should().Be(StoreState.Live);
        world.Shown.Should().Be("a=v1");
    }

    [Fact]
    public void When_the_last_change_came_and_how_late_it_was_is_told()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        (world.Store.Status.LastEventAt, world.Store.Status.Lag).Should().Be((null, null));

        world.TellUpdate("a", "v2");
        (world.Store.Status.LastEventAt, world.Store.Status.Lag).Should().Be(
            (world.World.Env.Time.GetUtcNow(), TimeSpan.Zero), "a server whose clock is ahead is not early");

        var committed = new DateTimeOffset(2026, 11, 22, 10, 46, 23, 124, TimeSpan.Zero);
        world.World.Env.Time.StepWallClock(committed.AddSeconds(7) - world.World.Env.Time.GetUtcNow());
        world.TellUpdate("a", "v3");
        (world.Store.Status.LastEventAt, world.Store.Status.Lag).Should().Be((committed.AddSeconds(7), TimeSpan.FromSeconds(7)));
    }

    [Fact]
    public void A_store_that_ends_leaves_its_channel_and_no_timer()
    {
        var world = new StoreWorld().Write("a", "v1");
        var use = world.Store.Start();
        world.Settle();
        world.TellUpdate("a", "v2");
        var topic = world.Join.Topic;

        use.Dispose();
        world.World.Advance(30);

        world.State.Should().Be(StoreState.Empty);
        world.Socket.Frames("phx_leave").Should().ContainSingle().Which.Topic.Should().Be(topic);
        world.World.Manager.Dispose();
        world.World.Run();
        world.World.Env.Time.ArmedTimers.Should().Be(0);
    }

    [Fact]
    public void A_switch_of_tenant_leaves_no_timer_of_the_old_one()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Advance(100);
        var timers = world.World.Env.Time.ArmedTimers;

        for (var i = 2; i < 6; i++)
        {
            world.World.Manager.Tenant.Set($"co_{i}");
            world.Settle();
            world.World.Advance(100);
        }

        world.World.Env.Time.ArmedTimers.Should().BeLessThanOrEqualTo(timers);
    }

    private static (StoreState, StoreReason) Told(StoreWorld world) => (world.State, world.Store.Status.Reason);

    /// <summary>The connection is lost, and dialling another one takes for ever.</summary>
    private static void Break(StoreWorld world)
    {
        world.World.Server.HangNext();
        world.Socket.Break();
        world.World.Run();
    }

    /// <summary>The dial that hangs is given up, and the next one succeeds.</summary>
    private static void Heal(StoreWorld world)
    {
        if (world.Rest.Held is not null)
        {
            world.ReleaseReads();
        }

        world.World.Advance(60);
        world.World.Join();
    }

    private static void Flood(StoreWorld world)
    {
        for (var i = 0; i < 300; i++)
        {
            world.Socket.Insert(world.Join, "salesOrder", StoreWorld.Record($"many{i}", "v1"), 1);
        }

        world.World.Run();
    }

    /// <summary>A change of which not even the key can be told; equal ones in a row would be one.</summary>
    private static void Nameless(StoreWorld world, int number)
    {
        world.Socket.Insert(world.Join, "salesOrder", $$"""{"companyId":"co_1","status":"v{{number}}"}""", 1);
        world.World.Run();
    }
}
