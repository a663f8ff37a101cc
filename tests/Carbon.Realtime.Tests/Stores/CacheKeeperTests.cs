using System.Text;
using System.Text.Json.Serialization;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>What a store saves and when, whose image it is, and what it does while the cache is slow, fails or lies.</summary>
public sealed class CacheKeeperTests
{
    private readonly List<StoreCacheChanges> _saved = [];

    [Fact]
    public void An_image_belongs_to_one_project_user_role_tenant_query_and_shape()
    {
        var filtered = KeyOf(static cache => new StoreWorld(
            tokens: new FakeTokens { Token = Jwt.Create(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero), "user_1", "clerk") }, cache: cache,
            table: Shop.SalesOrders.Where("status=eq.v1"), options: new StoreOptions<SalesOrder> { Select = "id,companyId,status" }));
        (filtered.Project, filtered.Subject, filtered.Role, filtered.Tenant, filtered.Table)
            .Should().Be(("http://127.0.0.1:54321", "user_1", "clerk", "co_1", "public.salesOrder"));
        filtered.Query.Should().Contain("status=eq.v1").And.Contain("id,companyId,status");

        var plain = KeyOf(static cache => new StoreWorld(cache: cache));
        (plain.Subject, plain.Role, plain.Query.Trim()).Should().Be((null, null, ""));
        var shapes = new[]
        {
            plain.Shape,
            ShapeOf(RealtimeTable.Define("salesOrder", KeeperJson.Default.Numbered, "id", static (Numbered r) => r.Id).TenantScoped("companyId")),
            ShapeOf(RealtimeTable.Define("salesOrder", RowsJson.Default.SalesOrder, "id", "companyId", static (SalesOrder r) => (r.Id, r.CompanyId)).TenantScoped("companyId")),
        };
        shapes.Should().OnlyHaveUniqueItems("another type of a column, or another key, is another shape");
    }

    [Fact]
    public void A_store_that_is_not_to_be_cached_is_neither_loaded_nor_saved()
    {
        var cache = new InMemoryStoreCache();
        var world = new StoreWorld(cache: cache, options: new StoreOptions<SalesOrder> { IsCached = false }).Write("a", "v1").Live();
        world.World.Advance(70);
        (cache.Loads, cache.Saves, cache.Images.Count).Should().Be((0, 0, 0));
    }

    [Fact]
    public void What_came_out_of_the_cache_and_was_right_does_not_go_back_but_the_time_it_was_read_does()
    {
        var cache = Filled();
        var world = Started(cache).Write("a", "v1").Write("b", "v1").Live();
        world.World.Advance(3);

        _saved.Should().ContainSingle();
        (_saved[0].ReplacesAll, _saved[0].Upserts.Count, _saved[0].Removes.Count).Should().Be((false, 0, 0));
        _saved[0].AsOf.Should().Be(world.Store.Status.AsOf!.Value);
        world.World.Advance(1.5);
        _saved.Should().ContainSingle("nothing happened since");
    }

    [Fact]
    public void Each_save_has_what_changed_since_the_one_before()
    {
        var world = Started(Filled()).Write("a", "v1").Write("b", "v1").Live();
        world.World.Advance(20);
        _saved.Clear();

        world.Write("a", "v2").TellUpdate("a", "v2");
        world.World.Advance(1);
        world.Erase("b").TellDelete("b");
        world.World.Advance(1.1);
        world.Write("c", "v1").TellInsert("c", "v1");
        world.World.Advance(2.1);

        _saved.Select(Text).Should().Equal("+a -b", "+c");
    }

    [Fact]
    public void What_the_stream_told_while_the_cache_was_read_is_saved_although_no_read_brings_it_again()
    {
        var cache = Filled();
        var gate = new TaskCompletionSource();
        cache.Loading = (_, _) => new ValueTask(gate.Task);
        var world = Started(cache).Write("a", "v2").Write("b", "v1").Live();
        world.TellUpdate("a", "v2");

        gate.SetResult();
        world.World.Advance(3);

        world.Shown.Should().Be("a=v2 b=v1");
        _saved.Select(Text).Should().Equal("+a");
    }

    [Fact]
    public void A_thousand_changes_are_saved_at_once()
    {
        var world = Started(Filled(), 5_000).Write("a", "v1").Write("b", "v1").Live();
        world.World.Advance(20);
        _saved.Clear();
        for (var i = 0; i < 999; i++)
        {
            world.Socket.Insert(world.Join, "salesOrder", StoreWorld.Record($"r{i}", "v1"), 1);
        }

        world.World.Run();
        _saved.Should().BeEmpty();
        world.TellInsert("last", "v1");
        world.World.Advance(0);

        _saved.Should().ContainSingle().Which.Upserts.Should().HaveCount(1_000);
    }

    [Fact]
    public void While_a_save_is_under_way_none_is_begun_and_what_changed_meanwhile_is_saved_after_it()
    {
        var cache = Filled();
        var world = Started(cache).Write("a", "v1").Write("b", "v1").Live();
        world.World.Advance(20);
        _saved.Clear();
        var gate = new TaskCompletionSource();
        var saving = cache.Saving;
        cache.Saving = async (key, changes, token) =>
        {
            await saving!(key, changes, token);
            await gate.Task;
        };
        world.Write("a", "v2").TellUpdate("a", "v2");
        world.World.Advance(2.1);
        world.Write("b", "v2").TellUpdate("b", "v2");
        world.World.Advance(10);
        _saved.Should().ContainSingle();

        gate.SetResult();
        world.World.Advance(2.1);

        _saved.Select(Text).Should().Equal("+a", "+b");
    }

    [Fact]
    public void Nothing_is_saved_in_the_middle_of_a_read_of_everything()
    {
        var world = Started(Filled()).Write("a", "v1").Write("b", "v1").Live();
        world.World.Advance(20);
        _saved.Clear();
        world.HoldReads().TellOk();
        world.Write("c", "v1").TellInsert("c", "v1");
        world.World.Advance(3);
        _saved.Should().BeEmpty("the rows are of two times");

        world.ReleaseReads();
        world.World.Advance(2.1);
        _saved.Select(Text).Should().Equal("+c");
    }

    [Fact]
    public void What_waited_for_the_end_of_a_read_is_saved_when_that_is_given_up_and_no_other_one_ends()
    {
        var world = Started(Filled()).Write("a", "v1").Write("b", "v1").Live();
        world.World.Advance(20);
        _saved.Clear();
        world.HoldReads().TellOk();
        world.Write("c", "v1").TellInsert("c", "v1");
        world.World.Advance(3);
        _saved.Should().BeEmpty();

        world.World.Server.HangNext();
        world.Socket.Break();
        world.World.Run();
        world.Store.Actor!.Scans.IsRunning.Should().BeFalse();
        world.World.Advance(2.1);
        _saved.Select(Text).Should().Equal("+c");
    }

    [Fact]
    public void What_was_loaded_is_not_saved_again_before_everything_was_read_not_even_at_the_end()
    {
        var cache = Filled();
        var world = Started(cache).Write("a", "v1").Write("b", "v1").HoldReads().Live();
        world.TellUpdate("a", "late");
        world.World.Advance(3);

        world.World.Manager.Dispose();
        world.World.Run();

        _saved.Should().BeEmpty("the time that the image is of would be a lie");
    }

    [Fact]
    public void What_was_not_saved_yet_is_when_the_store_ends()
    {
        var world = Started(Filled()).Write("a", "v1").Write("b", "v1").Live();
        world.World.Advance(20);
        _saved.Clear();
        world.Write("a", "v2").TellUpdate("a", "v2");

        world.World.Manager.Dispose();
        world.World.Run();

        _saved.Select(Text).Should().Equal("+a");
    }

    [Fact]
    public void What_was_not_saved_yet_is_when_nobody_uses_the_store_any_more()
    {
        var world = Started(Filled()).Write("a", "v1").Write("b", "v1");
        var use = world.Store.Start();
        world.Settle();
        world.World.Advance(20);
        _saved.Clear();
        use.Dispose();
        world.World.Advance(4);
        world.Write("a", "v2").TellUpdate("a", "v2");

        world.World.Advance(1.5);

        world.State.Should().Be(StoreState.Empty);
        _saved.Select(Text).Should().Equal("+a");
    }

    [Fact]
    public void A_last_change_is_not_put_on_what_a_save_before_it_may_have_left_undone_but_saved_with_everything()
    {
        var cache = Filled();
        var world = Started(cache).Write("a", "v1").Write("b", "v1").Live();
        world.World.Advance(20);
        _saved.Clear();
        var gate = new TaskCompletionSource();
        var saving = cache.Saving;
        cache.Saving = async (key, changes, token) =>
        {
            await saving!(key, changes, token);
            await gate.Task;
        };
        world.Write("a", "v2").TellUpdate("a", "v2");
        world.World.Advance(2.1);
        world.Write("b", "v2").TellUpdate("b", "v2");
        world.World.Manager.Dispose();
        world.World.Run();

        gate.SetException(new StoreCacheException(StoreCacheFault.Locked, "x", null));
        world.World.Run();

        _saved.Select(Text).Should().Equal("+a", "=ab");
    }

    [Fact]
    public void A_save_that_fails_is_made_whole_soon_and_one_of_the_whole_a_minute_later()
    {
        var cache = Filled();
        var world = Started(cache).Write("a", "v1").Write("b", "v1").Live();
        world.World.Advance(20);
        _saved.Clear();
        var saving = cache.Saving;
        var fails = true;
        cache.Saving = async (key, changes, token) =>
        {
            await saving!(key, changes, token);
            if (fails)
            {
                throw new StoreCacheException(StoreCacheFault.Full, "x", null);
            }
        };

        world.Write("a", "v2").TellUpdate("a", "v2");
        world.World.Advance(2.1);
        _saved.Select(Text).Should().Equal("+a");
        world.World.Advance(2);
        _saved.Select(Text).Should().Equal("+a", "=ab");
        world.World.Advance(57);
        _saved.Should().HaveCount(2);
        fails = false;
        world.World.Advance(4);
        _saved.Select(Text).Should().Equal("+a", "=ab", "=ab");
        world.World.Advance(30);
        _saved.Skip(3).Should().NotContain(static s => s.ReplacesAll || s.Upserts.Count > 0);
    }

    [Fact]
    public void A_purge_empties_the_cache_at_once_and_rows_that_may_be_seen_again_are_saved_whole()
    {
        var cache = Filled();
        var world = Started(cache).Write("a", "v1").Write("b", "v1").Live();
        world.World.Advance(20);
        world.Rest.Script = static (_, _) => FakePostgrest.Error(403, "42501");
        world.TellOk();
        cache.Images.Should().BeEmpty();

        _saved.Clear();
        world.Rest.Script = null;
        world.World.Advance(305);
        _saved[0].ReplacesAll.Should().BeTrue();
        cache.Images.Single().Value.Rows.Keys.Should().Equal("a", "b");
    }

    [Fact]
    public void A_purge_that_meets_a_save_empties_the_cache_when_that_ends()
    {
        var cache = Filled();
        var world = Started(cache).Write("a", "v1").Write("b", "v1").Live();
        world.World.Advance(20);
        var gate = new TaskCompletionSource();
        cache.Saving = (_, _, _) => new ValueTask(gate.Task);
        world.Write("a", "v2").TellUpdate("a", "v2");
        world.World.Advance(2.1);
        world.Rest.Script = static (_, _) => FakePostgrest.Error(403, "42501");
        world.TellOk();
        cache.Images.Should().NotBeEmpty();

        gate.SetResult();
        world.World.Run();

        cache.Images.Should().BeEmpty();
    }

    [Fact]
    public void However_often_a_purge_meets_the_same_save_one_removal_waits_for_its_end()
    {
        var cache = Filled();
        var world = Started(cache).Write("a", "v1").Write("b", "v1").Live();
        world.World.Advance(20);
        var gate = new TaskCompletionSource();
        cache.Saving = (_, _, _) => new ValueTask(gate.Task);
        world.Write("a", "v2").TellUpdate("a", "v2");
        world.World.Advance(2.1);
        world.Rest.Script = static (_, _) => FakePostgrest.Error(403, "42501");
        for (var i = 0; i < 5; i++)
        {
            world.TellOk();
        }

        gate.SetResult();
        world.World.Run();

        (cache.Removals, cache.Images.Count).Should().Be((1, 0));
    }

    [Fact]
    public void A_load_that_hangs_is_cancelled_when_the_store_ends()
    {
        var cache = Filled();
        var token = CancellationToken.None;
        cache.Loading = (_, ct) =>
        {
            token = ct;
            return new ValueTask(new TaskCompletionSource().Task.WaitAsync(ct));
        };
        var world = Started(cache).Live();
        token.IsCancellationRequested.Should().BeFalse();

        world.World.Manager.Dispose();
        world.World.Run();

        token.IsCancellationRequested.Should().BeTrue();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Rows_of_a_load_that_came_to_nothing_are_not_shown(bool throws)
    {
        var world = Started(new Lying(throws)).HoldReads().Live();
        world.Shown.Should().BeEmpty();
        world.State.Should().Be(StoreState.Loading);
        world.Store.Actor!.Rules.Rows.Count.Should().Be(0);

        world.Write("a", "v1").Rest.Held!.SetResult();
        world.Rest.Held = null;
        world.World.Run();
        world.TellOk();
        world.Shown.Should().Be("a=v1");
    }

    [Fact]
    public void Keys_of_two_columns_are_told_apart_in_the_cache()
    {
        var cache = new InMemoryStoreCache();
        var rest = new FakePostgrest();
        var table = new PostgrestTable("salesOrder", ("id", "text"), ("companyId", "text"), ("status", "text"));
        table.Add("\"a\"", "\"co_1\"", "\"v1\"");
        table.Add("\"a\"", "\"co_2\"", "\"v1\"");
        rest.Tables.Add(table);
        var world = new World(rest: rest, cache: cache);
        var store = world.Manager.Store(RealtimeTable.Define(
            "salesOrder", RowsJson.Default.SalesOrder, "id", "companyId", static (SalesOrder r) => (r.Id, r.CompanyId)).AllTenants());
        store.Start();
        world.Run();
        world.Join();
        world.Advance(3);

        cache.Images.Single().Value.Rows.Keys.Should().Equal("""["a","co_1"]""", """["a","co_2"]""");
        cache.Images.Single().Key.Tenant.Should().BeNull("every tenant's rows are in it");
    }

    private static StoreCacheKey KeyOf(Func<IStoreCache, StoreWorld> create)
    {
        var cache = new InMemoryStoreCache();
        create(cache).Live().World.Advance(3);
        return cache.Images.Keys.Single();
    }

    private static string ShapeOf<TKey, TRow>(RealtimeTable<TKey, TRow> table)
        where TKey : notnull
    {
        var cache = new InMemoryStoreCache();
        var rest = new FakePostgrest();
        rest.Tables.Add(new PostgrestTable("salesOrder", ("id", "text"), ("companyId", "text"), ("status", "text")));
        var world = new World(rest: rest, cache: cache);
        world.Manager.Store(table).Start();
        world.Run();
        world.Join();
        world.Advance(3);
        return cache.Images.Keys.Single().Shape;
    }

    private static InMemoryStoreCache Filled()
    {
        var cache = new InMemoryStoreCache();
        new StoreWorld(cache: cache).Write("a", "v1").Write("b", "v1").Live().World.Advance(3);
        return cache.Clone();
    }

    /// <summary>A store on a cache whose saves are noted.</summary>
    private StoreWorld Started(IStoreCache cache, int capacity = 1_024)
    {
        if (cache is InMemoryStoreCache memory)
        {
            memory.Saving = (_, changes, _) =>
            {
                _saved.Add(changes);
                return ValueTask.CompletedTask;
            };
        }

        return new StoreWorld(o => o.QueueCapacity = capacity, cache: cache);
    }

    private static string Text(StoreCacheChanges changes) => changes.ReplacesAll
        ? "=" + string.Concat(changes.Upserts.Select(static u => u.Key).Order())
        : string.Join(' ', changes.Upserts.Select(static u => "+" + u.Key).Concat(changes.Removes.Select(static k => "-" + k)));

    /// <summary>Gives a row, and then says that there is none, or fails.</summary>
    private sealed class Lying(bool throws) : IStoreCache
    {
        public ValueTask<StoreCacheHeader?> LoadAsync(StoreCacheKey key, StoreCacheRowHandler onRow, CancellationToken cancellationToken)
        {
            onRow(Encoding.UTF8.GetBytes("""{"id":"lie","companyId":"co_1","status":"v1"}"""));
            return throws ? throw new StoreCacheException(StoreCacheFault.Corrupt, "x", null) : ValueTask.FromResult<StoreCacheHeader?>(null);
        }

        public ValueTask SaveAsync(StoreCacheKey key, StoreCacheChanges changes, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask RemoveAsync(StoreCacheKey key, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask RemoveUserAsync(string project, string? subject, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}

/// <summary>A sales order whose status has another type.</summary>
public sealed record Numbered
{
    [JsonPropertyName("id")]
    public required string Id { get; set; }

    [JsonPropertyName("companyId")]
    public required string CompanyId { get; set; }

    [JsonPropertyName("status")]
    public int? Status { get; set; }
}

[JsonSerializable(typeof(Numbered))]
public sealed partial class KeeperJson : JsonSerializerContext;
