using System.Text.Json;
using System.Text.Json.Nodes;
using Carbon.Realtime.Snapshots;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Snapshots;
using FsCheck;
using FsCheck.Fluent;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>
/// Three writers of one protocol who share no code: the client's reader reads through the emulator what the emulator's tables hold, and the
/// emulator and the reader's own test server answer alike.
/// </summary>
public sealed class RestDifferentialTests
{
    private static readonly string[] HardTexts =
        ["a", "B", "c,d", "e.f", "g+h", "i j", " k", "l\"m", "n\\o", "p)q", "(r", "s;t", "ü&ß=", "100%", "a*b", "null", "", "eq.x", "日本", "\"z\"", "{u}", "v "];

    private static readonly string[] Columns = ["id", "uid", "n"];

    [Fact]
    public async Task Composite_keys_of_every_character_are_read_across_pages_of_one_row()
    {
        var (world, emulator) = Open(l => l with { PageRows = 1, MaxPageRows = 1 });
        emulator.CreateTable("stock", static t => t.Column("item", "text").Column("shelf", "text").Column("order", "int8").PrimaryKey("item", "shelf"));
        foreach (var text in HardTexts)
        {
            emulator.Insert("stock", new JsonObject { ["item"] = "x", ["shelf"] = text, ["order"] = 1 });
            emulator.Insert("stock", new JsonObject { ["item"] = text, ["shelf"] = "y", ["order"] = 2 });
        }

        (await world.KeysAsync(SnapshotWorld.Stocks)).Should().OnlyHaveUniqueItems()
            .And.BeEquivalentTo(emulator.Rows("stock").Select(static r => (r.Text("item")!, r.Text("shelf")!)));
        (await world.KeysAsync(SnapshotWorld.OrderedStocks)).Should().HaveCount(2 * HardTexts.Length);
    }

    [Fact]
    public async Task The_servers_limit_may_fall_during_a_scan()
    {
        var (world, emulator) = Open(maxRows: 70);
        emulator.CreateTable("number", static t => t.Column("id", "int8").PrimaryKey("id"));
        for (var i = 1; i <= 300; i++)
        {
            emulator.Insert("number", new JsonObject { ["id"] = i });
        }

        var keys = new List<long>();
        var reader = world.Reader(SnapshotWorld.Numbers);
        await world.Env.RunAsync(world.Env.Environment.Scheduler.Start(() => reader.ScanAsync(true, page =>
        {
            page.Total.Should().Be(300);
            keys.AddRange(page.Rows.Select(static r => r.Key));
            emulator.Faults.MaxRows = 13;
        }, default)));
        keys.Should().Equal(Enumerable.Range(1, 300).Select(static i => (long)i));
    }

    [Fact]
    public async Task Rows_of_others_are_not_there()
    {
        foreach (var company in (string[])["co_1", "co_2", "co_3"])
        {
            var (world, emulator) = Open();
            world.Tokens.Token = emulator.IssueToken("u1", claims: new JsonObject { ["companies"] = new JsonArray(company) });
            emulator.CreateTable("part", static t => t.Column("id", "text").Column("companyId", "text").Column("name", "text").PrimaryKey("id")
                .RowLevelSecurity(static (claims, row) => claims.Texts("companies").Contains(row.Text("companyId"))));
            emulator.Insert("part", """{"id":"1","companyId":"co_1"}""");
            emulator.Insert("part", """{"id":"2","companyId":"co_2"}""");
            var ours = emulator.Rows("part").Where(r => r.Text("companyId") == company).Select(static r => r.Text("id")!).ToArray();
            (await world.KeysAsync(SnapshotWorld.Parts)).Should().Equal(ours);
            (await world.ReadAsync(world.Reader(SnapshotWorld.Parts), "1", "2")).Should().ContainSingle()
                .Which.Absent.Should().Equal(((string[])["1", "2"]).Except(ours));
        }
    }

    [Fact]
    public async Task Given_keys_are_read_in_batches_and_those_without_a_row_are_told()
    {
        var (world, emulator) = Open(maxRows: 30);
        emulator.CreateTable("part", static t => t.Column("id", "text").Column("companyId", "text").Column("name", "text").PrimaryKey("id"));
        string[] keys = [.. HardTexts, .. Enumerable.Range(0, 250).Select(static i => $"k,{i}")];
        foreach (var key in keys.Where(static k => !k.EndsWith('7')))
        {
            emulator.Insert("part", new JsonObject { ["id"] = key });
        }

        var reads = await world.ReadAsync(world.Reader(SnapshotWorld.Parts), keys);
        reads.SelectMany(static r => r.Page.Rows).Select(static r => r.Key).Should().BeEquivalentTo(keys.Where(static k => !k.EndsWith('7')));
        reads.SelectMany(static r => r.Absent).Should().BeEquivalentTo(keys.Where(static k => k.EndsWith('7')));
    }

    [Fact]
    public async Task Faults_of_a_read_are_what_the_client_takes_them_for()
    {
        var (world, emulator) = Open();
        emulator.CreateTable("number", static t => t.Column("id", "int8").PrimaryKey("id"));
        emulator.Insert("number", """{"id":1}""");
        foreach (var fault in (IEnumerable<EmulatorReadFault>)
            [EmulatorReadFault.StatementTimeout, EmulatorReadFault.DatabaseUnavailable, EmulatorReadFault.TruncatedBody(3), EmulatorReadFault.StalledBody(3),
                EmulatorReadFault.NoAnswer, EmulatorReadFault.Unreachable, EmulatorReadFault.WrongContentType("text/html"),
                EmulatorReadFault.Answer(521, "text/html", "<html>")])
        {
            emulator.Faults.FailReads(1, fault);
            (await world.KeysAsync(SnapshotWorld.Numbers)).Should().Equal(new long[] { 1 }, fault.Kind.ToString());
        }

        emulator.Faults.FailReads(1, EmulatorReadFault.PermissionDenied);
        (await world.FailAsync()).Reason.Should().Be(RealtimeErrorReason.PermissionDenied);
        emulator.Faults.FailReads(2, EmulatorReadFault.TokenExpired);
        (await world.FailAsync()).Reason.Should().Be(RealtimeErrorReason.TokenExpired);
    }

    [Fact]
    public void The_emulator_and_the_readers_test_server_answer_alike()
    {
        var env = new ManualEnvironment();
        var emulator = new RealtimeEmulator(new EmulatorOptions { Environment = env.Environment, MaxRows = 7 });
        emulator.CreateTable("t", static t => t.Column("id", "int8").Column("uid", "uuid").Column("n", "int8").PrimaryKey("id"));
        var oracle = new PostgrestTable("t", ("id", "int8"), ("uid", "uuid"), ("n", "int8"));
        for (var i = 0; i < 20; i++)
        {
            var uid = new Guid(i * 7919 % 23, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10).ToString();
            var n = i % 3 == 0 ? "null" : $"{i * 31 % 11}";
            emulator.Insert("t", $$"""{"id":{{i}},"uid":"{{uid}}","n":{{n}}}""");
            oracle.Add($"{i}", $"\"{uid}\"", n);
        }

        using var theirs = new HttpMessageInvoker(new FakePostgrest { Tables = { oracle }, MaxRows = 7 });
        using var ours = new HttpMessageInvoker(emulator.CreateHttpHandler());
        var uids = emulator.Rows("t").Select(static r => r.Text("uid")!).ToArray();

        Prop.ForAll(Queries(uids).ToArbitrary(), query =>
        {
            var answer = Ask(env, ours, emulator.AnonKey, query);
            var expected = Ask(env, theirs, emulator.AnonKey, query);
            return IsSame(answer, expected, query) ? true : throw new InvalidOperationException($"{query}\n{answer}\n{expected}");
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));
    }

    private static (int Status, string Body) Ask(ManualEnvironment env, HttpMessageInvoker http, string key, string query)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("http://db.test/rest/v1/t?" + query));
        request.Headers.TryAddWithoutValidation("apikey", key);
        request.Headers.TryAddWithoutValidation("Prefer", "count=exact");
        var sending = http.SendAsync(request, default);
        env.RunUntilIdle();
        using var response = sending.GetAwaiter().GetResult();
        using var reader = new StreamReader(response.Content.ReadAsStream());
        return ((int)response.StatusCode, reader.ReadToEnd());
    }

    /// <summary>Of several errors the emulator tells an unknown column first, as PostgreSQL does, and the other server the leftmost.</summary>
    private static bool IsSame((int Status, string Body) answer, (int Status, string Body) expected, string query)
    {
        var (x, y) = (JsonDocument.Parse(answer.Body).RootElement, JsonDocument.Parse(expected.Body).RootElement);
        return answer.Status == expected.Status && (x.ValueKind == JsonValueKind.Array || y.ValueKind == JsonValueKind.Array
            ? JsonElement.DeepEquals(x, y)
            : x.GetProperty("code").GetString() is var code && (code == y.GetProperty("code").GetString() || (code == "42703" && query.Contains("no"))));
    }

    /// <summary>What both speak: every operator of theirs, groups, lists, quotes, orders, limits and what is wrong with them.</summary>
    private static Gen<string> Queries(string[] uids)
    {
        var number = Gen.Frequency((12, Gen.Choose(-1, 21).Select(static n => $"{n}")), (1, Gen.Elements("x", "", "1.5")));
        var uid = Gen.Frequency((12, Gen.Elements(uids)), (1, Gen.Elements("x", "")));
        var pair = Gen.OneOf(
            from column in Gen.Elements("id", "n") from value in number select (column, value), from value in uid select ("uid", value));
        var scalar =
            from p in pair
            from op in Gen.Elements("eq", "neq", "gt", "gte", "lt", "lte")
            from quoted in Gen.Elements(true, false)
            select (Column: p.Item1, Plain: $"{op}.{p.Item2}", InGroup: $"{op}.{(quoted ? $"\"{p.Item2}\"" : p.Item2)}");
        var list =
            from p in pair.Where(static p => p.Item2.Length > 0)
            from more in Gen.Choose(-1, 21).ListOf()
            from quoted in Gen.Elements(true, false)
            let elements = p.Item1 == "uid" ? [p.Item2] : more.Select(static m => $"{m}").Prepend(p.Item2)
            let text = $"in.({string.Join(',', elements.Select(e => quoted ? $"\"{e}\"" : e))})"
            select (Column: p.Item1, Plain: text, InGroup: text);
        var isNull = Gen.Elements("id", "n").Select(static c => (Column: c, Plain: "is.null", InGroup: "is.null"));
        var condition =
            from c in Gen.Frequency((5, scalar), (2, list), (1, isNull), (1, Gen.Constant((Column: "no", Plain: "eq.1", InGroup: "eq.1"))))
            from negated in Gen.Elements("", "", "not.")
            select (c.Column, Plain: negated + c.Plain, InGroup: $"{c.Column}.{negated}{c.InGroup}");
        var conditions =
            from kind in Gen.Elements("and", "or")
            from parts in condition.Select(static c => c.InGroup).NonEmptyListOf()
            select (kind, parts: parts.Take(4).ToList());
        var nested =
            from outer in conditions
            from inner in conditions
            select $"{outer.kind}=({string.Join(',', outer.parts.Append($"{inner.kind}({string.Join(',', inner.parts)})"))})";

        // Always unique at its end: no order is promised among equals.
        var order =
            from columns in Gen.Shuffle(Columns)
            from count in Gen.Choose(0, 2)
            select "order=" + string.Join(',', columns.Take(count).Where(static c => c != "id").Append("id").Select(static c => c + ".asc"));
        return
            from filters in Gen.OneOf(condition.Select(static c => $"{c.Column}={c.Plain}"), nested).ListOf()
            from sorted in order
            from limit in Gen.Choose(0, 9)
            from selected in Gen.Elements("", "&select=id", "&select=n,uid", "&select=*")
            select string.Join('&', filters.Take(3).Append(sorted).Append($"limit={limit}")) + selected;
    }

    private static (SnapshotWorld World, RealtimeEmulator Emulator) Open(
        Func<SnapshotLimits, SnapshotLimits>? limits = null, int maxRows = 1000)
    {
        // Emulators with equal secrets and clocks have equal keys: this one's is needed before the world that the other lives in.
        using var twin = new RealtimeEmulator(new EmulatorOptions { Environment = new ManualEnvironment().Environment });
        var world = new SnapshotWorld(twin.AnonKey, limits);
        var emulator = new RealtimeEmulator(new EmulatorOptions { Environment = world.Env.Environment, MaxRows = maxRows });
        world.Handler = emulator.CreateHttpHandler();
        world.Tokens.Token = emulator.IssueToken("u1", expiresIn: TimeSpan.FromDays(1));
        return (world, emulator);
    }
}
