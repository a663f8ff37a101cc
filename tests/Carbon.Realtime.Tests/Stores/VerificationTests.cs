using Carbon.Realtime.Convergence;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>When keys are read by themselves, when everything is, and what a store does about a stream that loses changes.</summary>
public sealed class VerificationTests
{
    [Fact]
    public void A_key_in_doubt_is_read_when_the_stream_has_been_silent_of_it_for_a_second()
    {
        var world = new StoreWorld().Write("a", "v2").Live();

        world.TellUpdate("a", "v1");
        world.World.Advance(0.9);
        PointReads(world).Should().Be(0);

        world.World.Advance(0.2);
        PointReads(world).Should().Be(1);
        world.Shown.Should().Be("a=v2");
    }

    [Fact]
    public void A_key_that_is_never_silent_is_read_after_five_seconds()
    {
        var doubts = new Doubts<string>(null);
        for (var i = 0; i < 20; i++)
        {
            doubts.Add("a", TimeSpan.FromSeconds(i * 0.5), isUnknown: false);
        }

        doubts.NextDue.Should().Be(Doubts<string>.Longest);
    }

    [Fact]
    public void A_read_that_does_not_settle_waits_longer_each_time_and_the_fifth_is_the_last()
    {
        var doubts = new Doubts<string>(null);
        doubts.Add("a", TimeSpan.Zero, isUnknown: false);
        var dues = new List<double>();
        do
        {
            dues.Add(doubts.NextDue!.Value.TotalSeconds);
        }
        while (doubts.Fail("a") && doubts.Count > 0);

        dues.Should().Equal(1, 2, 4, 8, 16);
        doubts.Count.Should().Be(0, "the next full read settles it");
    }

    [Fact]
    public void A_key_of_which_nothing_is_known_does_not_wait_for_one_that_can()
    {
        var world = new StoreWorld().Write("a", "v2").Write("b", "v1").Live();
        world.TellUpdate("a", "v1"); // due in a second

        world.Write("b", "v2");
        world.Socket.Change(world.Join, "salesOrder", "UPDATE", """{"id":"b"}""", """{"id":"b"}""", [1], """["Error 413: Payload Too Large"]""");
        world.World.Run();
        world.World.Advance(0.1);

        world.Shown.Should().Be("a=v1 b=v2");
    }

    [Fact]
    public void Keys_are_asked_for_a_hundred_at_a_time()
    {
        var world = new StoreWorld().Live();
        for (var i = 0; i < 250; i++)
        {
            world.Write($"k{i:000}", "v1");
            world.Socket.Insert(world.Join, "salesOrder", StoreWorld.Record($"k{i:000}", "v1"), 1);
        }

        world.World.Run();
        world.World.Advance(1.2);

        PointReads(world).Should().Be(3);
        world.Store.Status.Unverified.Should().Be(0);
    }

    [Fact]
    public void A_row_that_changes_whenever_it_was_read_costs_ever_rarer_reads()
    {
        var world = new StoreWorld().Write("a", "v0").Live();
        var n = 0;
        world.Rest.Answered = _ =>
        {
            if (IsPointRead(world.Rest.Queries[^1]))
            {
                world.Write("a", $"v{++n}");
                world.Socket.Update(world.Join, "salesOrder", StoreWorld.Record("a", $"v{n}"), """{"id":"a"}""", 1);
            }
        };
        world.TellUpdate("a", "v0b");

        world.World.Advance(600);

        PointReads(world).Should().BeInRange(1, 60);
        world.Shown.Should().Be(world.Truth);
    }

    [Fact]
    public void Everything_is_read_again_soon_after_an_ok_and_then_more_rarely_until_something_was_lost()
    {
        var schedule = new ReconcileSchedule(new SeededRandomizer(1), null);
        schedule.OnEpoch(TimeSpan.Zero);
        schedule.OnPass(TimeSpan.Zero, TimeSpan.Zero, 10);
        schedule.NextDue.TotalSeconds.Should().BeInRange(5, 10);
        schedule.OnPass(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10), 10);
        schedule.NextDue.TotalSeconds.Should().BeInRange(60, 65);
        schedule.OnPass(TimeSpan.FromSeconds(65), TimeSpan.FromSeconds(65), 10);
        schedule.Period.TotalMinutes.Should().Be(2, "passes that settle say nothing of the period");

        schedule.OnPass(TimeSpan.FromSeconds(200), TimeSpan.FromSeconds(200), 10);
        schedule.Period.TotalMinutes.Should().Be(3);
        schedule.OnLoss();
        schedule.Period.TotalMinutes.Should().Be(1, "the pass that found the loss is none that found nothing");
        for (var i = 0; i < 10; i++)
        {
            schedule.OnLoss();
        }

        schedule.Period.Should().Be(ReconcileSchedule.Shortest);
        for (var i = 0; i < 20; i++)
        {
            schedule.OnPass(TimeSpan.FromHours(i + 1), TimeSpan.FromHours(i + 1), 10);
        }

        schedule.Period.Should().Be(ReconcileSchedule.Longest);
    }

    [Fact]
    public void A_deaf_channel_is_joined_again_then_another_socket_is_tried_then_reads_are_relied_on_until_it_hears()
    {
        var world = new StoreWorld().Live();
        var joins = world.Socket.Frames("phx_join").Count;
        var sawRejoin = false;
        var sawLossy = false;
        for (var i = 0; i < 90; i++)
        {
            world.Write($"r{i:00}", "v1");
            world.World.Advance(20);
            world.World.Join();
            sawRejoin |= world.World.Server.Sockets.Count == 1 && world.Socket.Frames("phx_join").Count > joins;
            sawLossy |= world.Store.Status is { State: StoreState.Degraded, Reason: StoreReason.LossyStream };
        }

        sawRejoin.Should().BeTrue("the channel is joined again on the same socket first");
        world.World.Server.Sockets.Count.Should().BeGreaterThan(1, "then another socket is opened");
        sawLossy.Should().BeTrue();
        world.World.Server.Sockets.Count.Should().BeLessThan(5, "what does not help is not repeated");

        world.World.Advance(300);
        world.State.Should().Be(StoreState.Live);
        world.Shown.Should().Be(world.Truth);
    }

    [Fact]
    public void Without_a_subscription_the_rows_are_read_every_two_minutes_and_not_ever_more_rarely()
    {
        var world = new StoreWorld();
        world.World.AutoSubscribed = false;
        world.Write("a", "v1").Live();
        world.World.Advance(5);
        (world.State, world.Store.Status.Reason).Should().Be((StoreState.Degraded, StoreReason.PollingOnly));
        world.Shown.Should().Be("a=v1");

        world.World.Advance(3 * 3600);
        world.Write("b", "v1");
        world.World.Advance(150);

        world.Shown.Should().Be("a=v1 b=v1");
    }

    [Fact]
    public void A_server_that_says_ok_every_second_neither_costs_a_scan_each_nor_puts_the_scan_off_for_ever()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        var reads = world.Rest.Requests.Count;
        world.Write("a", "v2");
        for (var i = 0; i < 300; i++)
        {
            world.World.Advance(1);
            world.TellOk();
        }

        world.Shown.Should().Be("a=v2");
        (world.Rest.Requests.Count - reads).Should().BeInRange(10, 150, "two requests a scan, of which there are few");
    }

    /// <summary>How many requests named keys.</summary>
    private static int PointReads(StoreWorld world) => world.Rest.Queries.Count(IsPointRead);

    private static bool IsPointRead(string query) => query.Contains("in.(") || query.Contains("id=eq.");

    [Fact]
    public void A_signal_after_an_outage_of_reads_is_answered_as_soon_as_reads_work()
    {
        var world = new StoreWorld(options: new StoreOptions<SalesOrder> { SignalOnly = true }).Write("a", "v1").Live();
        world.World.Advance(20);
        world.Rest.Script = static (_, _) => Snapshots.FakePostgrest.Error(503, "PGRST000");
        world.Write("a", "v2").TellUpdate("a", "v2");
        world.World.Advance(900);

        world.Rest.Script = null;
        world.TellOk();
        world.Shown.Should().Be("a=v2");
        world.World.Advance(1);
        world.Write("a", "v3").TellUpdate("a", "v3");
        world.World.Advance(3);
        world.Shown.Should().Be("a=v3");
    }

    [Fact]
    public void Without_a_stream_rows_are_polled_as_often_as_if_there_had_never_been_one()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Advance(3 * 3600); // by now it is read every half an hour
        for (var i = 0; i < 10_000; i++)
        {
            world.World.Server.FailNext(new IOException("no route"));
        }

        world.Socket.Break();
        world.World.Run();
        world.World.Advance(60);
        world.Write("a", "v2");
        world.World.Advance(140);

        world.Shown.Should().Be("a=v2");
    }

    [Fact]
    public void Rows_that_leave_the_filter_do_not_make_everything_be_read_more_often()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Advance(3 * 3600);
        var before = world.Rest.Requests.Count;
        for (var i = 0; i < 8; i++)
        {
            world.Write($"b{i}", "v1").TellInsert($"b{i}", "v1");
            world.Erase($"b{i}"); // and no event says so
            world.World.Advance(1800);
        }

        (world.Rest.Requests.Count - before).Should().BeLessThan(40, "about one read of two pages, and one of a key, each half an hour");
    }

    [Fact]
    public void A_view_may_gain_rows_without_an_event_and_the_stream_is_no_worse_for_it()
    {
        var world = new StoreWorld(options: new StoreOptions<SalesOrder> { SignalTable = "user" }).Write("a", "v1").Live();
        world.World.Advance(200);
        var joins = world.Socket.Frames("phx_join").Count;

        world.Write("b", "v1");
        world.World.Advance(3600);

        world.Shown.Should().Be("a=v1 b=v1");
        world.Socket.Frames("phx_join").Should().HaveCount(joins);
    }
}
