using System.Text.Json;
using Carbon.Realtime.Snapshots;

namespace Carbon.Realtime.Tests.Snapshots;

/// <summary>Each test is named after what a reader of pages can fall into.</summary>
public sealed class PagingTests
{
    private static readonly string[] HardTexts =
        ["a", "B", "c,d", "e.f", "g+h", "i j", " k", "l\"m", "n\\o", "p)q", "(r", "s;t", "ü&ß=", "100%", "a*b", "null", "", "eq.x", "日本", "\"z\""];

    [Fact]
    public async Task The_servers_own_limit_of_rows_cuts_pages_silently_and_ends_nothing()
    {
        var world = new SnapshotWorld { Rest = { MaxRows = 100 } };
        world.AddNumbers(250);
        (await world.KeysAsync(SnapshotWorld.Numbers)).Should().Equal(Enumerable.Range(1, 250).Select(i => (long)i));
        world.Rest.Queries.Should().HaveCount(4);
        world.Rest.Queries[1].Should().Contain("limit=1000");
        world.Rest.Queries[2].Should().Contain("limit=100", "two pages in a row told what the server gives");
    }

    [Fact]
    public async Task A_full_last_page_is_followed_by_an_empty_one()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 5 });
        world.AddNumbers(10);
        (await world.KeysAsync(SnapshotWorld.Numbers)).Should().HaveCount(10);
        world.Rest.Queries.Should().HaveCount(3);
    }

    [Fact]
    public async Task An_empty_table_is_one_request_and_no_page()
    {
        var world = new SnapshotWorld();
        (await world.ScanAsync(world.Reader(SnapshotWorld.Numbers))).Should().BeEmpty();
        world.Rest.Queries.Should().ContainSingle();
    }

    [Fact]
    public async Task Rows_that_come_and_go_between_pages_neither_skip_nor_repeat_another()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 3 });
        world.Number.Rows.AddRange(Enumerable.Range(1, 12).Select(i => new[] { $"{i * 10}" }));
        world.Rest.Answered = request =>
        {
            // Before the place that was reached, at it, and behind it.
            world.Number.Rows.RemoveAll(r => r[0] is "10" or "20" or "30" or "110");
            if (request == 1)
            {
                world.Number.Rows.Add(["5"]);
                world.Number.Rows.Add(["35"]);
            }
        };
        (await world.KeysAsync(SnapshotWorld.Numbers)).Should().Equal(10, 20, 30, 35, 40, 50, 60, 70, 80, 90, 100, 120);
    }

    [Fact]
    public async Task Text_keys_with_every_character_of_the_grammar_are_paged_by_the_databases_order()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 1, MaxPageRows = 1 });
        foreach (var text in HardTexts)
        {
            world.Part.Add(JsonSerializer.Serialize(text), "null", "null");
        }

        var keys = await world.KeysAsync(SnapshotWorld.Parts);
        keys.Should().BeEquivalentTo(HardTexts).And.NotBeInAscendingOrder(StringComparer.Ordinal);
        world.Rest.Queries.Should().HaveCount(HardTexts.Length + 1);
    }

    [Fact]
    public async Task Composite_keys_with_every_character_of_the_grammar_are_paged_within_and_across_their_first_column()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 1, MaxPageRows = 1 });
        foreach (var text in HardTexts)
        {
            world.Stock.Add("\"x\"", JsonSerializer.Serialize(text), "1");
            world.Stock.Add(JsonSerializer.Serialize(text), "\"y\"", "2");
        }

        (await world.KeysAsync(SnapshotWorld.Stocks)).Should().OnlyHaveUniqueItems().And.HaveCount(2 * HardTexts.Length);
    }

    [Fact]
    public async Task A_key_of_three_columns_one_named_like_a_parameter_is_paged()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 1 });
        foreach (var (item, shelf, order) in from i in "ab" from s in "cd" from o in Enumerable.Range(9, 2) select (i, s, o))
        {
            world.Stock.Add($"\"{item}\"", $"\"{shelf}\"", $"{order}");
        }

        (await world.KeysAsync(SnapshotWorld.OrderedStocks)).Should().Equal(
            ("a", "c", 9), ("a", "c", 10), ("a", "d", 9), ("a", "d", 10), ("b", "c", 9), ("b", "c", 10), ("b", "d", 9), ("b", "d", 10));
    }

    [Fact]
    public async Task Integer_keys_beyond_a_doubles_precision_are_told_apart()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 1 });
        long[] keys = [-5, 0, 9007199254740992, 9007199254740993, long.MaxValue];
        world.Number.Rows.AddRange(keys.Select(k => new[] { $"{k}" }));
        (await world.KeysAsync(SnapshotWorld.Numbers)).Should().Equal(keys);
    }

    [Fact]
    public async Task Uuid_keys_are_paged()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 2 });
        var table = new PostgrestTable("lot", ("id", "uuid"), ("at", "timestamptz"));
        world.Rest.Tables.Add(table);
        for (byte i = 1; i <= 5; i++)
        {
            table.Add($"\"{new Guid(i, 0, 0, [0, 0, 0, 0, 0, 0, 0, i])}\"", "\"2026-01-01T00:00:00+00:00\"");
        }

        var keys = await world.KeysAsync(RealtimeTable.Define("lot", SnapshotJson.Default.Lot, "id", l => l.Id));
        keys.Should().HaveCount(5).And.OnlyHaveUniqueItems();
    }

    [Fact]
    public async Task A_timestamp_keys_plus_sign_and_microseconds_reach_the_server_as_it_wrote_them()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 1 });
        var table = new PostgrestTable("price", ("at", "timestamptz"), ("amount", "numeric"));
        world.Rest.Tables.Add(table);
        string[] times = ["2026-01-02T01:04:05.12+00:00", "2026-01-02T01:04:05.120001+00:00", "2026-01-02T01:04:05.120002+00:00"];
        foreach (var time in times)
        {
            table.Add($"\"{time}\"", "1.50");
        }

        (await world.KeysAsync(RealtimeTable.Define("price", SnapshotJson.Default.Price, "at", p => p.At))).Should().HaveCount(3);
        world.Rest.Requests[2].RequestUri!.Query.Should().Contain("at=gt.2026-01-02T01%3A04%3A05.120001%2B00%3A00");
    }

    [Fact]
    public async Task Names_with_every_character_of_an_address_change_nothing_in_it()
    {
        const string Hard = "a/../b?select&or#;+%2F i";
        var world = new SnapshotWorld { Rest = { Script = static (_, _) => FakePostgrest.Answer(200, "[]") } };
        await world.ScanAsync(world.Reader(RealtimeTable.Untyped(Hard, Hard).Where(RealtimeFilter.Where(Hard).Equal(Hard))));

        var address = world.Rest.Requests.Single().RequestUri!;
        var (name, quoted) = (Uri.EscapeDataString(Hard), Uri.EscapeDataString($"\"{Hard}\""));
        address.AbsolutePath.Should().EndWith("/rest/v1/" + name);
        address.Query.Should().Be($"?select=%2A&{quoted}=eq.{name}&order={quoted}.asc&limit=1000");
        address.Fragment.Should().BeEmpty();
    }

    [Fact]
    public async Task Every_request_selects_the_mapped_columns_and_carries_filter_and_tenant()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 1 });
        world.Part.Add("\"1\"", "\"co_1\"", "\"a,b\"");
        world.Part.Add("\"2\"", "\"co_2\"", "\"a,b\"");
        world.Part.Add("\"3\"", "\"co_1\"", "\"c\"");
        world.Part.Add("\"4\"", "\"co_1\"", "\"a,b\"");
        var table = SnapshotWorld.Parts.TenantScoped("companyId").Where(RealtimeFilter.Where("name").Equal("a,b"));
        var pages = await world.ScanAsync(world.Reader(table, "co_1"));
        pages.SelectMany(p => p.Rows).Select(r => r.Key).Should().Equal("1", "4");
        await world.ReadAsync(world.Reader(table, "co_1"), "1", "3");
        world.Rest.Queries.Should().HaveCount(4).And.OnlyContain(
            q => q.StartsWith("?select=companyId,id,name&companyId=eq.co_1&name=eq.a,b&", StringComparison.Ordinal));
        world.Rest.Queries.Take(3).Should().OnlyContain(q => q.Contains("&order=id.asc"));
        world.Rest.Queries.Should().NotContain(q => q.Contains("offset"));
    }

    [Fact]
    public void A_tenant_scoped_table_is_not_read_without_a_tenant()
    {
        var world = new SnapshotWorld();
        world.Invoking(w => w.Reader(SnapshotWorld.Parts.TenantScoped("companyId"))).Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public async Task Rows_of_another_tenant_are_dropped_key_and_all_and_said_aloud()
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (n, _) => FakePostgrest.Answer(200, n > 1 ? "[]"
            : """[{"companyId":"co_1","id":"1","name":null},{"companyId":"co_2","id":"planted","name":null},{"companyId":null,"id":"3","name":null}]""");
        var pages = await world.ScanAsync(world.Reader(SnapshotWorld.Parts.TenantScoped("companyId"), "co_1"));
        pages.Should().ContainSingle().Which.Rows.Select(r => r.Key).Should().Equal("1");
        pages[0].Foreign.Should().Be(2);
        pages[0].Unreadable.Should().BeEmpty();
        world.Log.Lines.Should().Contain(l => l.StartsWith("Error") && l.Contains("2 rows")).And.NotContain(l => l.Contains("planted"));
    }

    [Fact]
    public async Task A_total_is_counted_only_on_demand_and_read_though_its_header_has_no_unit()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 4 });
        world.AddNumbers(6);
        var pages = await world.ScanAsync(world.Reader(SnapshotWorld.Numbers), count: true);
        pages.Select(p => (p.RowsSoFar, p.Total)).Should().Equal((4, 6), (6, 6));
        (await world.ScanAsync(world.Reader(SnapshotWorld.Numbers))).Should().OnlyContain(p => p.Total == null);
        world.Rest.Requests.Count(r => r.Headers.Contains("Prefer")).Should().Be(1, "a count costs the database a count");
    }

    [Fact]
    public async Task A_time_out_of_the_database_halves_the_page_at_once_and_it_grows_again_slowly()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 8, MaxPageRows = 16 });
        world.AddNumbers(60);
        world.Rest.Script = (n, _) => n is 1 or 2 ? FakePostgrest.Error(500, "57014", "canceling statement due to statement timeout") : null;
        var before = world.Env.Time.GetUtcNow();
        (await world.KeysAsync(SnapshotWorld.Numbers)).Should().HaveCount(60);
        world.Env.Time.GetUtcNow().Should().Be(before, "a smaller request need not wait");
        world.Rest.Queries.Select(q => q[(q.IndexOf("limit=", StringComparison.Ordinal) + 6)..]).Should()
            .Equal(["8", "4", .. Enumerable.Repeat("2", 8), .. Enumerable.Repeat("4", 8), "8", "8", "8"]);
    }

    [Fact]
    public async Task A_gateway_that_drops_parts_of_the_address_does_not_make_a_scan_endless()
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (_, _) => FakePostgrest.Answer(200, """[{"id":1},{"id":2}]""");
        (await world.FailAsync()).Reason.Should().Be(RealtimeErrorReason.ProtocolViolation);
        world.Rest.Requests.Should().HaveCount(2);
    }

    [Fact]
    public async Task A_view_whose_key_is_null_is_told_apart_from_rows_and_cannot_be_paged()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 2 });
        world.Part.Add("\"1\"", "null", "null");
        world.Part.Add("null", "null", "null");
        var pages = await world.ScanAsync(world.Reader(SnapshotWorld.Parts));
        pages.Should().ContainSingle().Which.Unreadable.Should().ContainSingle().Which.HasKey.Should().BeFalse();

        world.Part.Rows.RemoveAt(0);
        var scan = () => world.ScanAsync(world.Reader(SnapshotWorld.Parts));
        (await scan.Should().ThrowAsync<RealtimeException>()).Which.Reason.Should().Be(RealtimeErrorReason.TableMisconfigured);
    }

    [Fact]
    public async Task Untyped_rows_select_every_column_and_keep_the_servers_text()
    {
        var world = new SnapshotWorld();
        world.Stock.Add("\"a\"", "\"b\"", "9007199254740993");
        var pages = await world.ScanAsync(world.Reader(RealtimeTable.Untyped("stock", "item", "order")));
        var (key, row) = pages[0].Rows[0];
        key.GetRawText().Should().Be("""["a",9007199254740993]""");
        row.GetProperty("order").GetRawText().Should().Be("9007199254740993");
        world.Rest.Queries[0].Should().StartWith("?select=*&order=");
        (await world.ReadAsync(world.Reader(RealtimeTable.Untyped("stock", "item", "order")), key))[0].Page.Rows.Should().ContainSingle();
    }

    [Fact]
    public void A_filter_too_long_for_an_address_is_refused_before_anything_is_asked()
    {
        var world = new SnapshotWorld();
        var table = SnapshotWorld.Parts.Where(RealtimeFilter.Where("name").In(Enumerable.Range(0, 900).Select(i => $"value-{i}")));
        world.Invoking(w => w.Reader(table)).Should().Throw<ArgumentException>().WithMessage("*gateways refuse*");
    }

    [Theory]
    [InlineData("""{"companyId":"co_1","id":"2","name":null}""", true)]
    [InlineData("""{"companyId":"co_2","id":"2","name":null}""", false)] // what answers for somebody else may have led past rows
    [InlineData("""{"companyId":"co_1","id":null,"name":null}""", false)] // it may be any row
    [InlineData("""{"companyId":"co_1","id":"2","name":{}}""", true)] // that row is there, only it cannot be shown
    public async Task A_scan_says_whether_what_no_page_had_is_proven_absent(string row, bool proves)
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (n, _) => FakePostgrest.Answer(
            200, n == 1 ? $$"""[{{row}},{"companyId":"co_1","id":"3","name":null}]""" : n == 2 ? """[{"companyId":"co_1","id":"4","name":null}]""" : "[]");
        ScanResult? result = null;
        await world.Env.RunAsync(world.Env.Environment.Scheduler.Start(async () =>
            result = await world.Reader(SnapshotWorld.Parts.TenantScoped("companyId"), "co_1").ScanAsync(false, _ => { }, default)));
        result.Should().Be(new ScanResult(3, 2, proves));
    }

    [Fact]
    public async Task A_key_that_is_no_text_ends_a_scan_as_a_fault_of_the_server()
    {
        var world = new SnapshotWorld();
        world.Rest.Script = (_, _) => FakePostgrest.Answer(200, """[{"id":"\ud800","companyId":null,"name":null}]""");
        var scan = () => world.ScanAsync(world.Reader(SnapshotWorld.Parts));
        (await scan.Should().ThrowAsync<RealtimeException>()).Which.Reason.Should().Be(RealtimeErrorReason.ProtocolViolation);
    }

    [Fact]
    public async Task Every_request_names_its_schema_for_the_servers_default_is_whichever_it_exposes_first()
    {
        var world = new SnapshotWorld();
        await world.KeysAsync(SnapshotWorld.Numbers);
        world.Rest.Requests.Should().OnlyContain(r => r.Headers.GetValues("Accept-Profile").Single() == "public" && r.Headers.Accept.ToString() == "application/json");
    }

    [Fact]
    public async Task A_page_that_grew_too_large_does_not_outgrow_the_most_rows_and_what_the_server_gives_is_looked_for_again_by_the_next_scan()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 4, MaxPageRows = 8 });
        world.AddNumbers(200);
        var reader = world.Reader(SnapshotWorld.Numbers);
        await world.ScanAsync(reader);
        Limits().Should().Contain("8").And.OnlyContain(l => l == "4" || l == "8");

        world.Rest.MaxRows = 2;
        world.Rest.Queries.Clear();
        await world.ScanAsync(reader);
        Limits().Should().Equal(["8", "8", .. Enumerable.Repeat("2", 99)]);

        world.Rest.MaxRows = 1000;
        world.Rest.Queries.Clear();
        await world.ScanAsync(reader);
        Limits().Should().Contain("8", "the limit was raised");

        IEnumerable<string> Limits() => world.Rest.Queries.Select(q => q[(q.IndexOf("limit=", StringComparison.Ordinal) + 6)..]);
    }

    [Fact]
    public async Task A_scans_short_last_page_says_nothing_of_what_the_server_gives_to_the_next_scan()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 4, MaxPageRows = 8 });
        world.AddNumbers(9);
        var reader = world.Reader(SnapshotWorld.Numbers);
        for (var scan = 0; scan < 10; scan++)
        {
            world.Rest.Queries.Clear();
            await world.ScanAsync(reader);
            world.Rest.Queries.Should().HaveCount(4).And.OnlyContain(q => q.EndsWith("limit=4"), "neither smaller for a short page nor larger for full ones with short ones between");
        }
    }

    [Fact]
    public async Task Pages_that_were_full_before_a_time_out_do_not_make_the_smaller_page_grow()
    {
        var world = new SnapshotWorld(limits: l => l with { PageRows = 8, MaxPageRows = 16 });
        world.AddNumbers(100);
        world.Rest.Script = (n, _) => n == 8 ? FakePostgrest.Error(500, "57014") : null;
        await world.KeysAsync(SnapshotWorld.Numbers);
        world.Rest.Queries.Select(q => q[(q.IndexOf("limit=", StringComparison.Ordinal) + 6)..]).Take(17).Should()
            .Equal([.. Enumerable.Repeat("8", 8), .. Enumerable.Repeat("4", 8), "8"]);
    }
}
