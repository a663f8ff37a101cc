using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>Those who wait for a store, follow it or watch it: told in order, and never left waiting.</summary>
public sealed class StoreWaitingTests
{
    /// <summary>Only reached by a test that fails.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_verification_completes_when_all_that_was_committed_before_is_shown()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Advance(20);
        world.Write("b", "v1").HoldReads();

        var verifying = world.Store.VerifyAsync();
        world.World.Run();
        verifying.IsCompleted.Should().BeFalse();
        world.ReleaseReads();

        await verifying.WaitAsync(Patience);
        world.Shown.Should().Be("a=v1 b=v1");
    }

    [Fact]
    public async Task A_scan_that_began_before_the_call_does_not_answer_it()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.HoldReads().TellOk();
        world.Write("b", "v1");

        var verifying = world.Store.VerifyAsync();
        world.ReleaseReads();

        await verifying.WaitAsync(Patience);
        world.Shown.Should().Be("a=v1 b=v1");
    }

    [Fact]
    public async Task A_verification_waits_for_the_keys_that_the_scan_left_in_doubt()
    {
        var world = new StoreWorld().Write("a", "v2").Live();
        world.World.Advance(20);
        world.HoldReads();
        var verifying = world.Store.VerifyAsync();
        world.World.Run();
        world.TellUpdate("a", "v1");
        world.ReleaseReads();
        verifying.IsCompleted.Should().BeFalse();
        world.Shown.Should().Be("a=v1");

        world.World.Advance(1.2);
        await verifying.WaitAsync(Patience);
        world.Shown.Should().Be("a=v2");
    }

    [Fact]
    public void Whoever_waited_for_a_verification_finds_its_rows_shown_or_gone()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Advance(20);
        world.Write("b", "v1");
        Shown().Should().Be("a=v1 b=v1");

        world.Rest.Script = static (_, _) => FakePostgrest.Error(403, "42501");
        Shown().Should().BeEmpty();

        string? Shown()
        {
            // At once and on the actor's thread, where the rows are not shown yet.
            string? shown = null;
            var done = new TaskCompletionSource();
            _ = done.Task.ContinueWith(
                _ => shown = world.Shown, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            world.Store.Actor!.Verify(done);
            world.World.Run();
            return shown;
        }
    }

    [Fact]
    public async Task One_row_is_verified_at_the_price_of_one_row()
    {
        var world = new StoreWorld().Write("a", "v1").Write("b", "v1").Live();
        world.World.Advance(20);
        var before = world.Rest.Requests.Count;
        world.Write("a", "v2").Erase("b").Write("c", "v1");

        var verifying = Task.WhenAll(world.Store.VerifyRowAsync("a"), world.Store.VerifyRowAsync("b"), world.Store.VerifyRowAsync("none"));
        world.World.Advance(0.1);

        await verifying.WaitAsync(Patience);
        world.Shown.Should().Be("a=v2", "nobody asked for c");
        world.Rest.Requests.Skip(before).Should().ContainSingle().Which.RequestUri!.Query.Should().Contain("in.");
    }

    [Fact]
    public async Task A_read_of_the_row_that_began_before_the_call_does_not_answer_it()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Advance(20);
        world.HoldReads();
        _ = world.Store.VerifyRowAsync("a");
        world.World.Advance(0.1); // its answer is made, and on the way

        world.Write("a", "v2");
        var verifying = world.Store.VerifyRowAsync("a");
        world.World.Run();
        world.ReleaseReads();
        verifying.IsCompleted.Should().BeFalse();

        world.World.Advance(1);
        await verifying.WaitAsync(Patience);
        world.Shown.Should().Be("a=v2");
    }

    [Fact]
    public async Task A_row_that_cannot_be_read_is_said_to_who_asked_for_it_and_the_next_one_does_not_wait_for_a_pause()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Advance(20);
        world.Rest.Script = static (_, _) => FakePostgrest.Error(503, "PGRST000");
        var failing = world.Store.VerifyRowAsync("a");
        world.World.Advance(30);
        await FluentActions.Awaiting(() => failing.WaitAsync(Patience)).Should().ThrowAsync<RealtimeException>();

        world.Rest.Script = null;
        world.Write("a", "v2");
        var verifying = world.Store.VerifyRowAsync("a");
        world.World.Advance(1);

        await verifying.WaitAsync(Patience);
        world.Shown.Should().Be("a=v2");
    }

    [Fact]
    public async Task A_row_of_a_store_that_was_not_read_yet_is_verified_with_all_others()
    {
        var world = new StoreWorld().Write("a", "v1").Write("b", "v1").HoldReads();
        var verifying = world.Store.VerifyRowAsync("a");
        world.Settle();
        var second = world.Store.VerifyRowAsync("b");
        world.World.Run();

        world.ReleaseReads();

        await verifying.WaitAsync(Patience);
        await second.WaitAsync(Patience);
        world.Shown.Should().Be("a=v1 b=v1");
    }

    [Fact]
    public async Task A_verification_of_a_store_that_does_not_know_yet_whose_rows_it_shows_needs_no_socket()
    {
        var world = new StoreWorld();
        using var use = world.Store.Start(); // else it ends when nobody waits any more
        world.World.AutoSubscribed = false;
        world.Write("a", "v1");

        var verifying = world.Store.VerifyAsync();
        world.Settle();
        world.World.Advance(10);

        (world.State, world.Store.Status.Reason).Should().Be((StoreState.Degraded, StoreReason.PollingOnly));
        await verifying.WaitAsync(Patience);
        world.Rest.Requests.Should().HaveCount(2, "it waits for the read that comes by itself: a page, and an empty one");
    }

    [Fact]
    public async Task A_verification_that_came_while_a_scan_ran_does_not_share_its_failure()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.Rest.Script = static (_, _) => FakePostgrest.Error(404, "PGRST205");
        world.HoldReads().TellOk();

        var verifying = world.Store.VerifyAsync();
        world.World.Run();
        world.Rest.Script = null;
        world.Write("b", "v1").ReleaseReads();

        await verifying.WaitAsync(Patience);
        world.Shown.Should().Be("a=v1 b=v1");
    }

    [Fact]
    public async Task A_connection_that_breaks_ends_no_verification()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Advance(20);
        world.Write("b", "v1").HoldReads();
        var verifying = world.Store.VerifyAsync();
        world.World.Run();

        world.World.Server.HangNext();
        world.Socket.Break();
        world.World.Run();
        world.ReleaseReads();

        await verifying.WaitAsync(Patience);
        world.Shown.Should().Be("a=v1 b=v1");
        world.State.Should().NotBe(StoreState.Live);

        // A scan that began before the end says nothing of the time after it, and puts off no other one.
        world.Write("c", "v1").World.Advance(11);
        world.Shown.Should().Be("a=v1 b=v1 c=v1");
    }

    [Fact]
    public async Task Who_waits_for_a_row_hears_that_nobody_may_read_it_any_more()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Advance(20);
        world.HoldReads();
        var verifying = world.Store.VerifyRowAsync("a");
        world.World.Advance(0.1);

        world.Rest.Held = null;
        world.Rest.Script = static (_, _) => FakePostgrest.Error(403, "42501");
        world.TellOk();

        (await FluentActions.Awaiting(() => verifying.WaitAsync(Patience)).Should().ThrowAsync<RealtimeException>())
            .Which.Reason.Should().Be(RealtimeErrorReason.PermissionDenied);
    }

    [Fact]
    public async Task A_row_of_a_store_whose_next_read_is_minutes_away_is_read_at_once()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.Rest.Script = static (_, _) => FakePostgrest.Error(403, "42501");
        world.TellOk();
        world.Shown.Should().BeEmpty();

        world.Rest.Script = null;
        var verifying = world.Store.VerifyRowAsync("a");
        world.World.Run();

        await verifying.WaitAsync(Patience);
        world.Shown.Should().Be("a=v1");
    }

    [Fact]
    public async Task Who_waits_behind_a_scan_does_not_wait_for_the_connection_that_ended_it()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Advance(20);
        world.HoldReads().TellOk();
        var verifying = world.Store.VerifyAsync();
        world.World.Run();
        world.Write("b", "v1");

        world.World.Server.HangNext();
        world.Socket.Break();
        world.World.Run();
        world.ReleaseReads();

        await verifying.WaitAsync(Patience);
        world.Shown.Should().Be("a=v1 b=v1");
    }

    [Fact]
    public void Who_waits_for_a_row_that_changes_all_the_time_gets_a_read_of_everything()
    {
        var world = new StoreWorld().Write("a", "v0").Live();
        world.World.Advance(20);
        string? shown = null;
        var done = new TaskCompletionSource();
        _ = done.Task.ContinueWith(_ => shown = world.Shown, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        world.Write("a", "v1");
        world.Store.Actor!.Verify("a", done);
        for (var i = 0; i < 120; i++)
        {
            world.HoldReads().World.Advance(0.2);
            world.TellUpdate("a", $"old{i}"); // late, and while the read is under way
            world.ReleaseReads();
        }

        world.World.Advance(90);
        shown.Should().Be("a=v1");
    }

    [Fact]
    public async Task Who_gives_up_waiting_disturbs_nobody_who_waits_on()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        using var cancellation = new CancellationTokenSource();
        var waiter = new TaskCompletionSource();
        world.HoldReads();
        var verifying = world.Store.VerifyAsync(cancellation.Token);
        world.World.Run();
        await cancellation.CancelAsync();
        await FluentActions.Awaiting(() => verifying.WaitAsync(Patience)).Should().ThrowAsync<OperationCanceledException>();

        world.Rest.Script = static (_, _) => FakePostgrest.Error(404, "PGRST205");
        world.Store.Actor!.Verify(waiter);
        world.ReleaseReads();
        await FluentActions.Awaiting(() => waiter.Task.WaitAsync(Patience)).Should().ThrowAsync<RealtimeException>();
    }

    [Fact]
    public async Task A_verification_ends_with_what_ended_it()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.Rest.Script = static (_, _) => FakePostgrest.Error(404, "PGRST205");
        var failing = world.Store.VerifyAsync();
        world.World.Advance(30);
        await FluentActions.Awaiting(() => failing.WaitAsync(Patience)).Should().ThrowAsync<RealtimeException>();

        world.Rest.Script = null;
        world.HoldReads();
        var switched = world.Store.VerifyAsync();
        world.World.Run();
        world.World.Manager.Tenant.Set("co_2");
        world.World.Run();
        (await FluentActions.Awaiting(() => switched.WaitAsync(Patience)).Should().ThrowAsync<RealtimeException>())
            .Which.Reason.Should().Be(RealtimeErrorReason.TenantChanged);

        var disposed = world.Store.VerifyAsync();
        world.World.Manager.Dispose();
        world.World.Run();
        await FluentActions.Awaiting(() => disposed.WaitAsync(Patience)).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    public async Task Waiting_for_a_store_that_somebody_must_mend_first_fails_at_once_also_when_it_has_long_been_so()
    {
        var world = new StoreWorld(options: new StoreOptions<SalesOrder> { MaxRows = 1 }).Write("a", "v1").Write("b", "v1").Live();
        world.State.Should().Be(StoreState.Faulted);

        var waiting = world.Store.WhenLiveAsync();

        await FluentActions.Awaiting(() => waiting.WaitAsync(Patience)).Should().ThrowAsync<RealtimeException>();
    }

    [Fact]
    public async Task Waiting_starts_the_store_and_completes_when_it_is_live_and_cancelling_lets_it_stop()
    {
        var world = new StoreWorld().Write("a", "v1");
        var waiting = world.Store.WhenLiveAsync();
        world.Settle();
        await waiting.WaitAsync(Patience);
        world.Shown.Should().Be("a=v1");
        world.World.Advance(6);
        world.State.Should().Be(StoreState.Empty, "nobody wants it any more");

        world.HoldReads();
        using var cancellation = new CancellationTokenSource();
        var cancelled = world.Store.WhenLiveAsync(cancellation.Token);
        world.Settle();
        await cancellation.CancelAsync();
        await FluentActions.Awaiting(() => cancelled.WaitAsync(Patience)).Should().ThrowAsync<OperationCanceledException>();
        world.World.Advance(6);
        world.State.Should().Be(StoreState.Empty);
    }

    [Fact]
    public async Task Watching_skips_what_nobody_looked_at_and_ends_with_the_manager()
    {
        var world = new StoreWorld().Write("a", "v0").Live();
        await using var watching = world.Store.WatchAsync().GetAsyncEnumerator();
        (await watching.MoveNextAsync().AsTask().WaitAsync(Patience)).Should().BeTrue();
        watching.Current["a"].Status.Should().Be("v0");

        world.TellUpdate("a", "v1");
        world.TellUpdate("a", "v2");
        world.TellUpdate("a", "v3");
        (await watching.MoveNextAsync().AsTask().WaitAsync(Patience)).Should().BeTrue();
        watching.Current.Should().BeSameAs(world.Store.Current);
        watching.Current["a"].Status.Should().Be("v3");

        var next = watching.MoveNextAsync().AsTask();
        world.World.Manager.Dispose();
        world.World.Run();
        (await next.WaitAsync(Patience)).Should().BeTrue();
        watching.Current.Status.State.Should().Be(StoreState.Closed);
        (await watching.MoveNextAsync().AsTask().WaitAsync(Patience)).Should().BeFalse();
    }

    [Fact]
    public void An_observer_that_does_not_keep_up_gets_one_reset_and_versions_stay_in_order()
    {
        var world = new StoreWorld().Live();
        using var recorder = new StreamRecorder<StoreChangeSet<string, SalesOrder>>(world.Store.Changes);
        world.World.Run();
        recorder.OnElement = (r, _) =>
        {
            r.OnElement = null;
            for (var i = 0; i < 400; i++)
            {
                world.TellInsert($"r{i:000}", "v1"); // all of it comes while this call is under way
            }
        };

        world.TellInsert("first", "v1");
        world.TellInsert("last", "v1");

        recorder.AssertContract();
        recorder.Items.Count(static s => s.IsReset).Should().Be(2, "the first one, and one for all that was missed");
        recorder.Items.Select(static s => s.Snapshot.Version).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        Folded(recorder.Items).Should().BeEquivalentTo(world.Store.Current.Keys);
    }

    [Fact]
    public void An_observer_that_throws_loses_its_subscription_and_nobody_else_anything()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        using var throwing = new StreamRecorder<StoreChangeSet<string, SalesOrder>>(world.Store.Changes, static (_, _) => throw new InvalidOperationException("mine"));
        using var other = new StreamRecorder<StoreChangeSet<string, SalesOrder>>(world.Store.Changes);
        world.World.Run();

        world.TellUpdate("a", "v2");

        throwing.Count.Should().Be(1);
        other.Items[^1].Snapshot["a"].Status.Should().Be("v2");
    }

    [Fact]
    public void An_observer_may_switch_the_tenant_subscribe_again_and_dispose_the_manager()
    {
        var world = new StoreWorld().Write("a", "v1").Write("x", "v1", "co_2").Live();
        var inner = 0;
        using var recorder = new StreamRecorder<StoreChangeSet<string, SalesOrder>>(world.Store.Changes);
        recorder.OnElement = (r, set) =>
        {
            if (set.Snapshot.ContainsKey("a"))
            {
                world.World.Manager.Tenant.Set("co_2");
                world.Store.Current.Should().BeEmpty();
                world.Store.Changes.Subscribe(new Counter(() => inner++));
            }
            else if (set.Snapshot.ContainsKey("x"))
            {
                world.World.Manager.Dispose();
            }
        };

        world.Settle();
        world.World.Advance(3);

        recorder.AssertContract();
        recorder.IsCompleted.Should().BeTrue();
        inner.Should().BePositive();
        world.State.Should().Be(StoreState.Closed);
    }

    [Fact]
    public void A_store_that_is_over_completes_who_subscribes_and_starts_no_more()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Manager.Dispose();
        world.World.Run();

        using var recorder = new StreamRecorder<StoreChangeSet<string, SalesOrder>>(world.Store.Changes);
        world.World.Run();

        recorder.IsCompleted.Should().BeTrue();
        recorder.Items.Should().ContainSingle().Which.Snapshot.Should().BeEmpty();
        FluentActions.Invoking(() => world.Store.Start()).Should().Throw<ObjectDisposedException>();
    }

    private static HashSet<string> Folded(IEnumerable<StoreChangeSet<string, SalesOrder>> sets)
    {
        HashSet<string> keys = [];
        foreach (var set in sets)
        {
            if (set.IsReset)
            {
                keys = [.. set.Snapshot.Keys];
            }

            foreach (var change in set.Changes)
            {
                _ = change.Kind == StoreChangeKind.Removed ? keys.Remove(change.Key) : keys.Add(change.Key);
            }
        }

        return keys;
    }

    private sealed class Counter(Action count) : IObserver<StoreChangeSet<string, SalesOrder>>
    {
        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }

        public void OnNext(StoreChangeSet<string, SalesOrder> value) => count();
    }
}
