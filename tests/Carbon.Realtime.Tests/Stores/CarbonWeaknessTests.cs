using System.Text.Json.Nodes;
using Carbon.Realtime.Changes;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>The conditions under which Carbon's own code was wrong. <see cref="CarbonWeaknesses"/> lists all its lines.</summary>
public sealed class CarbonWeaknessTests
{
    [Fact]
    public void Every_line_has_a_test_or_a_reason()
    {
        CarbonWeaknesses.All.Keys.Select(static name => name.Split(' ')[0]).Should().Equal(Enumerable.Range(1, 21).Select(static n => $"{n}"));
        CarbonWeaknesses.All.Should().AllSatisfy(static line => line.Value.AssertExists(line.Key));
    }

    [Fact]
    public void Line01_A_fetch_that_lands_late_does_not_undo_what_was_told_meanwhile()
    {
        var world = new StoreWorld().Write("a", "v1").Write("b", "v1").HoldReads().Live();

        world.Write("a", "v2").TellUpdate("a", "v2");
        world.Erase("b").TellDelete("b");
        world.Write("c", "v1").TellInsert("c", "v1");
        world.ReleaseReads();

        world.Shown.Should().Be("a=v2 c=v1");
    }

    [Fact]
    public void Line02_A_healthy_socket_is_never_dropped_to_be_sure()
    {
        var world = new StoreWorld().Write("a", "v1").Live();

        world.World.Advance(4 * 3600);

        world.World.Server.Sockets.Should().ContainSingle();
        world.Socket.Frames("phx_join").Should().ContainSingle();
    }

    [Fact]
    public async Task Line04_A_delete_that_the_filter_hides_is_seen_and_another_tenants_is_nobodys_business()
    {
        await using var shop = new Emulated();
        shop.Insert("mine", "co_1");
        shop.Insert("theirs", "co_2");
        var store = shop.Start();
        shop.Advance(70);
        store.Current.Keys.Should().Equal("mine");
        var changes = 0;
        store.Changes.Subscribe(set => changes += set.Changes.Length);
        shop.Advance(1);

        shop.Emulator.Delete("salesOrder", "theirs");
        shop.Advance(1);
        changes.Should().Be(0);

        shop.Emulator.Delete("salesOrder", "mine");
        shop.Advance(1);
        store.Current.Should().BeEmpty("with the default identity only the unfiltered binding tells of it");
        changes.Should().Be(1);
    }

    [Fact]
    public void Line05_A_removed_row_has_a_previous_one_and_no_current_one()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        using var recorder = new StreamRecorder<StoreChangeSet<string, SalesOrder>>(world.Store.Changes);
        world.World.Run();

        world.TellDelete("a");

        var change = recorder.Items[^1].Changes.Single();
        (change.Kind, change.Key, change.Current, change.Previous!.Status).Should().Be((StoreChangeKind.Removed, "a", null, "v1"));
    }

    [Fact]
    public void Line06_Insert_and_update_are_one_idempotent_upsert()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        using var recorder = new StreamRecorder<StoreChangeSet<string, SalesOrder>>(world.Store.Changes);
        world.World.Run();
        recorder.Clear();

        world.TellInsert("a", "v1");
        world.TellInsert("a", "v2");
        world.TellUpdate("b", "v1");

        world.Shown.Should().Be("a=v2 b=v1");
        recorder.Items.SelectMany(static s => s.Changes).Select(static c => c.ToString()).Should().Equal("Updated a", "Added b");
    }

    [Fact]
    public void Line14_A_burst_of_signals_is_one_read_and_a_late_answer_is_not_the_last_word()
    {
        var world = new StoreWorld(options: new StoreOptions<SalesOrder> { SignalOnly = true }).Write("a", "v1").Live();
        world.World.Advance(20);
        var before = world.Rest.Requests.Count;
        for (var i = 0; i < 10; i++)
        {
            world.TellUpdate("a", "x");
        }

        world.HoldReads().Write("a", "v2");
        world.World.Advance(0.06);
        (world.Rest.Requests.Count - before).Should().Be(1);

        world.Write("a", "v3").TellUpdate("a", "x");
        world.ReleaseReads();
        world.World.Advance(2);
        world.Shown.Should().Be("a=v3");
        (world.Rest.Requests.Count - before).Should().Be(2);
    }

    [Fact]
    public void Line16_A_store_that_cannot_be_read_costs_no_other_store_anything()
    {
        var world = new StoreWorld().Write("a", "v1");
        var other = world.World.Manager.Store(Shop.Employees);
        using var started = other.Start();

        world.Live();
        world.World.Advance(5);

        other.Status.State.Should().NotBe(StoreState.Live);
        other.Status.Error.Should().NotBeNull();
        world.State.Should().Be(StoreState.Live);
        world.Shown.Should().Be("a=v1");
    }

    [Fact]
    public void Line17_What_comes_together_is_told_together()
    {
        var world = new StoreWorld().Live();
        using var recorder = new StreamRecorder<StoreChangeSet<string, SalesOrder>>(world.Store.Changes);
        world.World.Run();
        recorder.Clear();

        for (var i = 0; i < 200; i++)
        {
            world.Socket.Insert(world.Join, "salesOrder", StoreWorld.Record($"r{i}", "v1"), 1);
        }

        world.World.Run();

        recorder.Items.Sum(static s => s.Changes.Length).Should().Be(200);
        recorder.Count.Should().BeLessThan(20);
    }

    [Fact]
    public async Task Line18_An_unpublished_table_is_said_aloud_and_read_from_time_to_time()
    {
        await using var shop = new Emulated(published: false);
        shop.Insert("a", "co_1");
        var store = shop.Start();
        shop.Advance(30);
        store.Status.State.Should().NotBe(StoreState.Live);
        store.Status.Error.Should().NotBeNull();
        store.Current.Keys.Should().Equal("a");

        shop.Insert("b", "co_1");
        shop.Advance(180);

        store.Current.Keys.Should().BeEquivalentTo("a", "b");
    }

    [Fact]
    public void Line20_Another_source_of_changes_that_names_keys_alone_keeps_a_store_as_well()
    {
        // What a broadcast of ids would be: no channel of this store ever says that changes flow, and none brings one.
        var world = new StoreWorld().Write("a", "v1");
        world.World.AutoSubscribed = false;
        world.Live();
        var source = (IRowSink<string, SalesOrder>)world.Store.Actor!.Epochs;
        source.OnEpoch();
        world.World.Run();
        (world.State, world.Shown).Should().Be((StoreState.Live, "a=v1"));

        world.Write("a", "v2").Write("b", "v1");
        source.OnEvents([new(RowEventKind.Ask, "a", null, null), new(RowEventKind.Ask, "b", null, null)], 0);
        world.World.Advance(1.1);
        world.Shown.Should().Be("a=v2 b=v1");

        world.Erase("b");
        source.OnEvents([new(RowEventKind.Ask, "b", null, null)], 0);
        world.World.Advance(1.1);
        world.Shown.Should().Be("a=v2");

        world.Write("c", "v1");
        source.OnMissed(GapReason.Rejoined);
        world.World.Run();
        (world.State, world.Shown).Should().Be((StoreState.Live, "a=v2 c=v1"));

        source.OnEpochEnded();
        world.World.Run();
        world.State.Should().Be(StoreState.Stale);
    }

    [Fact]
    public async Task Line21_Rows_that_the_policy_hides_from_now_on_are_gone_after_the_next_read()
    {
        await using var shop = new Emulated();
        shop.Insert("a", "co_1");
        var store = shop.Start();
        shop.Advance(20);
        store.Current.Keys.Should().Equal("a");

        shop.IsMember = false;
        shop.Advance(120);

        store.Current.Should().BeEmpty();
    }

    /// <summary>A store on the emulator, where deletes, policies and publications are as the server has them.</summary>
    private sealed class Emulated : IAsyncDisposable
    {
        private readonly ManualEnvironment _world = new();
        private readonly RealtimeChannelManager _manager;

        public Emulated(bool published = true)
        {
            Emulator = new RealtimeEmulator(new EmulatorOptions { Environment = _world.Environment });
            Emulator.CreateTable("salesOrder", t => t
                .Column("id", "text").Column("companyId", "text").Column("status", "text").PrimaryKey("id").ReplicaIdentityDefault().Published(published)
                .RowLevelSecurity((_, _) => IsMember));
            _manager = new RealtimeChannelManager(
                new RealtimeOptions { Url = Emulator.ProjectUrl, ApiKey = Emulator.AnonKey, Tenant = "co_1" },
                new RealtimeDependencies
                {
                    Environment = _world.Environment,
                    SocketFactory = Emulator.CreateSocketFactory(),
                    HttpMessageHandler = Emulator.CreateHttpHandler,
                });
        }

        public RealtimeEmulator Emulator { get; }

        public bool IsMember { get; set; } = true;

        public ILiveStore<string, SalesOrder> Start()
        {
            var store = _manager.Store(Shop.SalesOrders);
            store.Start();
            return store;
        }

        public void Insert(string id, string company) => Emulator.Insert(
            "salesOrder", EmulatorJson.FromText(new JsonObject { ["id"] = id, ["companyId"] = company, ["status"] = "new" }.ToJsonString()));

        public void Advance(double seconds) => _world.Advance(TimeSpan.FromSeconds(seconds));

        public ValueTask DisposeAsync()
        {
            _manager.Dispose();
            _world.Advance(TimeSpan.FromSeconds(3));
            Emulator.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
