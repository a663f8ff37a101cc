using System.Text.Json;
using System.Text.Json.Serialization;
using Carbon.Realtime.Snapshots;
using Carbon.Realtime.Tests.Snapshots;
using Carbon.Realtime.Tests.Stores;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Security;

/// <summary>A server, or something before it, that answers reads with rows it should not, or without end.</summary>
public sealed class HostilePageTests
{
    [Theory]
    [InlineData("\"companyId\":\"co_1\",\"id\":\"a\",\"name\":\"n\",\"companyId\":\"co_2\"")]
    [InlineData("\"companyId\":\"co_2\",\"id\":\"a\",\"name\":\"n\",\"companyId\":\"co_1\"")]
    [InlineData("\"companyId\":\"co_1\",\"companyId\":\"co_2\",\"id\":\"a\",\"name\":\"n\"")]
    [InlineData("\"companyId\":\"co_1\",\"companyId\":\"co_1\",\"id\":\"a\",\"name\":\"n\",\"companyId\":\"co_2\"")]
    [InlineData("\"companyId\":\"co_1\",\"id\":\"a\",\"name\":\"n\",\"compan\\u0079Id\":\"co_2\"")]
    [InlineData("\"\\u0063ompanyId\":\"co_1\",\"id\":\"a\",\"name\":\"n\",\"compan\\u0079Id\":\"co_2\"")]
    [InlineData("\"companyId\":\"co_1\",\"id\":\"a\",\"name\":\"n\",\"id\":\"b\"")]
    [InlineData("\"id\":\"a\",\"name\":\"n\",\"\\u0069d\":\"b\",\"companyId\":\"co_1\"")]
    public async Task A_row_that_names_its_tenant_or_its_key_twice_is_not_shown_as_anybodys(string columns)
    {
        foreach (var table in (RealtimeTable<string, Part>[])[SnapshotWorld.Parts.TenantScoped("companyId"), OfWeb.TenantScoped("companyId")])
        {
            var world = new SnapshotWorld();
            world.Rest.Script = (n, _) => FakePostgrest.Answer(200, n == 1 ? $$"""[{{{columns}}},{"companyId":"co_1","id":"z","name":"n"}]""" : "[]");
            var pages = await world.ScanAsync(world.Reader(table, "co_1"));
            pages.Should().ContainSingle();
            pages[0].Rows.Select(static r => r.Key).Should().Equal("z");
            pages[0].Foreign.Should().Be(1);
            pages[0].ProvesAbsence.Should().BeFalse();
        }
    }

    [Theory]
    [InlineData("\"companyId\":\"co_1\",\"id\":\"a\",\"name\":\"the companyId and the id\"", "co_1")]
    [InlineData("\"companyId\":\"co_1\",\"id\":\"a\",\"name\":\"\\u00e9\"", "co_1")]
    [InlineData("\"companyId\":\"co_1\",\"id\":\"a\",\"name\":null,\"more\":{\"companyId\":\"co_2\",\"id\":\"b\"}", "co_1")]
    [InlineData("\"companyId\":\"co_1\",\"id\":\"a\",\"name\":null,\"COMPANYID\":\"co_2\"", "co_1")]
    public async Task What_only_looks_like_a_second_tenant_or_key_costs_nothing(string columns, string tenant)
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (n, _) => FakePostgrest.Answer(200, n == 1 ? $$"""[{{{columns}}}]""" : "[]");
        var pages = await world.ScanAsync(world.Reader(OfWeb.TenantScoped("companyId"), "co_1"));
        pages[0].Rows.Should().ContainSingle().Which.Value.CompanyId.Should().Be(tenant);
        pages[0].ProvesAbsence.Should().BeTrue();
    }

    [Fact]
    public async Task A_raw_row_that_names_its_tenant_twice_is_not_shown_either()
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (n, _) => FakePostgrest.Answer(200, n == 1 ? """[{"companyId":"co_1","id":"a","companyId":"co_2"},{"id":"b","x":1,"companyId":"co_1"}]""" : "[]");
        var pages = await world.ScanAsync(world.Reader(RealtimeTable.Untyped("part").TenantScoped("companyId"), "co_1"));
        pages[0].Rows.Select(static r => r.Key.GetString()).Should().Equal("b");
        pages[0].Foreign.Should().Be(1);
    }

    [Theory]
    [InlineData("{\"companyId\":\"co_1\",/**/\"id\":\"a\",\"name\":\"n\",\"companyId\":\"co_2\"}")]
    [InlineData("{\"companyId\":\"co_1\",\"id\":\"a\",/**/\"name\":\"n\",\"companyId\":\"co_2\"}")]
    [InlineData("{\"companyId\":\"co_1\",\"id\":\"a\",\"name\":\"n\",\"companyId\":\"co_2\",}")]
    public async Task A_row_type_that_reads_more_than_JSON_reads_no_tenant_that_was_not_judged(string row)
    {
        var table = RealtimeTable.Define("part", new CommentsJson(CommentsJson.Lenient()).Part, "id", static p => p.Id).TenantScoped("companyId");
        var world = new SnapshotWorld();
        world.Rest.Script = (n, _) => FakePostgrest.Answer(200, n == 1 ? $$"""[{"companyId":"co_1","id":"0","name":"n"},{{row}}]""" : "[]");
        var pages = await world.ScanAsync(world.Reader(table, "co_1"));
        pages[0].Rows.Select(static r => r.Key).Should().Equal("0");
    }

    [Fact]
    public async Task Ten_thousand_levels_in_a_row_cost_that_row()
    {
        foreach (var (open, close) in (IEnumerable<(string, string)>)[("[", "]"), ("{\"a\":", "}")])
        {
            var deep = string.Concat(Enumerable.Repeat(open, 10_000)) + "1" + string.Concat(Enumerable.Repeat(close, 10_000));
            var world = new SnapshotWorld();
            world.Rest.Script = (n, _) => FakePostgrest.Answer(200, n == 1 ? $$"""[{"id":"0","companyId":"c","name":"n"},{"id":"a","companyId":"c","name":{{deep}}}]""" : "[]");
            var pages = await world.ScanAsync(world.Reader(SnapshotWorld.Parts));
            pages[0].Rows.Select(static r => r.Key).Should().Equal("0");
            pages[0].Unreadable.Should().ContainSingle().Which.Should().Be(new UnreadableRow<string>(true, "a", UnreadableReason.Undecodable));
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(100)]
    public async Task Pages_that_go_round_end_a_scan_before_they_have_gone_round_three_times(int round)
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (n, _) => FakePostgrest.Answer(200, $$"""[{"id":{{n % round}}}]""");
        var error = await world.FailAsync();
        (error.Reason, error.IsTransient).Should().Be((RealtimeErrorReason.ProtocolViolation, false));
        world.Rest.Requests.Count.Should().BeInRange(round, (3 * round) + 1);
    }

    [Fact]
    public async Task Pages_whose_keys_go_backwards_are_taken_as_they_come_for_only_the_database_knows_its_order()
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (n, _) => FakePostgrest.Answer(200, n < 10 ? $$"""[{"id":{{10 - n}}}]""" : "[]");
        (await world.KeysAsync(SnapshotWorld.Numbers)).Should().Equal([9, 8, 7, 6, 5, 4, 3, 2, 1]);
    }

    [Theory]
    [InlineData("co_1")]
    [InlineData("co_2")]
    public void Pages_of_ever_new_rows_end_a_stores_scan_at_its_most_rows_whosever_they_are(string company)
    {
        var world = new StoreWorld(options: new StoreOptions<SalesOrder> { MaxRows = 500 });
        world.Rest.Script = (n, _) => FakePostgrest.Answer(200, $"[{string.Join(',', Enumerable.Range(0, 10).Select(i => StoreWorld.Record($"{n:D6}_{i}", "s", company)))}]");
        world.Live();
        world.Store.Status.State.Should().Be(StoreState.Faulted);
        world.Store.Status.Error!.Message.Should().Contain("MaxRows");
        world.Rest.Requests.Count.Should().BeInRange(51, 101);
        world.Store.Current.Rows.Where(static row => row.CompanyId != "co_1").Should().BeEmpty();
    }

    [Fact]
    public async Task A_body_that_comes_byte_by_byte_and_never_ends_is_given_up_after_the_reads_time()
    {
        var world = new SnapshotWorld(limits: static l => l with { PageRows = 1, Retries = 0 });
        using var drip = new DrippingStream(world.Env.Time);
        world.Rest.Script = (_, _) => new HttpResponseMessage(System.Net.HttpStatusCode.OK) { Content = FakePostgrest.Body(drip) };
        var start = world.Env.Time.GetUtcNow();
        var error = await world.FailAsync();
        (error.Reason, error.IsTransient).Should().Be((RealtimeErrorReason.ServerUnavailable, true));
        error.Message.Should().Contain("in time");
        (world.Env.Time.GetUtcNow() - start).Should().Be(world.Rows.Limits.RequestTimeout, "a byte now and then buys no more time");
        drip.Given.Should().BeGreaterThan(1000);
        drip.IsDisposed.Should().BeTrue();
        world.Env.Time.ArmedTimers.Should().Be(0);
    }

    private static RealtimeTable<string, Part> OfWeb { get; } = RealtimeTable.Define("part", WebPartJson.Default.Part, "id", static p => p.Id);

    /// <summary>The beginning of an array and then blanks, one in five milliseconds, for ever.</summary>
    private sealed class DrippingStream(TimeProvider time) : MemoryStream
    {
        public int Given { get; private set; }

        public bool IsDisposed { get; private set; }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), time, cancellationToken);
            buffer.Span[0] = Given++ == 0 ? (byte)'[' : (byte)' ';
            return 1;
        }

        protected override void Dispose(bool disposing)
        {
            IsDisposed = true;
            base.Dispose(disposing);
        }
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, PropertyNameCaseInsensitive = false)]
[JsonSerializable(typeof(Part))]
public sealed partial class WebPartJson : JsonSerializerContext;

[JsonSerializable(typeof(Part))]
public sealed partial class CommentsJson : JsonSerializerContext
{
    internal static JsonSerializerOptions Lenient() => new() { ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
}
