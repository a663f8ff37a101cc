using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Readme;

/// <summary>The tests that docs/testing.md shows, word for word but for the indentation; TestingGuideTests compares them.</summary>
public sealed class TestingGuide
{
    [Fact]
    public void A_released_order_is_announced()
    {
        var said = new List<string>();
        var announcer = new OrderAnnouncer(said.Add);

        announcer.OnNext(TableChanges.Inserted("so_1", new SalesOrder { Id = "so_1", CompanyId = "co_1", Status = "draft" }));
        announcer.OnNext(TableChanges.Updated("so_1", new SalesOrder { Id = "so_1", CompanyId = "co_1", Status = "released" }));
        announcer.OnNext(TableChanges.Gap<string, SalesOrder>(GapReason.Rejoined));

        said.Should().Equal("so_1 was released", "something may have been missed");
    }

    [Fact]
    public void A_page_shows_how_true_its_rows_are()
    {
        using var orders = new FakeLiveStore<string, SalesOrder>(order => order.Id);
        var page = new OrderPage(orders);

        orders.Set(new SalesOrder { Id = "so_1", CompanyId = "co_1", Status = "draft" });
        orders.SetStatus(StoreState.Stale, StoreReason.Offline);
        page.Title.Should().Be("1 order, offline");

        orders.SetStatus(StoreState.NeedsAuth, StoreReason.Auth, RealtimeErrors.Lasting(RealtimeErrorReason.TokenRejected, "sign in again"));
        page.Title.Should().Be("sign in again");

        orders.SetStatus(StoreState.Live);
        page.Title.Should().Be("1 order");
    }

    [Fact]
    public void A_list_is_right_again_after_an_outage()
    {
        var world = new ManualEnvironment();
        using var emulator = new RealtimeEmulator(new EmulatorOptions { Environment = world.Environment });
        emulator.CreateTable("salesOrder", table => table
            .Column("id", "text").Column("companyId", "text").Column("status", "text").PrimaryKey("id").ReplicaIdentityFull()
            .RowLevelSecurity((claims, row) => claims.Texts("companies").Contains(row.Text("companyId"))));
        using var realtime = new RealtimeChannelManager(
            new RealtimeOptions { Url = emulator.ProjectUrl, ApiKey = emulator.AnonKey, Tenant = "co_1" },
            emulator.CreateDependencies(emulator.IssueToken("ada", claims: new JsonObject { ["companies"] = new JsonArray("co_1") })));
        var orders = realtime.Store(Shop.SalesOrders);
        using var use = orders.Start();
        world.Advance(TimeSpan.FromSeconds(1));
        orders.Status.State.Should().Be(StoreState.Live);

        emulator.BreakConnections();
        emulator.Insert("salesOrder", """{"id":"so_1","companyId":"co_1","status":"draft"}"""); // nobody is there to be told
        emulator.Insert("salesOrder", """{"id":"so_2","companyId":"co_2","status":"draft"}"""); // and of this one nobody may know
        orders.Current.Should().BeEmpty();
        world.Advance(TimeSpan.FromSeconds(30)); // reconnects, joins, and reads what it missed

        orders.Status.State.Should().Be(StoreState.Live);
        orders.Current.Keys.Should().Equal("so_1");
    }

    [Fact]
    public void A_seed_is_shared_with_tests_in_other_languages()
    {
        var world = new ManualEnvironment();
        using var emulator = new RealtimeEmulator(new EmulatorOptions { Environment = world.Environment });
        var seed = EmulatorSeed.Parse("""
            {
              "tables": [{
                "name": "salesOrder",
                "columns": { "id": "text", "companyId": "text", "status": { "type": "text", "default": "draft" } },
                "primaryKey": ["id"],
                "replicaIdentity": "full",
                "visibleTo": { "companyId": "companies" },
                "rows": [{ "id": "so_1", "companyId": "co_1" }, { "id": "so_2", "companyId": "co_2", "status": "released" }]
              }],
              "users": [{ "name": "ada", "claims": { "companies": ["co_1"] } }]
            }
            """);

        seed.ApplyTo(emulator);

        emulator.Rows("salesOrder").Select(row => row.Text("status")).Should().Equal("draft", "released");
        seed.Users[0].IssueToken(emulator).Should().NotBeEmpty(); // a token for ada
    }

    /// <summary>The program's own, which the page names and does not show.</summary>
    private sealed class OrderAnnouncer(Action<string> say)
    {
        public void OnNext(TableChange<string, SalesOrder> change)
        {
            if (change is Updated<string, SalesOrder> { Row.Status: "released" } updated)
            {
                say($"{updated.Key} was released");
            }
            else if (change is Gap<string, SalesOrder>)
            {
                say("something may have been missed");
            }
        }
    }

    /// <inheritdoc cref="OrderAnnouncer"/>
    private sealed class OrderPage(ILiveStore<string, SalesOrder> orders)
    {
        public string Title => orders.Status switch
        {
            { State: StoreState.NeedsAuth, Error: { } error } => error.Message,
            { State: StoreState.Stale } => $"{Orders}, offline",
            _ => Orders,
        };

        private string Orders => orders.Current.Count == 1 ? "1 order" : $"{orders.Current.Count} orders";
    }
}
