using System.Runtime.CompilerServices;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>What keeps a store running, what lets it go, and what those hear who wait meanwhile.</summary>
public sealed class StoreLifeTests
{
    /// <summary>Only reached by a test that fails.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public void A_use_that_ends_twice_ends_once()
    {
        var world = new StoreWorld().Write("a", "v1");
        using var one = world.Store.Start();
        var other = world.Store.Start();
        world.Settle();

        other.Dispose();
        other.Dispose();
        world.World.Advance(10);

        world.State.Should().Be(StoreState.Live);
    }

    [Fact]
    public void Who_comes_back_and_goes_again_leaves_the_store_its_whole_time()
    {
        var world = new StoreWorld().Write("a", "v1");
        var use = world.Store.Start();
        world.Settle();
        use.Dispose();
        world.World.Advance(3);
        world.Store.Start().Dispose();

        world.World.Advance(4.9);
        world.State.Should().Be(StoreState.Live, "five seconds since it was used last");
        world.World.Advance(0.2);
        (world.State, world.Store.Status.Reason).Should().Be((StoreState.Empty, StoreReason.NotStarted));
        world.Store.Report().Should().BeNull("nobody uses it");
    }

    [Fact]
    public void A_subscription_runs_the_store_and_its_end_lets_it_stop()
    {
        var world = new StoreWorld().Write("a", "v1");
        var recorder = new StreamRecorder<StoreChangeSet<string, SalesOrder>>(world.Store.Changes);
        world.Settle();
        world.State.Should().Be(StoreState.Live);

        recorder.Dispose();
        world.World.Advance(6);

        world.State.Should().Be(StoreState.Empty);
    }

    [Fact]
    public async Task Watching_runs_the_store_can_be_cancelled_and_its_end_lets_it_stop()
    {
        var world = new StoreWorld().Write("a", "v1");
        using var cancellation = new CancellationTokenSource();
        var watching = world.Store.WatchAsync(cancellation.Token).GetAsyncEnumerator();
        (await watching.MoveNextAsync()).Should().BeTrue();
        watching.Current.Status.State.Should().Be(StoreState.Empty);
        world.Settle();
        (await watching.MoveNextAsync()).Should().BeTrue();
        watching.Current.Status.State.Should().Be(StoreState.Live);

        var next = watching.MoveNextAsync().AsTask();
        next.IsCompleted.Should().BeFalse();
        await cancellation.CancelAsync();
        await next.WaitAsync(Patience).Awaiting(static n => n).Should().ThrowAsync<OperationCanceledException>();

        await watching.DisposeAsync();
        world.World.Advance(6);
        world.State.Should().Be(StoreState.Empty);
    }

    [Fact]
    public async Task A_verification_before_it_is_known_whose_rows_waits_for_them()
    {
        var tokens = new FakeTokens();
        var gate = new TaskCompletionSource<string?>();
        tokens.Answer = (_, _) => new ValueTask<string?>(gate.Task);
        var world = new StoreWorld(tokens: tokens).Write("a", "v1");

        var verifying = world.Store.VerifyAsync();
        verifying.IsCompleted.Should().BeFalse();
        world.Settle();
        verifying.IsCompleted.Should().BeFalse();

        gate.SetResult(null);
        world.Settle();
        await verifying.WaitAsync(Patience);
        world.Shown.Should().Be("a=v1");
    }

    [Fact]
    public async Task Who_waits_while_it_becomes_clear_that_somebody_must_mend_it_hears_so()
    {
        var world = new StoreWorld(options: new StoreOptions<SalesOrder> { MaxRows = 1 }).Write("a", "v1").Write("b", "v1");
        var waiting = world.Store.WhenLiveAsync();

        world.Settle();

        (await waiting.WaitAsync(Patience).Awaiting(static w => w).Should().ThrowAsync<RealtimeException>()).Which.IsTransient.Should().BeFalse();
    }

    [Fact]
    public async Task Who_waits_while_the_store_ends_hears_so()
    {
        var world = new StoreWorld().HoldReads();
        var waiting = world.Store.WhenLiveAsync();
        world.Settle();

        world.World.Manager.Dispose();
        world.World.Run();

        await waiting.WaitAsync(Patience).Awaiting(static w => w).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    public void A_token_that_comes_when_nobody_waits_any_more_starts_nothing()
    {
        foreach (var isManagerDisposed in (bool[])[false, true])
        {
            var gate = new TaskCompletionSource<string?>();
            var tokens = new FakeTokens { Answer = (_, _) => new ValueTask<string?>(gate.Task) };
            var world = new StoreWorld(tokens: tokens).Write("a", "v1");
            var use = world.Store.Start();
            world.Settle();
            if (isManagerDisposed)
            {
                world.World.Manager.Dispose();
            }
            else
            {
                use.Dispose();
                world.World.Advance(6);
            }

            gate.SetResult(null);
            world.Settle();

            world.State.Should().Be(isManagerDisposed ? StoreState.Closed : StoreState.Empty);
            world.Store.Actor.Should().BeNull();
            world.Rest.Requests.Should().BeEmpty();
        }
    }

    [Fact]
    public void A_user_who_is_known_needs_no_new_token_to_be_shown()
    {
        var tokens = new FakeTokens { Token = Jwt.Create(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero)) };
        var world = new StoreWorld(tokens: tokens, cache: new InMemoryStoreCache()).Write("a", "v1");
        var use = world.Store.Start();
        world.Settle();
        world.World.Advance(3);
        use.Dispose();
        world.World.Advance(60);

        tokens.Answer = static (_, _) => throw new InvalidOperationException("down");
        world.World.Manager.User.Tokens.Expire();
        using var again = world.Store.Start();
        world.World.Run();

        (world.Shown, world.State).Should().Be(("a=v1", StoreState.Stale));
    }

    [Fact]
    public void One_token_does_for_all_stores()
    {
        var tokens = new FakeTokens { Token = Jwt.Create(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero)) };
        var world = new StoreWorld(tokens: tokens).Write("a", "v1").Live();
        var asked = tokens.Asked.Count;

        using var use = world.World.Manager.Store(Shop.SalesOrders.Where("status=eq.v1")).Start();
        world.Settle();

        tokens.Asked.Count.Should().Be(asked);
    }

    [Fact]
    public void A_switch_of_tenant_is_a_reset_and_a_lingering_store_is_empty_and_not_loading()
    {
        var world = new StoreWorld().Write("a", "v1");
        var use = world.Store.Start();
        using (var recorder = new StreamRecorder<StoreChangeSet<string, SalesOrder>>(world.Store.Changes))
        {
            world.Settle();
            world.World.Manager.Tenant.Set("co_2");
            world.World.Run();
            recorder.Items.First(static s => s.Status.State == StoreState.Loading && s.Snapshot.Version > 1).Should().NotBeNull();
            recorder.Items.Where((s, i) => s.Snapshot.Count == 0 && i > 0 && recorder.Items[i - 1].Snapshot.Count > 0)
                .Should().ContainSingle().Which.IsReset.Should().BeTrue();
            world.World.Manager.Tenant.Set("co_1");
            world.Settle();
        }

        use.Dispose();
        world.World.Run();
        world.State.Should().Be(StoreState.Live, "it lingers");
        world.World.Manager.Tenant.Set("co_2");
        (world.State, world.Store.Status.Reason).Should().Be((StoreState.Empty, StoreReason.NotStarted));
    }

    [Fact]
    public void A_scope_of_its_own_hears_nothing_of_the_ambient_tenants_change()
    {
        var world = new StoreWorld().Write("x", "v1", "co_2");
        using var scope = world.World.Manager.ForTenant("co_2");
        using var recorder = new StreamRecorder<StoreChangeSet<string, SalesOrder>>(scope.Store(Shop.SalesOrders).Changes);
        world.Settle();
        var told = recorder.Count;
        var requests = world.Rest.Requests.Count;

        world.World.Manager.Tenant.Set("co_3");
        world.Settle();

        recorder.Count.Should().Be(told);
        world.Rest.Requests.Count.Should().Be(requests);
    }

    [Fact]
    public void Code_of_the_programs_that_switches_the_tenant_in_the_middle_of_a_change_shows_nothing_of_the_old_one_any_more()
    {
        StoreWorld world = null!;
        var isArmed = false;
        world = new StoreWorld(options: new StoreOptions<SalesOrder>
        {
            Version = _ =>
            {
                if (isArmed)
                {
                    isArmed = false;
                    world.World.Manager.Tenant.Set("co_2");
                }

                return 1;
            },
        }).Write("a", "v1").Write("x", "v1", "co_2").Live();
        using var recorder = new StreamRecorder<StoreChangeSet<string, SalesOrder>>(world.Store.Changes);
        world.World.Run();
        recorder.Clear();

        isArmed = true;
        world.TellUpdate("a", "v2");
        world.Settle();

        isArmed.Should().BeFalse();
        recorder.Items.SelectMany(static s => s.Snapshot.Keys).Should().NotContain("a");
        world.Shown.Should().Be("x=v1");
    }

    [Fact]
    public void Who_subscribes_in_the_middle_of_changes_gets_all_of_them()
    {
        StoreWorld world = null!;
        StreamRecorder<StoreChangeSet<string, SalesOrder>>? recorder = null;
        var isArmed = false;
        world = new StoreWorld(options: new StoreOptions<SalesOrder>
        {
            Version = _ =>
            {
                if (isArmed)
                {
                    isArmed = false;
                    recorder = new(world.Store.Changes);
                }

                return 1;
            },
        }).Write("b", "v1").Live();
        world.World.Advance(20);
        isArmed = true;

        world.Socket.Insert(world.Join, "salesOrder", StoreWorld.Record("a", "v1"), 1);
        world.Socket.Update(world.Join, "salesOrder", StoreWorld.Record("b", "v2"), """{"id":"b"}""", 1);
        world.World.Run();

        var copy = new Dictionary<string, SalesOrder>();
        foreach (var set in recorder!.Items)
        {
            copy = set.IsReset ? set.Snapshot.ToDictionary() : copy;
            foreach (var change in set.Changes)
            {
                copy[change.Key] = change.Current!;
            }

            copy.Should().BeEquivalentTo(set.Snapshot.ToDictionary());
        }

        copy.Values.Select(static o => $"{o.Id}={o.Status}").Order().Should().Equal("a=v1", "b=v2");
        recorder.Dispose();
    }

    [Fact]
    public void What_changes_nothing_is_not_told()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        using var recorder = new StreamRecorder<StoreChangeSet<string, SalesOrder>>(world.Store.Changes);
        world.World.Advance(20);
        var version = world.Store.Current.Version;

        world.TellUpdate("a", "v1");
        world.TellDelete("theirs");

        recorder.Items.Where(s => s.Snapshot.Version > version).Should().BeEmpty();
    }

    [Fact]
    public void A_store_without_a_tenant_is_late_for_nothing()
    {
        var world = new StoreWorld(static o => o.Tenant = null).Live();
        world.World.Advance(60);

        world.Store.Report()!.NotLiveSince.Should().BeNull();
    }

    [Fact]
    public void Stores_of_a_scope_that_is_over_are_not_remembered()
    {
        var world = new World();
        var store = UseAndClose(world);
        world.Advance(10);

        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        store.IsAlive.Should().BeFalse("a server has one for each of its tenants");

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference UseAndClose(World world)
        {
            var scope = world.Manager.ForTenant("co_2");
            var store = scope.Store(Shop.SalesOrders);
            store.Start();
            world.Run();
            scope.Dispose();
            world.Run();
            return new WeakReference(store);
        }
    }

    [Fact]
    public void After_the_manager_there_are_no_stores()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.World.Manager.Dispose();
        world.World.Run();
        var version = world.Store.Current.Version;

        world.Store.Close().IsCompletedSuccessfully.Should().BeTrue();

        world.Store.Current.Version.Should().Be(version, "a store ends once");
        world.World.Manager.Invoking(static m => m.Store(Shop.SalesOrders.Where("status=eq.v1"))).Should().Throw<ObjectDisposedException>();
    }

    [Fact]
    public void Whatever_throws_on_a_stores_thread_the_read_that_runs_is_not_believed()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.HoldReads().TellOk();
        world.Write("b", "v1");

        world.Store.Actor!.Post(static () => throw new InvalidCastException("a bug"));
        world.World.Run();
        world.ReleaseReads();

        world.Shown.Should().Be("a=v1 b=v1");
        world.State.Should().Be(StoreState.Live);
    }
}
