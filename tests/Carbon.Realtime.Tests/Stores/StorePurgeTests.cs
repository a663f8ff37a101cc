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
}
