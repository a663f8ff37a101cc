using Carbon.Realtime.Stores;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>What must go from a cache that refuses to delete: it goes in the end, whoever is there to see it, and until then nobody is shown it.</summary>
public sealed class RemovalTests
{
    private readonly StubbornCache _cache = new(new InMemoryStoreCache());

    private IEnumerable<string?> KeptTenants => _cache.Kept.Images.Keys.Select(static k => k.Tenant);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(60)]
    public void Rows_whose_right_is_gone_are_not_shown_after_a_switch_of_tenants_and_back_without_a_network(double seconds)
    {
        var world = Revoked(refusals: int.MaxValue);
        var shown = new List<int>();
        using var watching = world.Store.Changes.Subscribe(new Counts(shown));

        world.World.Manager.Tenant.Set("co_2");
        world.World.Advance(seconds);
        Offline(world);
        world.World.Manager.Tenant.Set("co_1");
        world.World.Advance(60);

        KeptTenants.Should().Contain("co_1", "the cache still refuses");
        (world.Shown, world.State).Should().Be(("", StoreState.Loading));
        shown.Should().OnlyContain(static rows => rows == 0).And.NotBeEmpty();

        _cache.Refusals = 0;
        world.World.Advance(1300);
        KeptTenants.Should().NotContain("co_1");
    }

    [Fact]
    public void What_the_cache_refused_to_delete_is_deleted_later_although_no_store_is_left()
    {
        var world = Revoked(refusals: 5, out var use);
        use.Dispose();
        world.World.Advance(15);
        world.Store.Actor.Should().BeNull();
        KeptTenants.Should().Contain("co_1");

        world.World.Advance(400);
        _cache.Kept.Images.Should().BeEmpty();
        world.World.Log.Lines.Count(static l => l.Contains("[6016]", StringComparison.Ordinal)).Should().Be(5);
    }

    [Fact]
    public void Who_comes_back_has_it_tried_at_once()
    {
        var world = Revoked(refusals: 3);
        world.World.Manager.Tenant.Set("co_2");
        world.World.Advance(60);
        KeptTenants.Should().BeEmpty();

        var again = Revoked(refusals: 1);
        again.World.Manager.Tenant.Set("co_2");
        again.World.Advance(1);
        KeptTenants.Should().Contain("co_1");
        again.World.Manager.Tenant.Set("co_1");
        again.World.Advance(2);
        KeptTenants.Should().NotContain("co_1", "the next try would have been seconds later");
    }

    [Fact]
    public void Rows_that_may_be_seen_again_are_shown_and_not_saved_before_what_had_to_go_is_gone()
    {
        var world = Revoked(refusals: int.MaxValue);
        world.World.Manager.Tenant.Set("co_2");
        world.World.Advance(5);
        world.Rest.Script = null;
        world.Write("a", "v2");
        var saves = new List<string?>();
        _cache.Kept.Saving = (key, _, _) =>
        {
            saves.Add(key.Tenant);
            return ValueTask.CompletedTask;
        };
        world.World.Manager.Tenant.Set("co_1");
        world.Settle();
        (world.Shown, world.State).Should().Be(("a=v2", StoreState.Live));
        world.World.Advance(120);
        saves.Should().NotContain("co_1");

        _cache.Refusals = 0;
        world.World.Advance(620);
        saves.Should().Contain("co_1");
        world.World.Advance(3600);
        _cache.Kept.Images.Single(static i => i.Key.Tenant == "co_1").Value.Rows["a"].Should().Contain("v2");
    }

    [Fact]
    public void Rows_that_may_not_be_seen_any_more_while_they_are_saved_go_behind_that_save()
    {
        var world = new StoreWorld(cache: _cache).Write("a", "v1");
        var gate = new TaskCompletionSource();
        _cache.Kept.Saving = (_, _, _) => new ValueTask(gate.Task);
        world.Live().World.Advance(3);
        world.Rest.Script = static (_, _) => FakePostgrest.Error(403, "42501");
        world.TellOk();
        world.World.Manager.Tenant.Set("co_2");
        world.World.Advance(10);

        gate.SetResult();
        world.World.Run();
        KeptTenants.Should().NotContain("co_1");
    }

    [Fact]
    public void The_end_of_the_manager_tries_what_is_left_for_two_seconds_more()
    {
        var world = Revoked(refusals: int.MaxValue, out var use);
        use.Dispose();
        world.World.Advance(30);
        _cache.Refusals = 2;

        var disposal = world.World.Manager.DisposeAsync().AsTask();
        world.World.Advance(1.5);
        _cache.Kept.Images.Should().BeEmpty();
        disposal.IsCompletedSuccessfully.Should().BeTrue();
    }

    [Fact]
    public void The_end_of_the_manager_does_not_wait_for_a_cache_that_refuses_for_ever_and_asks_it_nothing_more()
    {
        var world = Revoked(refusals: int.MaxValue);
        var disposal = world.World.Manager.DisposeAsync().AsTask();
        world.World.Advance(5);
        disposal.IsCompletedSuccessfully.Should().BeTrue();
        var refused = _cache.Refusals;

        world.World.Advance(3600);
        _cache.Refusals.Should().Be(refused);
    }

    [Fact]
    public void What_a_store_that_was_dropped_saves_at_last_goes_too_when_the_next_one_of_its_key_learns_that_the_right_is_gone()
    {
        var world = new StoreWorld(cache: _cache).Write("a", "v1");
        var gate = new TaskCompletionSource();
        _cache.Kept.Saving = (key, _, _) => new ValueTask(key.Tenant == "co_1" ? gate.Task : Task.CompletedTask);
        world.Live().World.Advance(3);
        world.Write("b", "v1").TellInsert("b", "v1");
        world.World.Manager.Tenant.Set("co_2");
        world.World.Advance(3); // longer than anybody waits for a cache

        world.Rest.Script = static (_, _) => FakePostgrest.Error(403, "42501");
        world.World.Manager.Tenant.Set("co_1");
        world.Settle();
        world.World.Advance(1);
        world.Store.Status.Error!.ServerCode.Should().Be("42501");
        _cache.Kept.Saving = null;
        gate.SetResult();
        world.World.Advance(10);

        KeptTenants.Should().NotContain("co_1");
    }

    [Fact]
    public void Of_two_stores_of_one_key_neither_begins_to_save_once_the_other_has_learned_that_the_right_is_gone()
    {
        var hasMore = true;
        for (var steps = 0; hasMore; steps++)
        {
            var cache = new StubbornCache(new InMemoryStoreCache()) { Refusals = int.MaxValue };
            var world = new StoreWorld(cache: cache).Write("a", "v1").Live();
            var other = Other(world);
            other.Start();
            world.Settle();
            world.World.Advance(10);
            world.Write("a", "v2").TellUpdate("a", "v2");
            world.World.Env.Time.Advance(TimeSpan.FromSeconds(2));
            for (var i = 0; i < steps && hasMore; i++)
            {
                hasMore = world.World.Env.Scheduler.RunOne();
            }

            var saves = cache.Kept.Saves;
            other.Actor!.Purge();
            world.World.Run();
            cache.Kept.Saves.Should().Be(saves, "what is saved goes with what must, or outlasts it; after {0} steps", steps);
        }
    }

    [Fact]
    public void Rows_that_went_from_the_cache_while_they_were_loaded_are_not_shown()
    {
        var (world, loaded) = Loading(out var other);
        world.Rest.Script = static (_, _) => FakePostgrest.Error(403, "42501");
        world.TellOk();
        other.Status.Error!.ServerCode.Should().Be("42501");
        _cache.Kept.Images.Should().BeEmpty("that removal has begun and ended");

        world.Rest.Script = null;
        world.HoldReads();
        loaded.SetResult();
        world.World.Run();
        (world.Shown, world.State).Should().Be(("", StoreState.Loading));
    }

    [Fact]
    public void What_went_of_another_key_while_rows_were_loaded_keeps_none_of_them_back()
    {
        var (world, loaded) = Loading(out _);
        world.HoldReads();
        var open = (LiveStore<string, SalesOrder>)world.World.Manager.Store(Shop.SalesOrders.Where("status=eq.open"));
        open.Start();
        world.Settle();
        open.Actor!.Purge();
        world.World.Run();
        _cache.Kept.Removals.Should().Be(1);

        loaded.SetResult();
        world.World.Run();
        world.Shown.Should().Be("a=v1");
    }

    [Fact]
    public void Who_comes_back_while_a_try_is_under_way_that_fails_waits_no_longer_than_at_first()
    {
        var world = Revoked(refusals: int.MaxValue);
        world.World.Manager.Tenant.Set("co_2");
        world.World.Advance(3600);
        var gate = new TaskCompletionSource();
        _cache.Removing = gate.Task;
        world.World.Advance(600); // a try is under way
        world.World.Manager.Tenant.Set("co_1");
        world.World.Advance(1);

        _cache.Refusals = 2; // of this company and the other one, which was forbidden, too
        gate.SetResult();
        world.World.Run();
        (_cache.Refusals, KeptTenants.Contains("co_1")).Should().Be((0, true));
        world.World.Advance(5.1);
        KeptTenants.Should().NotContain("co_1", "by now the tries are minutes apart");
    }

    [Fact]
    public async Task After_the_end_nothing_is_begun_for_the_cache_may_be_disposed()
    {
        var env = new ManualEnvironment();
        var removals = new Removals(_cache, "project", new LiveStores(), env.Environment, new RecordingLog().CreateLogger("Stores"));
        await env.RunAsync(removals.CloseAsync());
        _cache.UserRefusals = int.MaxValue;
        removals.OfUser("user_1");
        env.Advance(TimeSpan.FromHours(1));
        _cache.UserRefusals.Should().Be(int.MaxValue);
    }

    /// <summary>Another store of the same key.</summary>
    private static LiveStore<string, SalesOrder> Other(StoreWorld world) =>
        (LiveStore<string, SalesOrder>)world.World.Manager.Store(Shop.SalesOrders, new StoreOptions<SalesOrder> { MaxRows = 1000 });

    /// <summary>A store whose rows have been read from the cache, and that has not heard of it; and another one of the same key, which is live.</summary>
    private (StoreWorld World, TaskCompletionSource Loaded) Loading(out LiveStore<string, SalesOrder> other)
    {
        new StoreWorld(cache: _cache).Write("a", "v1").Live().World.Advance(3);
        var world = new StoreWorld(cache: _cache).Write("a", "v1");
        other = Other(world);
        other.Start();
        world.Settle();
        other.Status.State.Should().Be(StoreState.Live);
        var loaded = new TaskCompletionSource();
        _cache.Loaded = loaded.Task;
        world.Store.Start();
        world.World.Run();
        world.State.Should().Be(StoreState.Loading);
        _cache.Loaded = Task.CompletedTask;
        return (world, loaded);
    }

    private static void Offline(StoreWorld world)
    {
        world.Rest.Script = static (_, _) => throw new HttpRequestException("no route");
        for (var i = 0; i < 1000; i++)
        {
            world.World.Server.FailNext(new IOException("no route"));
        }

        world.Socket.Break();
    }

    private StoreWorld Revoked(int refusals) => Revoked(refusals, out _);

    /// <summary>A store whose rows were saved and then forbidden, and a cache that did not let them go.</summary>
    private StoreWorld Revoked(int refusals, out IDisposable use)
    {
        var world = new StoreWorld(cache: _cache).Write("a", "v1");
        use = world.Store.Start();
        world.Settle();
        world.World.Advance(3);
        KeptTenants.Should().Contain("co_1");
        _cache.Refusals = refusals;
        world.Rest.Script = static (_, _) => FakePostgrest.Error(403, "42501");
        world.TellOk();
        world.Shown.Should().BeEmpty();
        return world;
    }

    private sealed class Counts(List<int> counts) : IObserver<StoreChangeSet<string, SalesOrder>>
    {
        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }

        public void OnNext(StoreChangeSet<string, SalesOrder> value) => counts.Add(value.Snapshot.Count);
    }
}
