using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>A cache can delay and help, never make wrong: whatever it holds, fails at or hangs in (docs/convergence.md, "The cache").</summary>
public sealed class StoreCacheTests
{
    public static TheoryData<StoreCacheFault> Faults => [.. Enum.GetValues<StoreCacheFault>()];

    [Fact]
    public void What_it_keeps_is_shown_at_once_as_stale_and_is_live_when_it_was_read()
    {
        var cache = Filled("v1");
        var world = new StoreWorld(cache: cache).Write("a", "v2").HoldReads().Live();
        world.Shown.Should().Be("a=v1 b=v1");
        world.State.Should().NotBe(StoreState.Live);
        world.Store.Status.AsOf.Should().NotBeNull();

        world.ReleaseReads();
        world.Shown.Should().Be("a=v2");
        world.State.Should().Be(StoreState.Live);

        world.World.Advance(3);
        cache.Images.Single().Value.Rows.Keys.Should().Equal("a");
    }

    [Fact]
    public void What_a_store_is_called_does_not_hide_what_it_kept()
    {
        var world = new StoreWorld(cache: Filled("v1"), options: new StoreOptions<SalesOrder> { Name = "mine" }).HoldReads().Live();

        world.Shown.Should().Be("a=v1 b=v1");
    }

    [Fact]
    public void Without_a_network_it_is_shown_and_the_store_says_that_it_is_offline()
    {
        var world = new StoreWorld(cache: Filled("v1"));
        world.World.Server.HangNext();
        world.HoldReads().Live();
        (world.State, world.Store.Status.Reason).Should().Be((StoreState.Stale, StoreReason.Cache));

        world.Rest.Held = null;
        world.Rest.Script = static (_, _) => throw new HttpRequestException("no route");
        for (var i = 0; i < 100; i++)
        {
            world.World.Server.FailNext(new IOException("no route"));
        }

        world.World.Advance(200);
        world.Shown.Should().Be("a=v1 b=v1");
        (world.State, world.Store.Status.Reason).Should().Be((StoreState.Stale, StoreReason.Offline));
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void One_that_cannot_be_loaded_costs_its_help_and_nothing_else(StoreCacheFault fault)
    {
        var cache = Filled("v1");
        cache.FailNextLoad(new StoreCacheException(fault, "x", null));
        var world = new StoreWorld(cache: cache).Write("a", "v2").Live();

        world.Shown.Should().Be("a=v2");
        world.State.Should().Be(StoreState.Live);
        world.World.Advance(70);
        Kept(cache).Should().Be("a=v2");
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void One_that_cannot_be_written_is_written_whole_later(StoreCacheFault fault)
    {
        var cache = Filled("v1");
        var world = new StoreWorld(cache: cache).Write("a", "v2").Write("b", "v1").Live();
        world.World.Advance(3);
        world.Write("a", "v3").TellUpdate("a", "v3");
        cache.FailNextSave(new StoreCacheException(fault, "x", null));

        world.World.Advance(120);

        world.State.Should().Be(StoreState.Live);
        Kept(cache).Should().Be("a=v3 b=v1");
    }

    [Fact]
    public void I16_a_crash_at_any_write_leaves_one_whole_state_that_a_later_start_verifies()
    {
        for (var crash = 0; crash < 6; crash++)
        {
            var cache = new InMemoryStoreCache();
            InMemoryStoreCache? disk = null;
            var saves = 0;
            cache.Saving = (_, _, _) =>
            {
                if (saves++ == crash)
                {
                    disk = cache.Clone();
                }

                return ValueTask.CompletedTask;
            };
            var states = new HashSet<string> { "" };
            var world = new StoreWorld(cache: cache).Write("a", "v0").Live();
            for (var i = 1; i <= 6; i++)
            {
                states.Add(world.Shown);
                world.Write("a", $"v{i}").Write($"b{i}", "v1");
                world.TellUpdate("a", $"v{i}");
                states.Add(world.Shown);
                world.TellInsert($"b{i}", "v1");
                states.Add(world.Shown);
                world.World.Advance(3);
            }

            disk.Should().NotBeNull();
            states.Should().Contain(Kept(disk!));
            var later = new StoreWorld(cache: disk).Write("a", "v9").Live();
            later.Shown.Should().Be("a=v9");
        }
    }

    [Fact]
    public void A_load_that_hangs_is_not_waited_for_and_its_late_rows_are_not_shown()
    {
        var cache = Filled("v1");
        var gate = new TaskCompletionSource();
        cache.Loading = (_, _) => new ValueTask(gate.Task);
        var world = new StoreWorld(cache: cache).Write("a", "v2").Live();
        world.World.Advance(6);
        world.Shown.Should().Be("a=v2");
        world.State.Should().Be(StoreState.Live);

        gate.SetResult();
        world.World.Run();
        world.Shown.Should().Be("a=v2");
    }

    [Fact]
    public void A_save_that_hangs_does_not_keep_the_store_from_ending()
    {
        var cache = new InMemoryStoreCache { Saving = static (_, _, _) => new ValueTask(new TaskCompletionSource().Task) };
        var world = new StoreWorld(cache: cache).Write("a", "v1").Live();
        world.World.Advance(3);

        var closing = world.World.Manager.DisposeAsync().AsTask();
        world.World.Advance(5);

        closing.IsCompletedSuccessfully.Should().BeTrue();
    }

    [Fact]
    public void A_store_that_is_used_again_does_not_load_before_it_has_saved_what_it_showed_last()
    {
        var cache = Filled("v1");
        var saved = new TaskCompletionSource();
        var world = new StoreWorld(cache: cache).Write("a", "v1").Write("b", "v1");
        var use = world.Store.Start();
        world.Settle();
        world.World.Advance(3);
        world.Write("a", "v2").TellUpdate("a", "v2");
        cache.Saving = (_, _, _) => new ValueTask(saved.Task);
        use.Dispose();
        world.World.Advance(5.5);
        world.State.Should().Be(StoreState.Empty);

        world.HoldReads().Live();
        world.Shown.Should().BeEmpty("what is in the cache is older than what was shown");

        saved.SetResult();
        world.World.Run();
        world.Shown.Should().Be("a=v2 b=v1");
        world.State.Should().NotBe(StoreState.Live);
    }

    [Fact]
    public void What_nobody_waits_for_any_more_is_not_written_over_what_came_after()
    {
        var cache = Filled("v1");
        var slow = new TaskCompletionSource();
        var world = new StoreWorld(cache: cache).Write("a", "v1").Write("b", "v1");
        var use = world.Store.Start();
        world.Settle();
        world.World.Advance(3);
        cache.Saving = (_, _, _) => new ValueTask(slow.Task);
        world.Write("a", "v2").TellUpdate("a", "v2");
        world.World.Advance(3); // its save hangs
        world.Write("c", "v1").TellInsert("c", "v1");
        use.Dispose();
        world.World.Advance(5.5); // the store is given up, and its last save two seconds later
        world.World.Advance(2);
        world.Erase("c"); // what comes next never hears of it
        world.Live().Shown.Should().Be("a=v2 b=v1");
        world.World.Advance(10);

        cache.Saving = null;
        slow.SetResult();
        world.World.Advance(10);

        Kept(cache).Should().Be("a=v2 b=v1");
    }

    [Fact]
    public void Of_two_stores_of_the_same_rows_one_writes_and_when_it_ends_the_other_one_does()
    {
        List<string> saved = [];
        var cache = Filled("v1");
        var world = new StoreWorld(cache: cache).Write("a", "v1").Write("b", "v1");
        var first = world.World.Manager.Store(Shop.SalesOrders, new StoreOptions<SalesOrder> { SignalOnly = true }).Start();
        world.World.Run();
        world.Store.Start();
        world.Settle();
        world.World.Advance(3);
        world.Shown.Should().Be("a=v1 b=v1");
        cache.Saving = (_, changes, _) =>
        {
            saved.AddRange(changes.Upserts.Select(static r => r.Key));
            return ValueTask.CompletedTask;
        };

        world.Write("a", "v2").TellUpdate("a", "v2");
        world.World.Advance(8);
        saved.Should().Equal(["a"], "the other one knows of it too");
        Kept(cache).Should().Be("a=v2 b=v1");

        first.Dispose();
        world.World.Advance(10);
        world.Write("a", "v3").TellUpdate("a", "v3");
        world.World.Advance(3);
        Kept(cache).Should().Be("a=v3 b=v1");
    }

    [Fact]
    public void What_could_not_be_saved_is_saved_at_the_end_with_everything()
    {
        var cache = Filled("v1");
        var world = new StoreWorld(cache: cache).Write("a", "v1").Write("b", "v1").Live();
        world.World.Advance(3);
        world.Write("a", "v2").TellUpdate("a", "v2");
        cache.FailNextSave(new StoreCacheException(StoreCacheFault.Full, "x", null));
        world.World.Advance(3);
        world.Write("b", "v2").TellUpdate("b", "v2");

        _ = world.World.Manager.DisposeAsync().AsTask();
        world.World.Run();

        Kept(cache).Should().Be("a=v2 b=v2");
    }

    [Fact]
    public void What_fails_to_be_saved_while_the_store_ends_is_saved_again_with_everything()
    {
        var cache = Filled("v1");
        var failing = new TaskCompletionSource();
        var world = new StoreWorld(cache: cache).Write("a", "v1").Write("b", "v1").Live();
        world.World.Advance(3);
        world.Write("a", "v2").TellUpdate("a", "v2");
        cache.Saving = (_, _, _) => new ValueTask(failing.Task);
        world.World.Advance(3);
        world.Write("b", "v2").TellUpdate("b", "v2");

        _ = world.World.Manager.DisposeAsync().AsTask();
        cache.Saving = null;
        failing.SetException(new StoreCacheException(StoreCacheFault.Locked, "x", null));
        world.World.Run();

        Kept(cache).Should().Be("a=v2 b=v2");
    }

    [Fact]
    public void A_cache_that_throws_when_its_load_is_given_up_costs_no_last_save()
    {
        var saves = 0;
        var cache = new InMemoryStoreCache
        {
            Loading = static (_, token) =>
            {
                token.Register(static () => throw new InvalidOperationException("not now"));
                return new ValueTask(new TaskCompletionSource().Task);
            },
        };
        cache.Saving = (_, _, _) =>
        {
            saves++;
            return ValueTask.CompletedTask;
        };
        var world = new StoreWorld(cache: cache).Write("a", "v1").Live();
        world.World.Advance(20);
        saves = 0;
        world.Write("a", "v2").TellUpdate("a", "v2");

        _ = world.World.Manager.DisposeAsync().AsTask();
        world.World.Run();

        saves.Should().Be(1);
    }

    [Fact]
    public void A_forged_row_is_never_live_and_gone_after_the_first_read()
    {
        var cache = Filled("v1");
        cache.ForgeRow(cache.Images.Keys.Single(), "a", """{"id":"forged","companyId":"co_1","status":"evil"}""");
        var world = new StoreWorld(cache: cache).Write("a", "v1").Write("b", "v1");
        var live = new List<string>();
        world.Store.Changes.Subscribe(new Watcher(set =>
        {
            if (set.Status.IsLive)
            {
                live.AddRange(set.Snapshot.Keys);
            }
        }));

        world.Live();
        world.World.Advance(3);

        live.Should().NotBeEmpty().And.NotContain("forged");
        world.Shown.Should().Be("a=v1 b=v1");
    }

    [Fact]
    public void A_row_that_cannot_be_read_any_more_costs_the_whole_image_and_nothing_else()
    {
        var cache = Filled("v1");
        cache.ForgeRow(cache.Images.Keys.Single(), "b", """{"id":5}""");
        var world = new StoreWorld(cache: cache).Write("a", "v1").HoldReads().Live();
        world.Shown.Should().BeEmpty();

        world.ReleaseReads();
        world.Shown.Should().Be("a=v1");
    }

    [Fact]
    public void What_changes_while_it_is_loaded_is_newer_than_what_it_holds()
    {
        var cache = Filled("v1");
        var gate = new TaskCompletionSource();
        cache.Loading = (_, _) => new ValueTask(gate.Task);
        var world = new StoreWorld(cache: cache).Write("a", "v2").Live();
        world.TellUpdate("a", "v2");
        world.TellDelete("b");

        world.HoldReads();
        gate.SetResult();
        world.World.Run();
        world.Shown.Should().Be("a=v2");
    }

    [Fact]
    public void What_is_deleted_while_it_is_loaded_leaves_it_too()
    {
        var cache = Filled("v1");
        var gate = new TaskCompletionSource();
        cache.Loading = (_, _) => new ValueTask(gate.Task);
        var world = new StoreWorld(cache: cache).Write("b", "v1").Live();
        world.TellDelete("a");
        gate.SetResult();
        world.World.Advance(3);

        world.Shown.Should().Be("b=v1");
        Kept(cache).Should().Be("b=v1");
    }

    [Theory]
    [InlineData(StoreCacheFault.Full)]
    [InlineData(StoreCacheFault.Locked)]
    [InlineData(StoreCacheFault.Corrupt)]
    [InlineData(StoreCacheFault.Unavailable)]
    public void One_that_takes_nothing_is_given_everything_more_and_more_rarely_and_still_now_and_then(StoreCacheFault fault)
    {
        var cache = new InMemoryStoreCache { Saving = (_, _, _) => throw new StoreCacheException(fault, "x", null) };
        var world = new StoreWorld(cache: cache).Write("a", "v1").Live();
        world.World.Advance(12 * 3600);
        cache.Saves.Should().BeInRange(12, 48);

        cache.Saving = null;
        world.World.Advance(3700);
        Kept(cache).Should().Be("a=v1");
        world.Write("a", "v2").TellUpdate("a", "v2");
        world.World.Advance(3);
        Kept(cache).Should().Be("a=v2");
    }

    [Theory]
    [InlineData(StoreCacheFault.ReadOnly)]
    [InlineData(StoreCacheFault.Newer)]
    public void One_that_nothing_can_make_take_the_rows_is_asked_once_by_each_generation_and_that_is_said_once(StoreCacheFault fault)
    {
        var cache = new InMemoryStoreCache { Saving = (_, _, _) => throw new StoreCacheException(fault, "x", null) };
        var world = new StoreWorld(cache: cache).Write("a", "v1");
        var use = world.Store.Start();
        world.Settle();
        world.World.Advance(8 * 3600);
        world.TellUpdate("a", "v1");
        world.World.Advance(60);
        cache.Saves.Should().Be(1);
        world.World.Log.Lines.Should().ContainSingle(l => l.Contains("[6015]", StringComparison.Ordinal)).Which.Should().Contain($"{fault}");

        use.Dispose();
        world.World.Advance(6);
        cache.Saves.Should().Be(1, "nor at its end");
        cache.Saving = null;
        world.Live().World.Advance(3);
        Kept(cache).Should().Be("a=v1");
    }

    [Fact]
    public void A_scope_is_disposed_when_what_its_stores_held_is_kept()
    {
        var cache = new InMemoryStoreCache();
        var world = new StoreWorld(cache: cache).Write("a", "v1");
        var scope = world.World.Manager.ForTenant("co_1");
        var store = scope.Store(Shop.SalesOrders);
        store.Start();
        world.Settle();
        var gate = new TaskCompletionSource();
        cache.Saving = (_, _, _) => new ValueTask(gate.Task);

        var disposal = scope.DisposeAsync().AsTask();
        world.World.Run();
        var again = scope.DisposeAsync().AsTask();
        var closing = ((Carbon.Realtime.Stores.IStoreControl)store).Close();
        world.World.Run();
        (disposal.IsCompleted, again.IsCompleted, closing.IsCompleted).Should().Be((false, false, false));

        gate.SetResult();
        world.World.Run();
        disposal.IsCompletedSuccessfully.Should().BeTrue();
        Kept(cache).Should().Be("a=v1");
    }

    [Fact]
    public void A_manager_is_disposed_when_what_scopes_left_behind_is_kept()
    {
        var cache = new InMemoryStoreCache();
        var world = new StoreWorld(cache: cache).Write("a", "v1");
        var scope = world.World.Manager.ForTenant("co_1");
        scope.Store(Shop.SalesOrders).Start();
        world.Settle();
        var gate = new TaskCompletionSource();
        cache.Saving = (_, _, _) => new ValueTask(gate.Task);
        scope.Dispose();

        var disposal = world.World.Manager.DisposeAsync().AsTask();
        world.World.Run();
        disposal.IsCompleted.Should().BeFalse("the cache may be disposed after it");
        world.Socket.IsClosedByClient.Should().BeTrue("the socket does not wait for the disk: one that broke meanwhile would be made again for nobody");

        gate.SetResult();
        world.World.Advance(3);
        disposal.IsCompletedSuccessfully.Should().BeTrue();
        Kept(cache).Should().Be("a=v1");
    }

    private static InMemoryStoreCache Filled(string status)
    {
        var cache = new InMemoryStoreCache();
        new StoreWorld(cache: cache).Write("a", status).Write("b", status).Live().World.Advance(3);
        Kept(cache).Should().Be($"a={status} b={status}");
        return cache.Clone();
    }

    private static string Kept(InMemoryStoreCache cache) => cache.Images.Count == 0 ? "" : string.Join(' ', cache.Images.Single().Value.Rows.Select(static r =>
        $"{r.Key}={System.Text.Json.JsonDocument.Parse(r.Value).RootElement.GetProperty("status").GetString()}"));

    private sealed class Watcher(Action<StoreChangeSet<string, SalesOrder>> look) : IObserver<StoreChangeSet<string, SalesOrder>>
    {
        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }

        public void OnNext(StoreChangeSet<string, SalesOrder> value) => look(value);
    }
}
