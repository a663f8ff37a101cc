using Carbon.Realtime.Tests.Observability;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>What a read that finds something proves about the stream, and what is done about it: each step costs users something, so that none is taken in error.</summary>
public sealed class LossTests : IDisposable
{
    private readonly RecordingMeters _meters = new();

    public void Dispose() => _meters.Dispose();

    [Theory]
    [InlineData("missing")]
    [InlineData("stale")]
    public void A_row_that_the_stream_did_not_tell_of_has_the_channel_joined_again(string kind)
    {
        var world = Old();

        _ = kind == "missing" ? world.Write("c", "v1") : world.Write("a", "v2");
        Find(world);

        Repairs().Should().Equal($"public.salesOrder {kind}: 1");
        Joins(world).Should().Be(2);
    }

    [Fact]
    public void A_row_that_is_gone_without_a_word_may_have_left_the_filter_and_proves_nothing()
    {
        var world = Old();

        world.Erase("b");
        Find(world);

        Repairs().Should().Equal("public.salesOrder extra: 1");
        Joins(world).Should().Be(1);
    }

    [Fact]
    public void A_column_of_a_joined_table_changes_without_a_word_and_proves_nothing()
    {
        var world = Old(new StoreOptions<SalesOrder> { Select = "id,companyId,status" });

        world.Write("a", "v2");
        Find(world);

        Repairs().Should().Equal("public.salesOrder stale: 1");
        Joins(world).Should().Be(1);
    }

    [Fact]
    public void A_change_that_comes_soon_after_the_read_that_found_it_was_only_late()
    {
        var world = Old();
        world.Write("c", "v1");
        Until(world, static w => w.Store.Current.ContainsKey("c"));

        world.World.Advance(3);
        world.TellInsert("c", "v1");
        world.World.Advance(20);

        Repairs().Should().BeEmpty();
        Joins(world).Should().Be(1);
    }

    [Fact]
    public void What_a_read_found_before_an_ok_says_nothing_of_the_stream_after_it()
    {
        var world = Old();
        world.Write("c", "v1");
        Until(world, static w => w.Store.Current.ContainsKey("c"));

        world.TellOk();
        world.World.Advance(20);

        Repairs().Should().BeEmpty();
        Joins(world).Should().Be(1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_a_read_found_before_the_stream_broke_or_lost_something_it_could_tell_says_nothing_of_it(bool breaks)
    {
        var world = Old();
        world.Write("c", "v1");
        Until(world, static w => w.Store.Current.ContainsKey("c"));

        if (breaks)
        {
            world.World.Server.HangNext();
            world.Socket.Break();
        }
        else
        {
            world.Socket.Insert(world.Join, "salesOrder", """{"companyId":"co_1","status":"nameless"}""", 1);
        }

        world.World.Advance(7);

        Repairs().Should().BeEmpty();
    }

    [Fact]
    public void What_the_read_of_an_ok_finds_was_missed_before_it_and_is_no_loss()
    {
        var world = Old();
        world.Erase("a").Write("b", "v2").Write("c", "v1");

        world.TellOk();
        world.World.Advance(7);

        world.Shown.Should().Be("b=v2 c=v1");
        Repairs().Should().BeEmpty();
    }

    [Fact]
    public void A_loss_soon_after_an_ok_is_a_loss_and_joining_again_would_not_help()
    {
        var world = Old();
        world.TellOk();

        world.Write("c", "v1");
        Find(world);

        Repairs().Should().Equal("public.salesOrder missing: 1");
        Joins(world).Should().Be(1, "the server may not capture changes yet");
    }

    [Fact]
    public void Without_a_stream_every_read_finds_what_changed_and_nothing_was_lost()
    {
        var world = new StoreWorld(meters: _meters);
        world.World.AutoSubscribed = false;
        world.Write("a", "v1").Live();
        world.World.Advance(300);
        world.Erase("a").Write("b", "v1");

        world.World.Advance(300);

        world.Shown.Should().Be("b=v1");
        Repairs().Should().BeEmpty();
    }

    [Fact]
    public void Only_reads_that_could_have_found_a_loss_restore_the_trust_in_a_stream()
    {
        var world = Old();
        world.Write("c", "v1");
        Find(world);
        Joins(world).Should().Be(2, "the first loss");
        world.World.Join();
        for (var i = 0; i < 3; i++)
        {
            world.World.Advance(1);
            world.TellOk(); // each is read, and can find nothing
        }

        world.World.Advance(95);
        world.Write("d", "v1");
        Find(world);

        world.World.Server.Sockets.Should().HaveCount(2, "the second loss costs the socket, as two good reads are too few");
    }

    [Fact]
    public void Losses_that_come_to_light_one_after_the_other_are_all_told()
    {
        var world = Old();
        world.Erase("a"); // what proves nothing has nothing done about it, which would hide the other
        Until(world, static w => !w.Store.Current.ContainsKey("a"));
        world.World.Advance(2);
        world.Erase("b");
        _ = world.Store.VerifyAsync();
        world.World.Run();

        world.World.Advance(8);

        Repairs().Should().Equal("public.salesOrder extra: 2");
    }

    [Fact]
    public void After_a_loss_everything_is_read_twice_as_often()
    {
        var world = Old();
        world.World.Advance(600);
        var before = world.Store.Actor!.Reconcile.Period;

        world.TellOk();
        world.World.Advance(1);
        world.Write("c", "v1"); // found by the read some seconds after the ok, too soon for joining again
        world.World.Advance(20);

        world.Store.Actor.Reconcile.Period.Should().Be(before / 2);
        world.Write("d", "v1");
        world.World.Advance(70);
        world.Shown.Should().Contain("d=v1");
    }

    [Fact]
    public void A_store_whose_reads_fail_for_long_calls_itself_live_no_more()
    {
        var world = Old();
        var lastRead = world.Store.Status.AsOf;
        world.Rest.Script = static (_, _) => Carbon.Realtime.Tests.Snapshots.FakePostgrest.Error(503, "PGRST001");
        world.Write("lost", "v1");

        Until(world, static w => w.Store.Status.Error is not null);
        world.Store.Status.State.Should().Be(StoreState.Live, "a read that fails is tried again");
        Until(world, static w => w.State != StoreState.Live);

        world.Store.Status.Should().Match<StoreStatus>(s => s.State == StoreState.Degraded && s.Reason == StoreReason.StreamOnly && s.AsOf == lastRead && s.Error != null);
        world.Shown.Should().Contain("a=").And.NotContain("lost", "the stream did not bring it, and nothing else can");

        world.Rest.Script = null;
        Until(world, static w => w.State == StoreState.Live);
        world.Shown.Should().Contain("lost=v1");
        world.Store.Status.Error.Should().BeNull();
    }

    [Fact]
    public void A_stream_that_nothing_helps_is_read_beside_every_half_minute_whatever_the_options_say()
    {
        var world = Old(new StoreOptions<SalesOrder> { ReconcilePeriod = TimeSpan.FromMinutes(20) });
        for (var i = 0; i < 3; i++)
        {
            world.World.Advance(100);
            world.Write($"lost{i}", "v1");
            _ = world.Store.VerifyAsync();
            world.World.Run();
            world.World.Advance(8);
            world.World.Join();
        }

        world.Store.Status.Reason.Should().Be(StoreReason.LossyStream);
        world.World.Advance(70);
        world.Write("found", "v1");
        world.World.Advance(35);
        world.Shown.Should().Contain("found=v1");
    }

    /// <summary>A store whose last ok is so long ago that a loss is the stream's.</summary>
    private StoreWorld Old(StoreOptions<SalesOrder>? options = null)
    {
        var world = new StoreWorld(meters: _meters, options: options).Write("a", "v1").Write("b", "v1").Live();
        world.World.Advance(100);
        Joins(world).Should().Be(1);
        return world;
    }

    /// <summary>Until the next full read and what follows from it.</summary>
    private static void Find(StoreWorld world)
    {
        var asOf = world.Store.Status.AsOf;
        Until(world, w => w.Store.Status.AsOf > asOf);
        world.World.Advance(6);
    }

    private static void Until(StoreWorld world, Func<StoreWorld, bool> isSo)
    {
        for (var i = 0; i < 400 && !isSo(world); i++)
        {
            world.World.Advance(0.5);
        }

        isSo(world).Should().BeTrue();
    }

    private static int Joins(StoreWorld world) => world.World.Server.Sockets.Sum(static s => s.Frames("phx_join").Count);

    private IReadOnlyList<string> Repairs() => _meters.Now("carbon.realtime.store.repairs");
}
