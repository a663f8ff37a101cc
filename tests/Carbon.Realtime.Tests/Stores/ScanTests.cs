using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Observability;
using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>Reads of everything: when they begin, what one that comes late is worth, and what they tell on the way.</summary>
public sealed class ScanTests
{
    [Fact]
    public void Half_a_first_scan_shows_nothing_and_the_whole_one_everything()
    {
        var world = Paged("a", "b", "c");
        using var recorder = new StreamRecorder<StoreChangeSet<string, SalesOrder>>(world.Store.Changes);
        HoldAfter(world, 2);
        world.Live();

        world.Store.Current.Should().BeEmpty("a half list looks like a whole one");
        (world.Store.Status.RowsRead, world.Store.Status.RowsTotal).Should().Be((2L, 3L));
        recorder.Items.Should().OnlyContain(static s => s.Changes.IsEmpty && s.Snapshot.Count == 0);

        world.ReleaseReads();
        recorder.Items[^1].Snapshot.Keys.Should().BeEquivalentTo("a", "b", "c");
        recorder.Items.Last(static s => s.IsReset || !s.Changes.IsEmpty).Should().Match<StoreChangeSet<string, SalesOrder>>(s => s.IsReset && s.Snapshot.Count == 3);
        (world.Store.Status.RowsRead, world.Store.Status.RowsTotal).Should().Be((0L, null), "nothing is being read");

        world.TellInsert("d", "v1");
        recorder.Items[^1].Changes.Should().ContainSingle().Which.Key.Should().Be("d");
    }

    [Fact]
    public void Only_the_first_read_of_everything_asks_how_many_rows_there_are()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.TellOk();

        var counted = world.Rest.Requests.Select(static r => r.Headers.TryGetValues("Prefer", out var prefer) && prefer.Contains("count=exact"));
        counted.Should().Equal([true, false, false, false], "two requests each; counting costs the database a scan of its own");
    }

    [Fact]
    public void A_page_that_is_asked_for_after_an_event_is_newer_than_it()
    {
        var world = Paged("a", "b").Write("b", "v2");
        world.Rest.Answered = number =>
        {
            if (number == 1)
            {
                world.HoldReads(); // what has been answered waits; the second page has not been asked for
            }
        };
        world.Live();
        world.TellUpdate("b", "late");

        world.ReleaseReads();

        world.Shown.Should().Be("a=v1 b=v2");
    }

    [Fact]
    public void The_rows_are_of_the_time_when_their_read_began()
    {
        var world = new StoreWorld().Write("a", "v1").HoldReads().Live();
        var began = world.World.Env.Time.GetUtcNow();
        world.World.Advance(2);

        world.ReleaseReads();

        world.State.Should().Be(StoreState.Live);
        (began - world.Store.Status.AsOf!.Value).Should().BeLessThan(TimeSpan.FromSeconds(0.1)).And.BeGreaterThanOrEqualTo(TimeSpan.Zero);
    }

    [Fact]
    public void A_scan_that_was_given_up_and_is_still_ending_shares_nothing_with_the_next_one()
    {
        var world = new StoreWorld(static o => o.ReadPageRows = 2, options: new StoreOptions<SalesOrder> { MaxRows = 1 })
            .Write("a", "v1").Write("b", "v1").Write("c", "v1").HoldReads();
        var ending = new TaskCompletionSource();
        world.Rest.Script = (number, _) =>
        {
            if (number == 3)
            {
                world.HoldReads();
            }

            return number != 2 ? null : new HttpResponseMessage(System.Net.HttpStatusCode.InternalServerError)
            {
                Content = FakePostgrest.Body(new FakePostgrest.GatedStream("""{"code":"57014"}"""u8.ToArray(), ending.Task)),
            };
        };
        world.Live();
        var verifying = new TaskCompletionSource();
        world.Store.Actor!.Verify(verifying); // its scan begins in the moment in which the first one, with too many rows, is given up
        world.World.Run();
        world.ReleaseReads();
        world.Rest.Requests.Should().HaveCount(3);

        ending.SetResult(); // "ask for less"
        world.World.Run();
        world.ReleaseReads();
        world.Rest.Queries[3].Should().Contain("limit=2", "nobody told the second scan to ask for less");
    }

    [Fact]
    public void Oks_that_are_minutes_apart_are_read_at_once_each()
    {
        var world = new StoreWorld().Live();
        for (var i = 0; i < 8; i++)
        {
            world.World.Advance(31);
            world.Write("a", $"v{i}").TellOk();
            world.Shown.Should().Be($"a=v{i}");
        }
    }

    [Fact]
    public void A_read_that_is_put_off_is_not_put_off_again_by_every_further_ok()
    {
        var world = new StoreWorld().Live();
        for (var i = 0; i < 4; i++)
        {
            world.TellOk();
        }

        var due = world.Store.Status.NextRetry;
        due.Should().NotBeNull();
        for (var i = 0; i < 5; i++)
        {
            world.World.Advance(0.1);
            world.TellOk();
            world.Store.Status.NextRetry.Should().Be(due);
        }
    }

    [Fact]
    public void After_a_calm_while_hasty_oks_are_put_off_for_as_little_as_the_first_time()
    {
        var world = new StoreWorld().Live();
        for (var i = 0; i < 40; i++)
        {
            world.World.Advance(5);
            world.TellOk();
        }

        world.World.Advance(90);
        for (var i = 0; i < 4; i++)
        {
            world.TellOk();
        }

        var wait = world.Store.Status.NextRetry!.Value - world.World.Env.Time.GetUtcNow();
        wait.Should().BeLessThanOrEqualTo(TimeSpan.FromSeconds(2), "the wait doubles from a second on");
    }

    [Fact]
    public void A_time_to_try_again_is_told_until_it_is_there()
    {
        var world = new StoreWorld().Write("a", "v1");
        world.Rest.Script = static (_, _) => FakePostgrest.Error(404, "PGRST205");
        world.Live();
        var retry = world.Store.Status.NextRetry;
        (retry - world.World.Env.Time.GetUtcNow()).Should().BeCloseTo(TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(0.1), "somebody has to mend it first");
        var requests = world.Rest.Requests.Count;
        world.World.Advance(299);
        world.Rest.Requests.Count.Should().Be(requests);

        world.Rest.Script = null;
        world.HoldReads().World.Advance(2);
        world.Store.Status.NextRetry.Should().BeNull("it is being tried");
        world.ReleaseReads();
        world.State.Should().Be(StoreState.Live);
    }

    [Fact]
    public void A_read_that_succeeds_makes_the_next_failure_the_first_one()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.Rest.Script = static (_, _) => throw new InvalidCastException("a handler's fault");
        world.TellOk();
        world.World.Advance(600);
        world.Rest.Script = null;
        world.World.Advance(130);
        world.State.Should().Be(StoreState.Live);

        world.Rest.Script = static (_, _) => throw new InvalidCastException("a handler's fault");
        world.TellOk();
        for (var i = 0; i < 300 && world.Store.Status.NextRetry is null; i++)
        {
            world.World.Advance(0.1); // the requests are repeated before the read fails
        }

        (world.Store.Status.NextRetry - world.World.Env.Time.GetUtcNow()).Should().BeLessThanOrEqualTo(TimeSpan.FromSeconds(2));
    }

    [Fact]
    public void A_failed_read_leaves_no_key_in_doubt_behind()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Advance(20);
        world.Rest.Script = static (_, _) => FakePostgrest.Error(404, "PGRST205");
        world.TellOk();
        world.Rest.Script = null;
        world.World.Advance(10);

        world.Write("a", "v2").TellUpdate("a", "v2");

        world.Store.Status.Unverified.Should().Be(0, "nothing is read now, and was not just before");
    }

    [Fact]
    public void What_was_asked_for_during_a_read_that_another_one_replaced_costs_no_third()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.HoldReads();
        _ = world.Store.VerifyAsync();
        world.World.Run();
        _ = world.Store.VerifyAsync(); // waits for a read that begins after it
        world.World.Run();
        world.TellOk(); // which begins one
        var before = world.Rest.Requests.Count;

        world.ReleaseReads();

        world.Rest.Requests.Count.Should().Be(before + 1, "the second, empty page of the read that runs");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_ok_at_any_step_of_a_scan_makes_what_that_one_brings_worthless(bool fails)
    {
        for (var step = 0; step < 40; step++)
        {
            var world = new StoreWorld().Write("a", "v1").HoldReads().Live();
            world.Write("a", "v2"); // in no event, and not in the page
            if (fails)
            {
                world.Rest.Script = static (_, _) => FakePostgrest.Error(404, "PGRST205");
            }

            var held = world.Rest.Held!;
            world.Rest.Held = null;
            held.SetResult();
            for (var i = 0; i < step; i++)
            {
                world.World.Env.Scheduler.RunOne();
            }

            world.Rest.Script = null;
            world.TellOk();

            world.Shown.Should().Be("a=v2", "step {0}", step);
            world.State.Should().Be(StoreState.Live, "step {0}", step);
            world.Store.Status.Error.Should().BeNull("step {0}", step);
        }
    }

    [Fact]
    public async Task A_verification_waits_for_a_whole_read_that_began_after_it_and_for_the_keys_that_one_leaves()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Advance(20);
        world.HoldReads().TellOk();
        var done = new TaskCompletionSource();
        world.Store.Actor!.Verify(done); // not the task for users, which completes on another thread
        world.World.Run();

        Release(world, hold: true);
        Release(world, hold: true); // its empty page
        done.Task.IsCompleted.Should().BeFalse("that read began before the call");
        world.Write("a", "v3").TellUpdate("a", "v2");
        Release(world, hold: true); // the answer to the read that began after the call
        Release(world, hold: true); // its empty page
        world.Store.Status.Unverified.Should().Be(1);
        done.Task.IsCompleted.Should().BeFalse("the stream spoke of a row during the read");
        world.TellUpdate("b", "v1"); // what comes into doubt later is nobody's who waits

        world.ReleaseReads();
        world.World.Advance(1.3);
        await done.Task;
        world.Shown.Should().StartWith("a=v3");
    }

    [Fact]
    public void More_touched_keys_than_are_remembered_begin_the_read_anew()
    {
        var world = new StoreWorld(static o => o.QueueCapacity = 100_000).HoldReads().Live();
        world.Rest.Requests.Should().ContainSingle();

        for (var i = 0; i <= 65_536; i++)
        {
            world.Socket.Insert(world.Join, "salesOrder", StoreWorld.Record($"r{i}", "v1"), 1);
        }

        world.World.Run();
        world.Rest.Requests.Count.Should().BeGreaterThan(1, "the one that is out says nothing any more");
    }

    [Fact]
    public void A_read_that_nobody_wants_any_more_is_cancelled()
    {
        using var meters = new RecordingMeters();
        var world = new StoreWorld(meters: meters).Write("a", "v1").Live();
        world.HoldReads().TellOk();
        world.TellOk();
        Abandoned(meters).Should().Be(1, "its successor is under way");
        world.ReleaseReads();

        world.HoldReads().TellUpdate("a", "v1b");
        world.World.Advance(1.5);
        world.World.Manager.Tenant.Set("co_2");
        world.World.Run();
        Abandoned(meters).Should().Be(2, "a read of single keys, too");
    }

    /// <summary>One row a page.</summary>
    private static StoreWorld Paged(params string[] ids)
    {
        var world = new StoreWorld();
        world.Rest.MaxRows = 1;
        foreach (var id in ids)
        {
            world.Write(id, "v1");
        }

        return world;
    }

    /// <summary>So many pages arrive; the next one waits.</summary>
    private static void HoldAfter(StoreWorld world, int pages) => world.Rest.Answered = number =>
    {
        if (number == pages + 1 && world.Rest.Held is null)
        {
            world.HoldReads();
        }
    };

    private static void Release(StoreWorld world, bool hold)
    {
        var held = world.Rest.Held!;
        world.Rest.Held = hold ? new TaskCompletionSource() : null;
        held.SetResult();
        world.World.Run();
    }

    private static double Abandoned(RecordingMeters meters) => meters.Everything()
        .Where(static m => m.Instrument == "carbon.realtime.rest.reads" && m.Attributes.Contains("abandoned", StringComparison.Ordinal)).Sum(static m => m.Value);
}
