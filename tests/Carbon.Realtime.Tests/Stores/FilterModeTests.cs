using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>Rows that enter and leave a store's filter, of which the server of the emulator says what the real one does.</summary>
public sealed class FilterModeTests
{
    private static readonly StoreOptions<SalesOrder> AskServer = new() { FilterMode = StoreFilterMode.Server };

    [Fact]
    public void A_row_leaves_with_the_change_that_takes_it_out_of_the_filter_and_comes_with_the_one_that_brings_it_in()
    {
        using var shop = new OrderShop("open");
        var store = shop.Store("status=eq.open");
        store.Current.Keys.Should().Equal("a");
        var reads = shop.Reads;

        shop.Set("a", "closed");
        store.Current.Should().BeEmpty();
        shop.Set("a", "open");
        store.Current["a"].Status.Should().Be("open");
        shop.Set("b", "other");
        store.Current.Keys.Should().Equal("a");

        shop.Reads.Should().Be(reads, "the changes said it all");
        store.Status.State.Should().Be(StoreState.Live);
    }

    [Fact]
    public void With_the_servers_filter_a_row_that_leaves_it_stays_until_the_next_complete_read()
    {
        using var shop = new OrderShop("open");
        var store = shop.Store("status=eq.open", AskServer);

        shop.Set("a", "closed");
        store.Current.Keys.Should().Equal("a");
        shop.Advance(600);
        store.Current.Should().BeEmpty();

        shop.Set("a", "open");
        store.Current.Keys.Should().Equal("a");
    }

    [Theory]
    [InlineData("status=ilike.OPEN%")]
    [InlineData("status=match.^open")]
    [InlineData("status=gt.closedness")]
    public void What_the_client_cannot_judge_is_read_by_its_key(string filter)
    {
        using var shop = new OrderShop("open");
        var store = shop.Store(filter);
        store.Current.Keys.Should().Equal("a");

        shop.Set("a", "closed");
        shop.Advance(5);
        store.Current.Should().BeEmpty();
        shop.Set("a", "opened");
        shop.Advance(5);
        store.Current["a"].Status.Should().Be("opened");
        store.Status.State.Should().Be(StoreState.Live);
    }

    [Theory]
    [InlineData("text", "status=eq.open")]
    [InlineData("text", "status=neq.closed")]
    [InlineData("text", "status=not.eq.closed")]
    [InlineData("text", "status=in.(open,draft)")]
    [InlineData("text", "status=not.in.(closed,draft)")]
    [InlineData("order_status", "status=eq.open")]
    [InlineData("order_status", "status=neq.closed")]
    [InlineData("order_status", "status=not.eq.closed")]
    [InlineData("order_status", "status=in.(open,draft)")]
    [InlineData("order_status", "status=not.in.(closed,draft)")]
    public void Whether_texts_and_labels_are_the_same_the_client_judges_and_nothing_is_read(string type, string filter)
    {
        using var shop = new OrderShop("open", type);
        var store = shop.Store(filter);
        store.Current.Keys.Should().Equal("a");
        var reads = shop.Reads;

        shop.Set("a", "closed");
        store.Current.Should().BeEmpty();
        shop.Set("a", "open");
        store.Current["a"].Status.Should().Be("open");
        shop.Reads.Should().Be(reads);
    }

    [Theory]
    [InlineData("text", "status=gt.draft", false)]
    [InlineData("order_status", "status=lt.draft", true)]
    [InlineData("order_status", "status=neq.CLOSED", true)] // a domain's values may differ in case and be the same
    public void The_order_of_texts_and_labels_and_what_differs_in_case_alone_is_read(string type, string filter, bool stays)
    {
        using var shop = new OrderShop("open", type);
        var store = shop.Store(filter);
        var reads = shop.Reads;

        shop.Set("a", "closed");
        shop.Advance(5);

        shop.Reads.Should().BeGreaterThan(reads);
        store.Current.ContainsKey("a").Should().Be(stays);
    }

    [Fact]
    public void The_subscription_carries_the_tenant_and_reads_the_whole_filter()
    {
        var world = new StoreWorld(table: Shop.SalesOrders.Where("status=eq.open").Where("id=neq.z")).Write("a", "open").Write("b", "closed").Live();

        world.Join.Bindings.Select(static b => b.TryGetProperty("filter", out var filter) ? filter.GetString() : null).Should().Equal("companyId=eq.co_1", null);
        world.Rest.Queries.Should().OnlyContain(static q => q.Contains("status=eq.open") && q.Contains("id=neq.z") && q.Contains("companyId=eq.co_1"));
        world.Shown.Should().Be("a=open");

        world.TellUpdate("b", "closed");
        world.TellUpdate("c", "open", "co_2");
        world.Shown.Should().Be("a=open");
        world.World.Log.Lines.Count(static l => l.Contains("ForeignRow", StringComparison.Ordinal)).Should().Be(1, "a row of the tenant comes by right");
    }

    [Fact]
    public void The_servers_filter_is_sent_where_that_is_said()
    {
        var world = new StoreWorld(table: Shop.SalesOrders.Where("status=eq.open"), options: AskServer).Live();

        world.Join.Bindings[0].GetProperty("filter").GetString().Should().Be("companyId=eq.co_1,status=eq.open");
    }

    [Fact]
    public void Stores_with_different_filters_share_one_binding_and_revalidations_keep_their_own()
    {
        var world = new StoreWorld(table: Shop.SalesOrders.Where("status=eq.open"));
        var closed = world.World.Manager.Store(Shop.SalesOrders.Where("status=eq.closed"));
        using var revalidating = world.World.Manager.Revalidations(new RevalidationOptions { Group = "stores" }, Shop.SalesOrders.Where("status=eq.open"))
            .Subscribe(static _ => { });
        using var started = closed.Start();
        world.Write("a", "open").Write("b", "closed").Live();

        world.Join.Bindings.Select(static b => b.TryGetProperty("filter", out var filter) ? filter.GetString() : null)
            .Should().BeEquivalentTo("companyId=eq.co_1", null, "companyId=eq.co_1,status=eq.open");
        closed.Current.Keys.Should().Equal("b");
        world.Shown.Should().Be("a=open");
    }

    [Fact]
    public void A_filter_that_nobody_but_the_server_can_judge_needs_no_server_that_takes_two_conditions()
    {
        var world = new StoreWorld(o => o.SingleFilterCondition = true, table: Shop.SalesOrders.Where("status=gt.m")).Live();
        world.Join.Bindings[0].GetProperty("filter").GetString().Should().Be("companyId=eq.co_1");
        world.State.Should().Be(StoreState.Live);
    }

    [Fact]
    public void A_mode_that_is_none_is_refused() =>
        FluentActions.Invoking(() => new StoreWorld(options: new() { FilterMode = (StoreFilterMode)7 })).Should().Throw<ArgumentException>().WithMessage("*FilterMode*");

    /// <summary>Orders of one company in an emulator: <c>a</c>, and what tests add.</summary>
    private sealed class OrderShop : IDisposable
    {
        private readonly ManualEnvironment _env = new();
        private readonly RealtimeEmulator _emulator;
        private readonly RealtimeChannelManager _manager;

        public OrderShop(string status, string type = "text")
        {
            _emulator = new RealtimeEmulator(new EmulatorOptions { Environment = _env.Environment });
            _emulator.CreateEnum("order_status", "open", "closed", "draft", "CLOSED");
            _emulator.CreateTable("salesOrder", t => t.Column("id", "text").Column("companyId", "text").Column("status", type).PrimaryKey("id").Published());
            _manager = new RealtimeChannelManager(
                new RealtimeOptions { Url = _emulator.ProjectUrl, ApiKey = _emulator.AnonKey, Tenant = "co_1" },
                new RealtimeDependencies
                {
                    Environment = _env.Environment,
                    SocketFactory = _emulator.CreateSocketFactory(),
                    HttpMessageHandler = () => new Counted(this) { InnerHandler = _emulator.CreateHttpHandler() },
                });
            _emulator.Insert("salesOrder", EmulatorJson.FromText($$"""{"id":"a","companyId":"co_1","status":"{{status}}"}"""));
        }

        public int Reads { get; private set; }

        /// <summary>A store that is live, and no read is near.</summary>
        public ILiveStore<string, SalesOrder> Store(string filter, StoreOptions<SalesOrder>? options = null)
        {
            var store = _manager.Store(Shop.SalesOrders.Where(filter), options ?? new());
            store.Start();
            Advance(80);
            store.Status.State.Should().Be(StoreState.Live);
            return store;
        }

        /// <summary>Writes, and gives the server time to tell.</summary>
        public void Set(string id, string status)
        {
            if (_emulator.Update("salesOrder", id, EmulatorJson.FromText($$"""{"status":"{{status}}"}""")) == 0)
            {
                _emulator.Insert("salesOrder", EmulatorJson.FromText($$"""{"id":"{{id}}","companyId":"co_1","status":"{{status}}"}"""));
            }

            Advance(1);
        }

        public void Advance(double seconds) => _env.Advance(TimeSpan.FromSeconds(seconds));

        public void Dispose()
        {
            _manager.Dispose();
            Advance(3);
            _emulator.Dispose();
        }

        private sealed class Counted(OrderShop shop) : DelegatingHandler
        {
            protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
            {
                shop.Reads++;
                return base.SendAsync(request, cancellationToken);
            }
        }
    }
}
