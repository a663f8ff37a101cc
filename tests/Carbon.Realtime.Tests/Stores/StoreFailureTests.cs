using System.Text.Json.Serialization;
using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>Reads that fail, however they fail: the store tries again, never in a loop, and is right again when they succeed. And users' code that throws.</summary>
public sealed class StoreFailureTests
{
    private static Dictionary<string, Func<HttpResponseMessage?>> Failures { get; } = new()
    {
        ["overload"] = static () => FakePostgrest.Error(503, "PGRST002"),
        ["a gateway's page"] = static () => FakePostgrest.Answer(502, "<html>", "text/html"),
        ["a firewall's page"] = static () => FakePostgrest.Answer(403, "<html>", "text/html"),
        ["no right"] = static () => FakePostgrest.Error(403, "42501"),
        ["no table"] = static () => FakePostgrest.Error(404, "PGRST205"),
        ["no user"] = static () => FakePostgrest.Error(401, "PGRST301"),
        ["garbage"] = static () => FakePostgrest.Answer(200, "[{"),
        ["time-outs"] = static () => FakePostgrest.Error(500, "57014"),
        ["no network"] = static () => throw new HttpRequestException("no route"),
        ["something unheard of"] = static () => throw new InvalidCastException("a handler's fault"),
    };

    public static TheoryData<string> Kinds => [.. Failures.Keys];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void An_hour_of_it_costs_few_requests_and_minutes_after_it_the_store_is_right(string kind)
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        world.Rest.Script = (_, _) => Failures[kind]();
        world.TellUpdate("a", "v1b");
        world.TellOk();
        var before = world.Rest.Requests.Count;

        world.World.Advance(3600);
        (world.Rest.Requests.Count - before).Should().BeLessThan(900, "about one request in four seconds, with all retries");
        world.Write("a", "v2").Write("b", "v1");

        world.Rest.Script = null;
        world.World.Advance(310);
        world.Shown.Should().Be("a=v2 b=v1");
        world.State.Should().Be(StoreState.Live);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_store_that_never_read_anything_heals_as_well(string kind)
    {
        var world = new StoreWorld().Write("a", "v1");
        world.Rest.Script = (_, _) => Failures[kind]();
        world.Live();
        world.World.Advance(600);
        world.Shown.Should().BeEmpty();
        world.Store.Status.Error.Should().NotBeNull();

        world.Rest.Script = null;
        world.World.Advance(310);

        world.Shown.Should().Be("a=v1");
        world.State.Should().Be(StoreState.Live);
        world.Store.Status.Error.Should().BeNull();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Rows_that_throw_when_they_are_compared_cost_needless_changes_and_no_row(bool isWatched)
    {
        var world = new World(rest: Rest(out var table));
        var folded = new Dictionary<string, string?>();
        foreach (var id in (string[])["a", "b", "c"])
        {
            table.Add($"\"{id}\"", "\"co_1\"", "\"v1\"");
        }

        var store = world.Manager.Store(RealtimeTable.Define("salesOrder", TouchyJson.Default.Touchy, "id", static (Touchy t) => t.Id).TenantScoped("companyId"));
        store.Start();
        using var watching = isWatched ? store.Changes.Subscribe(Fold) : null;
        world.Run();
        world.Join();
        store.Current.Count.Should().Be(3);

        world.Socket.Subscribed(world.Socket.Join());
        world.Run();
        world.Socket.Insert(world.Socket.Join(), "salesOrder", StoreWorld.Record("d", "v1"), 1);
        world.Socket.Update(world.Socket.Join(), "salesOrder", StoreWorld.Record("a", "v2"), """{"id":"a"}""", 1);
        world.Socket.Insert(world.Socket.Join(), "salesOrder", StoreWorld.Record("e", "v1"), 1);
        world.Run();

        store.Current.Keys.Should().BeEquivalentTo("a", "b", "c", "d", "e");
        store.Current["a"].Status.Should().Be("v2");
        world.Log.Lines.Should().ContainSingle(static l => l.Contains("Equals must not throw"));
        if (isWatched)
        {
            folded.Should().BeEquivalentTo(store.Current.ToDictionary(static r => r.Key, static r => r.Value.Status));
        }

        void Fold(StoreChangeSet<string, Touchy> set)
        {
            if (set.IsReset)
            {
                folded = set.Snapshot.ToDictionary(static r => r.Key, static r => r.Value.Status);
            }

            foreach (var change in set.Changes)
            {
                folded[change.Key] = change.Current!.Status;
            }
        }
    }

    [Fact]
    public void Whatever_else_throws_has_everything_read_again_and_told_anew()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        var resets = 0;
        using var watching = world.Store.Changes.Subscribe(set => resets += set.IsReset ? 1 : 0);
        world.World.Run();
        resets.Should().Be(1);

        world.Write("b", "v1");
        world.Store.Actor!.Post(static () => throw new FormatException());
        world.World.Run();

        world.Shown.Should().Be("a=v1 b=v1");
        world.State.Should().Be(StoreState.Live);
        resets.Should().Be(2);
    }

    [Fact]
    public void Rows_that_throw_when_they_are_compared_are_the_databases_after_a_read()
    {
        var world = new World(rest: Rest(out var table));
        table.Add("\"a\"", "\"co_1\"", "\"v1\"");
        var store = world.Manager.Store(RealtimeTable.Define("salesOrder", TouchyJson.Default.Touchy, "id", static (Touchy t) => t.Id).TenantScoped("companyId"));
        store.Start();
        world.Run();
        world.Join();

        table.Rows.Clear();
        table.Add("\"a\"", "\"co_1\"", "\"v2\"");
        world.Socket.Subscribed(world.Socket.Join());
        world.Run();

        store.Current["a"].Status.Should().Be("v2", "two rows that cannot be compared are two");
    }

    [Fact]
    public void A_filter_that_cannot_be_listened_with_faults_the_store_and_says_so()
    {
        var atOnce = new StoreWorld(
            static o => o.SingleFilterCondition = true,
            options: new StoreOptions<SalesOrder> { FilterMode = StoreFilterMode.Server },
            table: Shop.SalesOrders.Where("status=gt.a")).Write("a", "v1").Live();
        (atOnce.State, atOnce.Store.Status.Reason).Should().Be((StoreState.Faulted, StoreReason.Configuration));
        atOnce.Store.Status.Error!.Reason.Should().Be(RealtimeErrorReason.UnsafeFilter);
        atOnce.Store.Status.Error.Message.Should().Contain("SingleFilterCondition");

        var later = new StoreWorld(
            options: new StoreOptions<SalesOrder> { FilterMode = StoreFilterMode.Server }, table: Shop.SalesOrders.Where("status=eq.v1")).Write("a", "v1").Live();
        later.World.Advance(100);
        later.State.Should().Be(StoreState.Live);
        TellArray(later, "b");
        (later.State, later.Store.Status.Error?.Reason).Should().Be((StoreState.Faulted, RealtimeErrorReason.UnsafeFilter), "the column turned out to be an array");

        later.Write("c", "v1").World.Advance(12);
        later.Shown.Should().Be("a=v1 c=v1", "there is no subscription any more, and rows are read without one");
        later.State.Should().Be(StoreState.Faulted, "somebody must change the filter all the same");
    }

    [Fact]
    public void A_filter_that_is_known_to_be_unsafe_faults_the_store_from_its_beginning_and_its_rows_are_read_all_the_same()
    {
        var world = new StoreWorld().Write("a", "v1").Live();
        TellArray(world, "b");

        var store = world.World.Manager.Store(Shop.SalesOrders.Where("status=eq.v1"), new StoreOptions<SalesOrder> { FilterMode = StoreFilterMode.Server });
        using var use = store.Start();
        world.Settle();
        world.World.Advance(10);

        (store.Status.State, store.Status.Reason, store.Status.Error?.Reason)
            .Should().Be((StoreState.Faulted, StoreReason.Configuration, RealtimeErrorReason.UnsafeFilter));
        store.Current.Keys.Should().Equal("a");
    }

    [Fact]
    public void A_filter_on_an_array_column_is_safe_where_the_client_judges_it_and_changed_rows_are_read_by_their_keys()
    {
        var world = new StoreWorld(table: Shop.SalesOrders.Where("status=eq.v1")).Write("a", "v1").Live();
        world.World.Advance(20);
        var scans = world.Store.Status.AsOf;

        world.Write("b", "v1");
        TellArray(world, "b");
        world.World.Advance(2);

        (world.State, world.Shown).Should().Be((StoreState.Live, "a=v1 b=v1"));
        world.Store.Status.AsOf.Should().Be(scans);
        world.Rest.Queries[^1].Should().Contain("status=eq.v1").And.Contain("b");

        var second = world.World.Manager.Store(Shop.SalesOrders.Where("status=eq.v1").Where("id=neq.a"));
        using var use = second.Start();
        world.Settle();
        (second.Status.State, string.Join(' ', second.Current.Keys)).Should().Be((StoreState.Live, "b"), "also where the type is known before");

        var tenants = world.World.Manager.Store(Shop.SalesOrders.TenantScoped("status"));
        using var wrong = tenants.Start();
        world.Settle();
        tenants.Status.Error?.Reason.Should().Be(RealtimeErrorReason.UnsafeFilter, "the tenant is sent");
    }

    [Fact]
    public void A_version_that_throws_makes_its_row_the_older_one_and_its_key_is_read()
    {
        var world = new StoreWorld(options: new StoreOptions<SalesOrder> { Version = static o => int.Parse(o.Status![1..]) }).Write("a", "v1").Live();
        world.World.Advance(20);

        world.Write("a", "vX");
        world.TellUpdate("a", "vX");
        world.Shown.Should().Be("a=v1");

        world.World.Advance(1.2);
        world.Shown.Should().Be("a=vX");
    }

    [Fact]
    public void Absence_that_a_read_does_not_prove_removes_nothing()
    {
        var world = new StoreWorld().Write("a", "v1").Write("b", "v1").Live();

        // An answer for another tenant came between: it may have led the scan past rows.
        world.Rest.Script = static (_, request) => request.RequestUri!.Query.Contains("gt.", StringComparison.Ordinal)
            ? null
            : FakePostgrest.Answer(200, """[{"companyId":"co_2","id":"z","status":"v1"}]""");
        world.TellOk();

        world.Shown.Should().Be("a=v1 b=v1");
    }

    private static FakePostgrest Rest(out PostgrestTable table)
    {
        var rest = new FakePostgrest();
        rest.Tables.Add(table = new PostgrestTable("salesOrder", ("id", "text"), ("companyId", "text"), ("status", "text")));
        return rest;
    }

    /// <summary>An insert whose status column is an array of texts.</summary>
    private static void TellArray(StoreWorld world, string id)
    {
        world.Socket.Deliver($$"""
            [null,null,"{{world.Join.Topic}}","postgres_changes",{"data":{"table":"salesOrder","type":"INSERT","record":{"id":"{{id}}","companyId":"co_1","status":["v1"]},"columns":[{"name":"id","type":"text"},{"name":"companyId","type":"text"},{"name":"status","type":"_text"}],"errors":null,"schema":"public","commit_timestamp":"2026-11-22T10:46:23.124Z"},"ids":[1]}]
            """);
        world.World.Run();
    }
}

/// <summary>A row whose equality is a trap.</summary>
public sealed class Touchy
{
    [JsonPropertyName("id")]
    public required string Id { get; set; }

    [JsonPropertyName("companyId")]
    public required string CompanyId { get; set; }

    [JsonPropertyName("status")]
    public string? Status { get; set; }

    public override bool Equals(object? obj) => throw new NotSupportedException("compare me not");

    public override int GetHashCode() => 0;
}

[JsonSerializable(typeof(Touchy))]
public sealed partial class TouchyJson : JsonSerializerContext;
