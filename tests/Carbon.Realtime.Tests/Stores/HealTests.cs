namespace Carbon.Realtime.Tests.Stores;

/// <summary>How long a store of a thousand rows takes to be live again after a drop: one scan after the first truthful ok, and nothing else.</summary>
public sealed class HealTests
{
    private const int Rows = 1_000;
    private const int PageSize = 100;

    [Fact]
    public void A_store_of_a_thousand_rows_is_live_again_one_scan_after_the_ok_and_waits_for_nothing_else()
    {
        var world = Dropped();
        var reads = world.Rest.Requests.Count;
        var now = world.World.Env.Time.GetTimestamp();

        world.TellOk();

        world.State.Should().Be(StoreState.Live);
        world.Shown.Should().Be(world.Truth);
        world.World.Env.Time.GetElapsedTime(now).Should().Be(TimeSpan.Zero);
        (world.Rest.Requests.Count - reads).Should().Be((Rows / PageSize) + 1, "a scan reads until an empty page, and there was one");
    }

    [Fact]
    public void An_ok_that_is_taken_back_is_not_believed_and_costs_no_time()
    {
        var world = Dropped().HoldReads();
        world.TellOk();
        world.State.Should().Be(StoreState.CatchingUp);

        world.Socket.Break();
        world.World.Run();
        world.ReleaseReads();
        world.State.Should().NotBe(StoreState.Live, "what was read belongs to an epoch that is over");
        Join(world);
        world.Write("k0001", "again");
        var now = world.World.Env.Time.GetTimestamp();
        world.TellOk();

        world.State.Should().Be(StoreState.Live);
        world.Shown.Should().Be(world.Truth);
        world.World.Env.Time.GetElapsedTime(now).Should().Be(TimeSpan.Zero);
    }

    /// <summary>A store that was live, whose connection broke, whose rows changed meanwhile, and whose new channel awaits the server's ok.</summary>
    private static StoreWorld Dropped()
    {
        var world = new StoreWorld();
        world.Rest.MaxRows = PageSize;
        for (var i = 0; i < Rows; i++)
        {
            world.Database.Add($"\"k{i:0000}\"", "\"co_1\"", "\"v1\"");
        }

        world.Live();
        world.State.Should().Be(StoreState.Live);
        world.World.AutoSubscribed = false;
        world.Socket.Break();
        world.World.Run();
        for (var i = 0; i < Rows; i += 100)
        {
            world.Write($"k{i:0000}", "v2").Erase($"k{i + 1:0000}").Write($"k{i + 1:0000}x", "v1");
        }

        Join(world);
        world.State.Should().Be(StoreState.Stale);
        return world;
    }

    private static void Join(StoreWorld world)
    {
        world.World.Advance(2);
        world.World.Join();
        world.State.Should().NotBe(StoreState.Live, "the server has not said ok");
    }
}
