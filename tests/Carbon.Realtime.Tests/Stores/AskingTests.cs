using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>Reads of single keys: when they are made, what a late answer is worth, and what follows when they fail.</summary>
public sealed class AskingTests
{
    [Fact]
    public void A_key_that_the_stream_spoke_of_again_is_read_a_second_after_that()
    {
        var world = new StoreWorld().Write("a", "v3").Live();
        world.TellUpdate("a", "v1");
        world.World.Advance(0.5);
        world.TellUpdate("a", "v2");

        world.World.Advance(0.6);
        world.Shown.Should().Be("a=v2");
        world.World.Advance(0.5);
        world.Shown.Should().Be("a=v3");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_was_asked_in_another_epoch_is_older_than_what_was_read_since(bool isJoinedAgain)
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Advance(20);
        TooLarge(world, "a");
        world.HoldReads().World.Advance(0.1);
        var held = world.Rest.Held!;
        world.Rest.Held = null; // only that answer waits

        world.Write("a", "v2");
        world.World.AutoSubscribed = isJoinedAgain;
        world.Socket.Break();
        world.World.Advance(14);
        world.World.Join();
        world.Shown.Should().Be("a=v2");

        held.SetResult();
        world.World.Run();
        world.Shown.Should().Be("a=v2");
    }

    [Fact]
    public void A_row_that_is_there_and_cannot_be_held_is_gone()
    {
        var world = new StoreWorld().Write("a", "v1").Write("b", "v1").Live();
        world.World.Advance(20);
        world.Erase("a").Database.Add("\"a\"", "\"co_1\"", "[1]");

        TooLarge(world, "a");
        world.World.Advance(0.1);

        world.Shown.Should().Be("b=v1");
        world.Store.Status.Unverified.Should().Be(0);
    }

    [Fact]
    public void Thousands_of_keys_in_doubt_cost_one_full_read_and_none_each()
    {
        var world = new StoreWorld(static o => o.QueueCapacity = 10_000).Live();
        world.World.Advance(20);
        var queries = world.Rest.Queries.Count;
        for (var i = 0; i < 2_001; i++)
        {
            world.Write($"k{i}", "v1");
            TooLarge(world, $"k{i}", run: false);
        }

        world.World.Advance(2);

        world.Store.Current.Count.Should().Be(2_001);
        world.Store.Status.Unverified.Should().Be(0);
        world.Rest.Queries.Skip(queries).Should().NotContain(static q => IsPointRead(q));
    }

    [Fact]
    public void A_key_that_comes_into_doubt_while_asking_fails_waits_with_the_others()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Advance(20);
        world.Rest.Script = static (_, r) => IsPointRead(Uri.UnescapeDataString(r.RequestUri!.Query)) ? throw new InvalidCastException("a handler's fault") : null;
        TooLarge(world, "a");
        for (var i = 0; i < 600 && (world.Store.Actor!.Asking.IsRunning || world.Store.Status.Unverified == 0 || !Alarm(world) || i < 2); i++)
        {
            world.World.Advance(0.1);
        }

        var requests = world.Rest.Requests.Count;
        Alarm(world).Should().BeTrue("it is tried again");

        for (var i = 0; i < 20; i++)
        {
            TooLarge(world, $"b{i}");
            world.World.Advance(0.1);
        }

        (world.Rest.Requests.Count - requests).Should().BeLessThan(5, "with its repetitions, one read is due at the most");
    }

    [Fact]
    public void Asking_that_succeeds_makes_the_next_failure_the_first_one()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Advance(100);
        world.Rest.Script = static (_, r) => IsPointRead(Uri.UnescapeDataString(r.RequestUri!.Query)) ? throw new InvalidCastException("a handler's fault") : null;
        TooLarge(world, "a");
        for (var i = 0; i < 12; i++)
        {
            world.World.Advance(20);
            TooLarge(world, $"more{i}"); // the scans in between settle what is older
        }

        world.Rest.Script = null;
        world.World.Advance(130);
        world.State.Should().Be(StoreState.Live);
        TooLarge(world, "a");
        world.World.Advance(1);

        var failing = true;
        world.Rest.Script = (_, r) => failing && IsPointRead(Uri.UnescapeDataString(r.RequestUri!.Query)) ? throw new InvalidCastException("a handler's fault") : null;
        world.World.Advance(10);
        TooLarge(world, "b");
        while (world.Store.Actor!.Asking.IsRunning || !Alarm(world))
        {
            world.World.Advance(0.1);
        }

        failing = false;
        world.Write("b", "v1").World.Advance(10);
        world.Shown.Should().Contain("b=v1", "the pause is of five to ten seconds again");
    }

    [Fact]
    public void An_answer_alone_makes_the_next_failure_of_asking_the_first_one()
    {
        var world = new StoreWorld(options: new StoreOptions<SalesOrder> { ReconcilePeriod = TimeSpan.FromMinutes(30) }).Write("a", "v1").Live();
        world.World.Advance(200);
        var (asOf, failing) = (world.Store.Status.AsOf, true);
        world.Rest.Script = (_, r) => failing && IsPointRead(Uri.UnescapeDataString(r.RequestUri!.Query)) ? throw new InvalidCastException("a handler's fault") : null;
        TooLarge(world, "a");
        world.World.Advance(500);
        failing = false;
        world.World.Advance(150);
        world.Store.Status.Unverified.Should().Be(0);

        failing = true;
        TooLarge(world, "a");
        for (var i = 0; i < 600 && (i < 20 || world.Store.Actor!.Asking.IsRunning); i++)
        {
            world.World.Advance(0.1); // the requests are repeated before the read fails
        }

        world.Store.Actor!.Asking.IsRunning.Should().BeFalse();
        failing = false;
        world.World.Advance(10);
        world.Store.Status.Unverified.Should().Be(0, "the pause is of five to ten seconds again");
        world.Store.Status.AsOf.Should().Be(asOf, "no read of everything had a part in it");
    }

    [Fact]
    public void Keys_that_may_not_be_read_make_the_store_look_at_everything_at_once()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Advance(20);
        world.Rest.Script = static (_, _) => FakePostgrest.Error(403, "42501");

        TooLarge(world, "a");
        world.World.Advance(0.2);

        world.State.Should().Be(StoreState.Faulted);
        world.Shown.Should().BeEmpty();
    }

    [Fact]
    public void Keys_that_may_not_be_read_do_not_bring_a_read_forward_that_waits_for_somebody_to_mend_it()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Advance(100);
        world.Rest.Script = static (_, _) => FakePostgrest.Error(404, "PGRST205");
        world.TellOk();
        var due = world.Store.Status.NextRetry;

        TooLarge(world, "a");
        world.World.Advance(1);

        world.Store.Status.NextRetry.Should().Be(due);
    }

    [Fact]
    public void A_purge_at_any_step_of_an_answer_leaves_nothing_of_it()
    {
        for (var step = 0; step < 30; step++)
        {
            var world = new StoreWorld().Write("a", "v1").Live();
            world.World.Advance(20);
            TooLarge(world, "a");
            world.HoldReads().World.Advance(0.1);
            var held = world.Rest.Held!;
            world.Rest.Held = null;
            held.SetResult();
            for (var i = 0; i < step; i++)
            {
                world.World.Env.Scheduler.RunOne();
            }

            world.Store.Actor!.Post(world.Store.Actor.Purge);
            world.World.Run();

            world.Store.Actor.Rules.Rows.Count.Should().Be(0, "step {0}", step);
            world.World.Log.Lines.Should().NotContain(static l => l.Contains("[6012]"), "step {0}: nothing threw", step);
        }
    }

    [Fact]
    public void A_purge_during_the_read_of_a_key_drops_its_answer_and_keys_are_read_again_later()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Advance(20);
        TooLarge(world, "a");
        world.HoldReads().World.Advance(0.1);
        var held = world.Rest.Held!;
        world.Rest.Held = null;
        world.Rest.Script = static (_, _) => FakePostgrest.Error(403, "42501");
        _ = world.Store.VerifyAsync(); // in the same epoch
        world.World.Run();
        world.State.Should().Be(StoreState.Faulted);
        (world.Store.Status.Unverified, world.Store.Status.AsOf).Should().Be((0, null), "nothing is there that could be old");

        held.SetResult();
        world.World.Run();
        world.Store.Actor!.Rules.Rows.Count.Should().Be(0);
        world.TellInsert("b", "v1");
        world.Shown.Should().BeEmpty("a part looks like a whole");

        world.Rest.Script = null;
        world.World.Advance(301);
        world.Shown.Should().Be("a=v1");
        world.World.Advance(20);
        world.Write("a", "v2");
        TooLarge(world, "a");
        world.World.Advance(0.1);
        world.Shown.Should().Be("a=v2");
    }

    [Fact]
    public void A_key_that_stays_in_doubt_makes_the_store_say_so_and_a_full_read_ends_it()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Advance(100);
        world.Rest.Script = static (_, r) => IsPointRead(Uri.UnescapeDataString(r.RequestUri!.Query)) ? throw new InvalidCastException("a handler's fault") : null;
        TooLarge(world, "a");
        world.World.Advance(9);
        world.State.Should().Be(StoreState.Live);
        world.World.Advance(2);
        world.State.Should().Be(StoreState.CatchingUp);
        world.Store.Status.Unverified.Should().Be(1);

        world.TellOk();

        world.State.Should().Be(StoreState.Live);
        world.Store.Status.Unverified.Should().Be(0);
    }

    private static bool Alarm(StoreWorld world) => world.Store.Actor!.Alarms.IsSet(Carbon.Realtime.Stores.Alarm.Ask);

    private static bool IsPointRead(string query) => query.Contains("in.(", StringComparison.Ordinal) || query.Contains("id=eq.", StringComparison.Ordinal);

    /// <summary>A change of a row that is too large to be sent.</summary>
    private static void TooLarge(StoreWorld world, string id, bool run = true)
    {
        ServerEnd.Change(
            world.Socket, world.Join, "salesOrder", "UPDATE", $$"""{"id":"{{id}}"}""", $$"""{"id":"{{id}}"}""", [1], """["Error 413: Payload Too Large"]""");
        if (run)
        {
            world.World.Run();
        }
    }
}
