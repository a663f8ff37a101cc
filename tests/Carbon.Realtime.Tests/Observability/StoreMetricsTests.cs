using System.Globalization;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Stores;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Observability;

/// <summary>docs/observability.md, "Metrics", what stores count.</summary>
public sealed class StoreMetricsTests : IDisposable
{
    private readonly RecordingMeters _meters = new();

    public void Dispose() => _meters.Dispose();

    [Fact]
    public void Rows_and_keys_in_doubt_are_levels_that_end_with_the_store()
    {
        var world = NewWorld().Write("a", "new").Write("b", "new");
        Now("rows").Should().BeEmpty();
        var use = world.Store.Start();
        world.Settle();
        Now("rows").Should().Equal("public.salesOrder: 2");
        Now("unverified").Should().BeEmpty();

        world.TellInsert("c", "new"); // soon after a read: it may be older than the read
        world.TellInsert("d", "new");
        Now("rows").Should().Equal("public.salesOrder: 4");
        Now("unverified").Should().Equal("public.salesOrder: 2");

        use.Dispose();
        world.World.Advance(10);
        world.State.Should().Be(StoreState.Empty);
        Now("rows").Should().BeEmpty();
        Now("unverified").Should().BeEmpty();
        Staleness().Should().BeNull();
    }

    [Fact]
    public void A_store_that_has_a_name_is_measured_by_it()
    {
        var world = NewWorld().Write("a", "new").Write("b", "done").Live();
        world.World.Manager.Store(Shop.SalesOrders.Where("status=eq.new"), new StoreOptions<SalesOrder> { Name = "mine" }).Start();
        world.Settle();
        Now("rows").Should().Equal("public.salesOrder/mine: 1", "public.salesOrder: 2");
    }

    [Fact]
    public void Changes_are_counted_by_what_they_do()
    {
        var world = NewWorld().Write("a", "new").Live();

        world.TellInsert("b", "new");
        world.TellUpdate("a", "done");
        world.TellUpdate("a", "done", company: "co_2");
        world.Socket.Insert(world.Join, "salesOrder", """{"id":"c","companyId":"co_1"}""", 1);
        world.World.Run();

        Now("events").Should().Equal("public.salesOrder ask: 1", "public.salesOrder put: 2", "public.salesOrder remove: 1");
    }

    [Fact]
    public void In_a_store_that_only_listens_for_signals_every_change_is_a_question()
    {
        var world = NewWorld(options: new StoreOptions<SalesOrder> { SignalOnly = true }).Write("a", "new").Live();

        world.TellUpdate("a", "done");
        world.TellDelete("a");

        Now("events").Should().Equal("public.salesOrder ask: 2");
    }

    [Fact]
    public void Epochs_are_counted_by_why_and_scans_by_cause_and_end()
    {
        var world = NewWorld().Write("a", "new").Live();
        Now("epochs").Should().Equal("public.salesOrder started: 1");
        Now("scans").Should().Equal("public.salesOrder epoch ok: 1");

        world.HoldReads();
        world.TellOk();
        world.Socket.Break();
        world.World.Run();
        world.ReleaseReads();
        world.World.Advance(2);
        world.World.Join();

        Now("epochs").Should().Equal("public.salesOrder rejoined: 1", "public.salesOrder resubscribed: 1", "public.salesOrder started: 1");
        Now("scans").Should().Equal("public.salesOrder epoch abandoned: 1", "public.salesOrder epoch ok: 2");
    }

    [Fact]
    public void A_scan_is_timed_unless_nobody_wants_it_any_more()
    {
        var world = NewWorld().Write("a", "new");
        world.HoldReads();
        world.Live();
        world.World.Advance(3);
        world.ReleaseReads();
        world.HoldReads();
        world.TellOk();
        world.TellOk(); // which makes the scan of the ok before worthless
        world.Rest.Script = (_, _) => FakePostgrest.Error(400, "42703");
        world.ReleaseReads();

        Now("scans").Should().Equal(
            "public.salesOrder epoch abandoned: 1", "public.salesOrder epoch failed: 1", "public.salesOrder epoch ok: 1");
        _meters.Recorded("carbon.realtime.store.scan.duration").Select(m => $"{m.Value} {m.Attributes}").Should().Equal(
            "3 carbon.realtime.manager=default carbon.realtime.table=public.salesOrder carbon.realtime.store.scan.cause=epoch",
            "0 carbon.realtime.manager=default carbon.realtime.table=public.salesOrder carbon.realtime.store.scan.cause=epoch");
    }

    [Fact]
    public void A_repair_is_counted_once_it_is_clear_that_the_change_was_lost_and_not_late()
    {
        var world = NewWorld().Write("a", "new").Write("b", "new").Live();
        world.World.Advance(100);
        Now("repairs").Should().BeEmpty();

        world.Write("c", "new").Write("a", "done").Erase("b");
        world.World.Advance(130);
        world.Shown.Should().Be("a=done c=new");
        world.World.Advance(5);

        Now("repairs").Should().Equal("public.salesOrder extra: 1", "public.salesOrder missing: 1", "public.salesOrder stale: 1");
    }

    [Fact]
    public void What_a_scan_puts_right_is_no_repair_if_the_stream_said_meanwhile_that_it_lost_something()
    {
        var world = NewWorld().Write("a", "new").Live();
        world.World.Advance(100);
        world.Write("b", "new").HoldReads();
        world.World.Advance(130);

        world.Socket.Insert(world.Join, "salesOrder", """{"companyId":"co_1"}""", 1);
        world.World.Run();
        Now("epochs").Should().HaveCount(2, "a row without a key is a loss, nobody knows of what");
        world.ReleaseReads();
        world.World.Advance(10);

        world.Shown.Should().Be("a=new b=new");
        Now("repairs").Should().BeEmpty();
    }

    [Fact]
    public void Keys_that_are_read_by_themselves_are_counted()
    {
        var world = NewWorld().Write("a", "new").Write("b", "new").Live();

        world.TellUpdate("a", "new");
        world.TellUpdate("b", "new");
        world.Quiet();

        Now("verifications").Should().Equal("public.salesOrder: 2");
    }

    [Fact]
    public void An_overflow_is_counted_once_and_is_an_epoch()
    {
        var world = NewWorld(o => o.QueueCapacity = 16).Write("a", "new").Live();

        for (var i = 0; i < 300; i++)
        {
            world.Socket.Insert(world.Join, "salesOrder", StoreWorld.Record($"many{i}", "new"), 1);
        }

        world.World.Run();
        Now("overflows").Should().Equal("public.salesOrder: 1");
        Now("epochs").Should().Contain("public.salesOrder overflow: 1");
    }

    [Fact]
    public void A_purge_is_counted()
    {
        var world = NewWorld().Write("a", "new").Live();
        world.Rest.Script = (_, _) => FakePostgrest.Error(403, "42501");

        world.TellOk();

        Now("purges").Should().Equal("public.salesOrder: 1");
        Now("rows").Should().BeEmpty();
    }

    [Fact]
    public void Looks_into_the_cache_and_saves_are_counted_by_their_result()
    {
        var cache = new InMemoryStoreCache();
        cache.FailNextSave(new StoreCacheException(StoreCacheFault.Full, "full", null));
        var world = NewWorld(cache: cache).Write("a", "new").Live();
        world.World.Advance(3);
        Now("cache.loads").Should().Equal("public.salesOrder empty: 1");
        Now("cache.saves").Should().Equal("public.salesOrder full: 1");
        world.World.Advance(70);
        Now("cache.saves").Should().HaveCount(2).And.Contain("public.salesOrder full: 1").And.Contain(s => s.StartsWith("public.salesOrder ok: "));

        cache.FailNextLoad(new InvalidOperationException());
        NewWorld(cache: cache).Live();
        NewWorld(cache: cache).Live();
        Now("cache.loads").Should().Equal("public.salesOrder empty: 1", "public.salesOrder failed: 1", "public.salesOrder ok: 1");
    }

    [Fact]
    public void A_look_into_a_cache_that_does_not_answer_is_counted_as_one()
    {
        var cache = new InMemoryStoreCache { Loading = static (_, _) => new ValueTask(new TaskCompletionSource().Task) };
        var world = NewWorld(cache: cache).Write("a", "new").Live();

        world.World.Advance(6);

        Now("cache.loads").Should().Equal("public.salesOrder timed_out: 1");
    }

    [Fact]
    public void Rows_that_are_not_shown_yet_are_not_counted()
    {
        var world = NewWorld().Write("a", "new").Write("b", "new");
        world.Rest.MaxRows = 1;
        world.Rest.Answered = number => _ = number == 2 ? world.HoldReads() : null;
        world.Live();
        world.Store.Status.RowsRead.Should().Be(1);
        Now("rows").Should().BeEmpty();

        world.ReleaseReads();
        Now("rows").Should().Equal("public.salesOrder: 2");
    }

    [Fact]
    public void Removals_and_questions_are_told_apart()
    {
        var world = NewWorld().Write("a", "new").Live();

        world.TellDelete("a");
        world.TellDelete("b");
        world.Socket.Insert(world.Join, "salesOrder", """{"id":"c","companyId":"co_1"}""", 1);
        world.World.Run();

        Now("events").Should().Equal("public.salesOrder ask: 1", "public.salesOrder remove: 2");
    }

    [Fact]
    public void The_age_of_a_store_that_is_gone_is_not_remembered()
    {
        var clock = Forget(this);

        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        clock.IsAlive.Should().BeFalse("tenants come and go, and the meter stays");
        Staleness().Should().BeNull();

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static WeakReference Forget(StoreMetricsTests self)
        {
            var clock = new ManualTimeProvider();
            var owner = new RealtimeInstruments(new RealtimeEnvironment(clock, null, null), self._meters, "gone", new Uri("http://127.0.0.1"));
            owner.Store("public.salesOrder").Dispose();
            return new WeakReference(clock);
        }
    }

    [Fact]
    public void Staleness_is_the_age_of_the_last_complete_read_of_the_store_that_is_furthest_behind()
    {
        var world = NewWorld().Write("a", "new");
        world.World.AutoSubscribed = false;
        world.Store.Start();
        world.Settle();
        Staleness().Should().BeNull("nothing is shown that could be old");
        world.TellOk();
        Staleness().Should().Be(0);
        world.Socket.Break();
        world.World.Server.HangNext();
        world.World.Advance(4);
        Staleness().Should().Be(4);

        NewWorld().Write("a", "new").Live(); // of the same name and table, on a clock of its own
        Staleness().Should().Be(4);
    }

    [Fact]
    public void A_listener_that_throws_loses_its_measurement_and_nothing_else()
    {
        _meters.Hook = static () => throw new InvalidOperationException("no exporter");

        var world = NewWorld().Write("a", "new").Live();

        world.State.Should().Be(StoreState.Live);
        world.World.Log.Lines.Should().NotContain(l => l.Contains("[6012]"));
    }

    private StoreWorld NewWorld(Action<RealtimeOptions>? configure = null, IStoreCache? cache = null, StoreOptions<SalesOrder>? options = null) =>
        new(configure, cache: cache, options: options, meters: _meters);

    private IReadOnlyList<string> Now(string instrument) => _meters.Now("carbon.realtime.store." + instrument);

    private double? Staleness()
    {
        const string Name = "carbon.realtime.store.staleness";
        var before = _meters.Recorded(Name).Count;
        _meters.Now(Name);
        var told = _meters.Recorded(Name).Skip(before).ToList();
        told.Should().HaveCountLessThanOrEqualTo(1, "equal attributes are told once");
        return told.Count == 0 ? null : double.Parse(told[0].Value.ToString("F1", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }
}
