using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Snapshots;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>Rows that may not be seen any more go, from the cache too; rows that merely cannot be read stay.</summary>
public sealed class StorePurgeTests
{
    [Theory]
    [InlineData(403, "<html>")]
    [InlineData(403, "")]
    [InlineData(403, """{"message":"blocked"}""")]
    [InlineData(401, """{"message":"Invalid API key"}""")]
    public void What_stands_between_and_forbids_a_read_takes_no_row_away(int status, string page)
    {
        var cache = new InMemoryStoreCache();
        var world = new StoreWorld(cache: cache).Write("a", "v1").Live();
        world.World.Advance(3);
        world.Rest.Script = (_, _) => FakePostgrest.Answer(status, page, "text/html");
        world.TellOk();
        world.World.Advance(60);

        world.Shown.Should().Be("a=v1");
        world.State.Should().NotBe(StoreState.Live);
        world.Store.Status.Error!.ServerCode.Should().Be($"{status}");
        cache.Images.Single().Value.Rows.Keys.Should().Equal("a");
    }

    [Fact]
    public void A_captive_portal_that_forbids_everything_leaves_the_rows_stale_and_the_store_live_soon_after_it()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.Rest.Script = static (_, _) => FakePostgrest.Answer(403, "<html>", "text/html");
        for (var i = 0; i < 100; i++)
        {
            world.World.Server.FailNext(new IOException("no route"));
        }

        world.Socket.Break();
        world.World.Advance(60);
        (world.State, world.Store.Status.Reason, world.Shown).Should().Be((StoreState.Stale, StoreReason.Offline, "a=v1"));
        world.Store.Status.Error!.Message.Should().Contain("captive portal").And.Contain("HTTP 403");

        world.Write("a", "v2");
        world.Rest.Script = null;
        world.World.Advance(150);
        world.Shown.Should().Be("a=v2");
    }

    [Theory]
    [InlineData(403)]
    [InlineData(401)] // where the user is the API key's role
    public void What_the_database_forbids_is_gone_from_the_store_and_from_the_cache(int status)
    {
        var cache = new InMemoryStoreCache();
        var world = new StoreWorld(cache: cache).Write("a", "v1").Live();
        world.World.Advance(3);
        cache.Images.Should().ContainSingle();
        world.Rest.Script = (_, _) => FakePostgrest.Error(status, "42501");
        world.TellOk();

        world.Shown.Should().BeEmpty();
        (world.State, world.Store.Status.Reason).Should().Be((StoreState.Faulted, StoreReason.Configuration));
        cache.Images.Should().BeEmpty();
    }

    [Fact]
    public void What_the_cache_refused_to_delete_is_deleted_later_and_nothing_is_saved_before()
    {
        var cache = new StubbornCache(new InMemoryStoreCache());
        var world = new StoreWorld(cache: cache).Write("a", "v1").Live();
        world.World.Advance(3);
        cache.Kept.Images.Should().ContainSingle();
        cache.Refusals = 3;
        world.Rest.Script = static (_, _) => FakePostgrest.Error(403, "42501");
        world.TellOk();
        cache.Kept.Images.Should().ContainSingle("it was locked");
        var saves = cache.Kept.Saves;

        world.World.Advance(120);
        cache.Kept.Images.Should().BeEmpty();
        cache.Kept.Saves.Should().Be(saves);
        world.World.Log.Lines.Count(static l => l.Contains("[6016]", StringComparison.Ordinal)).Should().Be(3);

        world.Rest.Script = null;
        world.World.Advance(310);
        world.Shown.Should().Be("a=v1");
        cache.Kept.Images.Should().ContainSingle("the right is back");
    }

    [Fact]
    public void What_the_cache_refused_to_delete_is_deleted_at_the_latest_when_the_store_ends()
    {
        var cache = new StubbornCache(new InMemoryStoreCache());
        var world = new StoreWorld(cache: cache).Write("a", "v1").Live();
        world.World.Advance(3);
        cache.Refusals = 3;
        world.Rest.Script = static (_, _) => FakePostgrest.Error(403, "42501");
        world.TellOk();

        var disposal = world.World.Manager.DisposeAsync().AsTask();
        world.World.Advance(1.5);

        cache.Kept.Images.Should().BeEmpty();
        disposal.IsCompletedSuccessfully.Should().BeTrue();
    }

    [Fact]
    public void Rows_that_row_level_security_hides_of_a_sudden_leave_the_cache_with_the_next_read()
    {
        var cache = new InMemoryStoreCache();
        var world = new StoreWorld(cache: cache).Write("a", "v1").Write("b", "v1").Live();
        world.World.Advance(3);
        cache.Images.Single().Value.Rows.Keys.Should().Equal("a", "b");

        world.Erase("a").Erase("b"); // a membership was revoked: no error, no rows, and not a word about it
        world.TellOk();
        world.World.Advance(3);

        world.Shown.Should().BeEmpty();
        cache.Images.Single().Value.Rows.Should().BeEmpty();
    }

    [Fact]
    public void Rows_that_row_level_security_hides_at_the_next_start_leave_the_cache_with_the_first_read()
    {
        var cache = new InMemoryStoreCache();
        new StoreWorld(cache: cache).Write("a", "v1").Write("b", "v1").Live().World.Advance(3);

        var later = new StoreWorld(cache: cache).HoldReads().Live();
        later.Shown.Should().Be("a=v1 b=v1");
        later.ReleaseReads().World.Advance(3);

        later.Shown.Should().BeEmpty();
        cache.Images.Single().Value.Rows.Should().BeEmpty();
    }
}
