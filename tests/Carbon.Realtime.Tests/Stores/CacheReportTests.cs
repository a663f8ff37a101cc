using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>What the log says of a cache that fails: each cause once, with the cache's own words, which name its file.</summary>
public sealed class CacheReportTests
{
    private readonly InMemoryStoreCache _cache = new();

    [Fact]
    public void A_cause_is_said_once_however_often_it_is_met_and_again_when_it_comes_back()
    {
        var world = new StoreWorld(cache: _cache).Write("a", "v1");
        Fail(new StoreCacheException(StoreCacheFault.Locked, "Another process holds the cache /home/shop/cache.db.", null));
        world.Live().World.Advance(4 * 3600);
        Said(world).Should().ContainSingle().Which.Should().StartWith("Warning Carbon.Realtime.Stores[6011]")
            .And.Contain("Locked. Another process holds the cache /home/shop/cache.db. The store goes on without.");

        Fail(new StoreCacheException(StoreCacheFault.Full, "There is no room.", null));
        world.World.Advance(2 * 3600);
        Said(world).Should().HaveCount(2).And.Contain(static l => l.Contains("Full. There is no room.", StringComparison.Ordinal));

        _cache.Saving = null;
        world.World.Advance(2 * 3600);
        _cache.Images.Should().ContainSingle();
        Fail(new StoreCacheException(StoreCacheFault.Full, "There is no room.", null));
        world.TellUpdate("a", "v2");
        world.World.Advance(3600);
        Said(world).Should().HaveCount(3);
    }

    [Fact]
    public void Damage_is_said_when_it_is_found_and_not_again_by_the_saves_that_meet_it()
    {
        _cache.FailNextLoad(new StoreCacheException(StoreCacheFault.Corrupt, "The cache /home/shop/cache.db is damaged.", null));
        Fail(new StoreCacheException(StoreCacheFault.Corrupt, "The cache /home/shop/cache.db is damaged. It was put away already.", null));
        var world = new StoreWorld(cache: _cache).Write("a", "v1").Live();
        world.World.Advance(4 * 3600);

        Said(world).Should().ContainSingle().Which.Should().StartWith("Warning Carbon.Realtime.Stores[6017]").And.Contain("/home/shop/cache.db");
    }

    [Fact]
    public async Task A_change_that_finds_nothing_to_be_put_on_is_no_fault_to_warn_of()
    {
        var world = new StoreWorld(cache: _cache).Write("a", "v1").Live();
        world.World.Advance(20);
        await _cache.RemoveAsync(_cache.Images.Keys.Single(), CancellationToken.None);
        world.Write("a", "v2").TellUpdate("a", "v2");
        world.World.Advance(5);

        Said(world).Should().BeEmpty();
        world.World.Log.Lines.Should().ContainSingle(static l => l.StartsWith("Debug") && l.Contains("[6018]", StringComparison.Ordinal));
        _cache.Images.Single().Value.Rows["a"].Should().Contain("v2");
    }

    [Theory]
    [InlineData(StoreCacheFault.ReadOnly)]
    [InlineData(StoreCacheFault.Newer)]
    public void A_cache_that_is_given_up_is_not_called_one_that_is_tried_again(StoreCacheFault fault)
    {
        Fail(new StoreCacheException(fault, "It is left alone.", null));
        var world = new StoreWorld(cache: _cache).Write("a", "v1").Live();
        world.World.Advance(3600);

        Said(world).Should().ContainSingle().Which.Should().Contain("[6015]").And.Contain($"{fault}. It is left alone.");
    }

    [Fact]
    public void The_text_of_what_is_no_caches_own_exception_is_not_repeated()
    {
        Fail(new InvalidOperationException("row a of co_1"));
        var world = new StoreWorld(cache: _cache).Write("a", "v1").Live();
        world.World.Advance(60);

        Said(world).Should().ContainSingle().Which.Should().Contain("InvalidOperationException").And.NotContain("row a");
    }

    private static IEnumerable<string> Said(StoreWorld world) => world.World.Log.Lines.Where(static l =>
        l.StartsWith("Warning", StringComparison.Ordinal) && l.Contains("The cache ", StringComparison.Ordinal));

    private void Fail(Exception exception) => _cache.Saving = (_, _, _) => throw exception;
}
