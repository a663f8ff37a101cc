using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>What a read answers: columns, spelling, order, pages, counts and headers.</summary>
public sealed class RestReadTests
{
    private readonly RestWorld _world = new();

    private RealtimeEmulator Emulator => _world.Emulator;

    [Theory]
    [InlineData("select=id,n:name", """[{"id":1,"n":"a \"b\"\u0001ü"}]""")]
    [InlineData("select=name,id", """[{"name":"a \"b\"\u0001ü","id":1}]""")]
    [InlineData("select=", """[{"id":1,"name":"a \"b\"\u0001ü","big":9007199254740993}]""")]
    [InlineData("select=*,id", """[{"id":1,"name":"a \"b\"\u0001ü","big":9007199254740993,"id":1}]""")]
    [InlineData("select= big , id", """[{"big":9007199254740993,"id":1}]""")]
    [InlineData("select=big::text", """[{"big":"9007199254740993"}]""")]
    [InlineData("select=id)junk", """[{"id":1}]""")]
    [InlineData("select=\"id\"", """[{"id":1}]""")]
    public async Task Columns_keep_the_order_of_the_request(string query, string body)
    {
        Emulator.CreateTable("part", static t => t.Column("id", "int4").Column("name", "text").Column("big", "int8").PrimaryKey("id"));
        Emulator.Insert("part", """{"id":1,"name":"a \"b\"\u0001ü","big":9007199254740993}""");
        (await _world.ReadAsync("part?" + query)).Body.Should().Be(body);
    }

    [Theory]
    [InlineData("select=id,", 400, "PGRST100")]
    [InlineData("select=id,,name", 400, "PGRST100")]
    [InlineData("select=no", 400, "42703")]
    [InlineData("select=ID", 400, "42703")]
    [InlineData("select=id.sum()", 400, "PGRST123")]
    [InlineData("select=count()", 400, "PGRST123")]
    [InlineData("select=id::int4", 501, "EMULATOR")]
    [InlineData("select=name->a", 501, "EMULATOR")]
    [InlineData("select=...other(id)", 501, "EMULATOR")]
    [InlineData("order=no", 400, "42703")]
    [InlineData("order=id.up", 400, "PGRST100")]
    [InlineData("order=id.nullslast.desc", 400, "PGRST100")]
    [InlineData("limit=-1", 416, "PGRST103")]
    public async Task What_is_wrong_with_a_request_is_told_by_its_code(string query, int status, string code)
    {
        Numbers(1);
        (await _world.ReadAsync("part?" + query)).Refusal.Should().Be((status, code));
    }

    [Fact]
    public async Task Values_are_spelled_as_PostgREST_does_where_Realtime_does_not()
    {
        Emulator.CreateTable("types", static t => t
            .Column("num", "numeric").Column("inf", "float8").Column("bin", "bytea").Column("fix", "bpchar").Column("bits", "bit").Column("raw", "json")
            .Column("doc", "jsonb").Column("at", "timestamptz").Column("scale", "numeric").Column("list", "_int4"));
        Emulator.Insert("types", """
            {"num":"NaN","inf":"-Infinity","bin":"\\x00ff","fix":"ab ","bits":"101","raw":{"b":1,  "a":1, "a":2},"doc":{"bb":1,"a":[1,2]},
            "at":"2026-01-05T01:00:00.120+01:00","scale":1.50,"list":[1,null]}
            """);
        (await _world.ReadAsync("types")).Body.Should().Be(
            """[{"num":"NaN","inf":"-Infinity","bin":"\\x00ff","fix":"ab ","bits":"101","raw":{"b":1,  "a":1, "a":2},"doc":{"a": [1, 2], "bb": 1}"""
            + ""","at":"2026-01-05T00:00:00.12+00:00","scale":1.50,"list":[1,null]}]""");
    }

    [Theory]
    [InlineData("a", "1 2 3 null")]
    [InlineData("a.asc.nullsfirst", "null 1 2 3")]
    [InlineData("a.desc", "null 3 2 1")]
    [InlineData("a.desc.nullslast", "3 2 1 null")]
    [InlineData("b,a.desc", "3 1 null 2")]
    public async Task Orders_have_PostgreSQLs_nulls(string order, string values)
    {
        Emulator.CreateTable("part", static t => t.Column("a", "int4").Column("b", "text"));
        Emulator.Insert("part", """{"a":1,"b":"x"}""");
        Emulator.Insert("part", """{"a":3,"b":"x"}""");
        Emulator.Insert("part", """{"a":2,"b":"y"}""");
        Emulator.Insert("part", """{"b":"y"}""");
        string.Join(' ', (await _world.ReadAsync($"part?order={order}")).Values).Should().Be(values);
    }

    [Fact]
    public async Task Without_an_order_none_is_promised_and_the_newest_comes_first()
    {
        Numbers(3);
        (await _world.ReadAsync("part")).Values.Should().Equal("3", "2", "1");
    }

    [Fact]
    public async Task The_servers_own_limit_cuts_without_a_word()
    {
        var world = new RestWorld(maxRows: 3);
        Numbers(5, world);
        var reply = await world.ReadAsync("part?order=id&limit=4");
        reply.Values.Should().Equal("1", "2", "3");
        (reply.Status, reply.Range).Should().Be((200, "0-2/*"));
        (await world.ReadAsync("part?order=id&offset=3")).Values.Should().Equal("4", "5");
    }

    [Theory]
    [InlineData("limit=2", "", 200, "0-1/*")]
    [InlineData("limit=2", "count=exact", 206, "0-1/5")]
    [InlineData("limit=2&offset=3", "count=exact", 206, "3-4/5")]
    [InlineData("limit=9", "count=exact", 200, "0-4/5")]
    [InlineData("limit=9", "count=none", 200, "0-4/*")]
    [InlineData("limit=0", "", 200, "*/*")]
    [InlineData("limit=0", "count=exact", 206, "*/5")]
    [InlineData("offset=5", "count=exact", 206, "*/5")]
    [InlineData("offset=9", "", 200, "*/*")]
    [InlineData("id=eq.9", "count=exact", 200, "*/0")]
    [InlineData("limit=x&offset=-3", "", 200, "0-4/*")]
    [InlineData("limit=2", "count=planned,handling=strict", 206, "0-1/5")]
    public async Task Counts_decide_the_status(string query, string prefer, int status, string range)
    {
        Numbers(5);
        var reply = await _world.ReadAsync("part?order=id&" + query, null, "GET", ("Prefer", prefer));
        (reply.Status, reply.Range).Should().Be((status, range));
    }

    [Fact]
    public async Task An_offset_beyond_the_counted_end_is_refused_and_so_are_unknown_preferences_under_strict_handling()
    {
        Numbers(5);
        (await _world.ReadAsync("part?offset=6", null, "GET", ("Prefer", "count=exact"))).Refusal.Should().Be((416, "PGRST103"));
        (await _world.ReadAsync("part", null, "GET", ("Prefer", "handling=strict, count=none"))).Refusal.Should().Be((400, "PGRST122"));
    }

    [Theory]
    [InlineData("1-2", "", "GET", "2 3")]
    [InlineData("3-", "", "GET", "4 5")]
    [InlineData("0-3", "offset=2", "GET", "3 4")]
    [InlineData("1-3", "limit=2", "GET", "2")]
    [InlineData("0-9", "offset=1&limit=2", "GET", "2 3")]
    [InlineData("items=1-2", "", "GET", "1 2 3 4 5")]
    [InlineData("1-2", "", "HEAD", "")]
    public async Task The_range_header_counts_rows_without_a_unit_and_only_for_GET(string range, string query, string method, string values)
    {
        Numbers(5);
        var reply = await _world.ReadAsync("part?order=id&" + query, null, method, ("Range", range));
        reply.Status.Should().Be(200);
        (reply.Body.Length == 0 ? "" : string.Join(' ', reply.Values)).Should().Be(values);
        reply.Range.Should().Be(method == "HEAD" ? "0-4/*" : $"{int.Parse(values[..1]) - 1}-{int.Parse(values[^1..]) - 1}/*");
    }

    [Fact]
    public async Task A_range_that_ends_before_it_begins_is_refused()
    {
        Numbers(5);
        (await _world.ReadAsync("part", null, "GET", ("Range", "3-2"))).Refusal.Should().Be((416, "PGRST103"));
    }

    [Fact]
    public async Task An_answer_says_what_it_is()
    {
        Numbers(2);
        var reply = await _world.ReadAsync("part?select=id&order=id", null, "GET", ("Prefer", "count=exact, tx=commit"));
        reply.Body.Should().Be("[{\"id\":1}, \n {\"id\":2}]");
        reply.Headers.Should().Contain(new Dictionary<string, string>
        {
            ["Content-Type"] = "application/json; charset=utf-8",
            ["Content-Location"] = "/part?order=id&select=id",
            ["Content-Profile"] = "public",
            ["Preference-Applied"] = "count=exact",
        });
    }

    [Fact]
    public async Task The_first_preference_of_a_kind_wins()
    {
        Numbers(2);
        var reply = await _world.ReadAsync("part", null, "GET", ("Prefer", "count=exact, handling=lenient, count=planned, handling=strict"));

        reply.Headers["Preference-Applied"].Should().Be("count=exact, handling=lenient");
    }

    [Fact]
    public async Task One_row_can_be_asked_for_and_must_be_one()
    {
        const string one = "application/vnd.pgrst.object+json";
        Numbers(2);
        (await _world.ReadAsync("part?id=eq.1&select=id", null, "GET", ("Accept", one))).Body.Should().Be("""{"id":1}""");
        (await _world.ReadAsync("part", null, "GET", ("Accept", one))).Refusal.Should().Be((406, "PGRST116"));
        (await _world.ReadAsync("part", null, "GET", ("Accept", "image/png"))).Refusal.Should().Be((406, "PGRST107"));
        (await _world.ReadAsync("part", null, "GET", ("Accept", "text/csv"))).Refusal.Should().Be((501, "EMULATOR"));
    }

    [Fact]
    public async Task A_row_named_by_a_foreign_key_is_embedded_as_jsonb_or_null()
    {
        Emulator.CreateTable("model", static t => t.Column("id", "text").Column("thumbnailPath", "text").Column("x", "int4").PrimaryKey("id"));
        Emulator.CreateTable("part", static t => t.Column("id", "int4").Column("modelId", "text").Column("oldModelId", "text").PrimaryKey("id")
            .ForeignKey("modelId", "model"));
        Emulator.Insert("model", """{"id":"m","thumbnailPath":"p","x":1}""");
        Emulator.Insert("part", """{"id":1,"modelId":"m"}""");
        Emulator.Insert("part", """{"id":2}""");

        const string embedded = """{"x": 1, "thumbnailPath": "p"}""";
        foreach (var (select, name) in (IEnumerable<(string, string)>)
            [("model(thumbnailPath,x)", "model"), ("m:modelId(thumbnailPath,x)", "m"), ("model!part_modelId_fkey(thumbnailPath,x)", "model")])
        {
            (await _world.ReadAsync($"part?order=id&select=id,{select}")).Body
                .Should().Be($$"""[{"id":1,"{{name}}":{{embedded}}}""" + ", \n " + $$"""{"id":2,"{{name}}":null}]""");
        }

        (await _world.ReadAsync("part?select=id,model!inner(x)")).Values.Should().Equal("1");
        (await _world.ReadAsync("part?select=id,supplier(x)")).Refusal.Should().Be((400, "PGRST200"));
        (await _world.ReadAsync("model?select=id,part(id)")).Refusal.Should().Be((501, "EMULATOR"));
        (await _world.ReadAsync("part?select=id,model(no)")).Refusal.Should().Be((400, "42703"));
        (await _world.ReadAsync("part?select=id,model(x)&model.x=eq.1")).Refusal.Should().Be((501, "EMULATOR"));
    }

    [Fact]
    public async Task An_embedded_row_is_the_readers_to_see_or_it_is_null()
    {
        Emulator.CreateTable("model", static t => t.Column("id", "text").Column("companyId", "text").PrimaryKey("id")
            .RowLevelSecurity(static (claims, row) => claims.Texts("companies").Contains(row.Text("companyId"))));
        Emulator.CreateTable("secret", static t => t.Column("id", "text").PrimaryKey("id").SelectPrivilege(static (role, _) => role == "service_role"));
        Emulator.CreateTable("part", static t => t.Column("id", "int4").Column("modelId", "text").Column("secretId", "text").PrimaryKey("id")
            .ForeignKey("modelId", "model").ForeignKey("secretId", "secret"));
        Emulator.Insert("model", """{"id":"m1","companyId":"co_1"}""");
        Emulator.Insert("model", """{"id":"m2","companyId":"co_2"}""");
        Emulator.Insert("part", """{"id":1,"modelId":"m1"}""");
        Emulator.Insert("part", """{"id":2,"modelId":"m2"}""");
        var token = Emulator.IssueToken("u1", claims: new JsonObject { ["companies"] = new JsonArray("co_1") });

        (await _world.ReadAsync("part?order=id&select=id,model(id)", token)).Body
            .Should().Be("""[{"id":1,"model":{"id": "m1"}}""" + ", \n " + """{"id":2,"model":null}]""");
        (await _world.ReadAsync("part?select=id,model!inner(id)", token)).Values.Should().Equal("1");
        (await _world.ReadAsync("part?select=id,secret(id)", token)).Refusal.Should().Be((403, "42501"));
        (await _world.ReadAsync("part?select=id,secret(id)")).Status.Should().Be(200);
    }

    [Fact]
    public async Task Two_foreign_keys_to_one_table_need_a_hint()
    {
        Emulator.CreateTable("part", static t => t.Column("id", "int4").Column("before", "int4").Column("after", "int4").PrimaryKey("id")
            .ForeignKey("before", "part").ForeignKey("after", "part"));
        Emulator.Insert("part", """{"id":1,"before":1}""");
        (await _world.ReadAsync("part?select=part(id)")).Refusal.Should().Be((300, "PGRST201"));
        (await _world.ReadAsync("part?select=part!before(id)")).Body.Should().Be("""[{"part":{"id": 1}}]""");
    }

    [Fact]
    public async Task A_view_shows_what_the_reader_may_see_of_its_tables()
    {
        Emulator.CreateTable("user", static t => t.Column("id", "text").Column("fullName", "text").PrimaryKey("id"));
        Emulator.CreateTable("employee", static t => t.Column("id", "text").Column("companyId", "text").PrimaryKey("id", "companyId")
            .RowLevelSecurity(static (claims, row) => claims.Texts("companies").Contains(row.Text("companyId"))));
        Emulator.CreateView("employees", static v => v.Column("id", "text").Column("name", "text").Column("companyId", "text").Rows(static reader =>
            from e in reader.Rows("employee")
            join u in reader.Rows("user") on e.Text("id") equals u.Text("id")
            select EmulatorJson.FromObject(new JsonObject { ["id"] = e.Text("id"), ["name"] = u.Text("fullName"), ["companyId"] = e.Text("companyId") })));
        Emulator.Insert("user", """{"id":"u1","fullName":"Ada"}""");
        Emulator.Insert("employee", """{"id":"u1","companyId":"co_1"}""");
        Emulator.Insert("employee", """{"id":"u1","companyId":"co_2"}""");

        var token = Emulator.IssueToken("u1", claims: new JsonObject { ["companies"] = new JsonArray("co_1") });
        (await _world.ReadAsync("employees?name=eq.Ada", token)).Body.Should().Be("""[{"id":"u1","name":"Ada","companyId":"co_1"}]""");
        (await _world.ReadAsync("employees", Emulator.AnonKey)).Body.Should().Be("[]");
        Emulator.Insert("employee", """{"id":"u2","companyId":"co_1"}""");
        (await _world.ReadAsync("employees", token)).Values.Should().Equal("u1");
    }

    [Fact]
    public async Task A_view_of_a_table_that_the_reader_has_no_privilege_on_is_refused()
    {
        Emulator.CreateTable("secret", static t => t.Column("id", "text").SelectPrivilege(static (role, _) => role == "service_role"));
        Emulator.CreateView("shown", static v => v.Column("id", "text").Rows(static r => r.Rows("secret").Select(static s => EmulatorJson.FromText(s.ToString()))));
        Emulator.Insert("secret", """{"id":"1"}""");
        (await _world.ReadAsync("shown", Emulator.IssueToken("u1"))).Refusal.Should().Be((403, "42501"));
        (await _world.ReadAsync("shown")).Values.Should().Equal("1");
    }

    [Fact]
    public void Views_cannot_be_subscribed_and_need_rows_and_a_name_of_their_own()
    {
        Numbers(1);
        var rowless = () => Emulator.CreateView("view", static v => v.Column("id", "int4"));
        var taken = () => Emulator.CreateView("part", static v => v.Column("id", "int4").Rows(static _ => []));
        rowless.Should().Throw<ArgumentException>();
        taken.Should().Throw<ArgumentException>();
    }

    [Fact]
    public async Task Generated_columns_follow_the_others_and_cannot_be_written()
    {
        Emulator.CreateTable("part", static t => t.Column("id", "int4").Column("a", "text").PrimaryKey("id")
            .GeneratedColumn("b", "text", static row => row.Text("a") + "!"));
        Emulator.Insert("part", """{"id":1,"a":"x"}""");
        Emulator.Update("part", 1, """{"a":"y"}""");
        (await _world.ReadAsync("part")).Body.Should().Be("""[{"id":1,"a":"y","b":"y!"}]""");
        var write = () => Emulator.Update("part", 1, """{"b":"z"}""");
        write.Should().Throw<ArgumentException>().WithMessage("428C9*");
    }

    [Fact]
    public async Task A_read_sees_the_instant_between_its_two_delays()
    {
        var world = new RestWorld(new EmulatorTiming
        {
            ReadDelay = EmulatorDelay.Exactly(TimeSpan.FromSeconds(1)),
            AnswerDelay = EmulatorDelay.Exactly(TimeSpan.FromSeconds(1)),
        });
        Numbers(1, world);
        var sending = world.SendAsync(world.Request("part?select=id&order=id"));
        world.World.Advance(TimeSpan.FromSeconds(0.5));
        world.Emulator.Insert("part", """{"id":2}""");
        world.World.Advance(TimeSpan.FromSeconds(1));
        world.Emulator.Insert("part", """{"id":3}""");
        world.World.Advance(TimeSpan.FromSeconds(0.4));
        sending.IsCompleted.Should().BeFalse();
        world.World.Advance(TimeSpan.FromSeconds(0.1));
        (await (await sending).Content.ReadAsStringAsync()).Should().Be("[{\"id\":1}, \n {\"id\":2}]");
    }

    [Fact]
    public async Task An_HttpClient_gets_its_answer_on_the_manual_scheduler()
    {
        Numbers(1);
        using var client = new HttpClient(Emulator.CreateHttpHandler());
        client.DefaultRequestHeaders.Add("apikey", Emulator.AnonKey);
        var getting = client.GetStringAsync(new Uri("http://db.test/rest/v1/part"));
        getting.IsCompleted.Should().BeFalse();
        _world.World.RunUntilIdle();
        getting.IsCompleted.Should().BeTrue("nothing of it ran anywhere else");
        (await getting).Should().Be("""[{"id":1}]""");
    }

    [Fact]
    public async Task A_cancelled_read_ends_on_the_manual_scheduler()
    {
        Numbers(1);
        using var cancel = new CancellationTokenSource();
        var world = new RestWorld(new EmulatorTiming { ReadDelay = EmulatorDelay.Exactly(TimeSpan.FromSeconds(1)) });
        var sending = world.SendAsync(world.Request("part"), cancel.Token);
        await cancel.CancelAsync();
        sending.IsCompleted.Should().BeFalse();
        world.World.RunUntilIdle();
        sending.IsCanceled.Should().BeTrue();
        world.World.Advance(TimeSpan.FromSeconds(2));
    }

    [Theory]
    [InlineData("GET", "part", null)]
    [InlineData("HEAD", "part", null)]
    [InlineData("GET", "seen", null)]
    [InlineData("POST", "part", """{"id":2}""")]
    [InlineData("PATCH", "part?id=eq.1", """{"id":3}""")]
    [InlineData("DELETE", "part?id=eq.1", null)]
    public async Task What_a_policy_or_a_view_throws_is_the_answer_and_looks_like_no_broken_network(string method, string target, string? body)
    {
        Emulator.CreateTable("part", static t => t.Column("id", "int4").Column("companyId", "text").PrimaryKey("id")
            .RowLevelSecurity(static (_, row) => row.Text("compnayId") == "co_1"));
        Emulator.CreateView("seen", static v => v.Column("id", "int4").Column("companyId", "text")
            .Rows(static all => all.Rows("part").Select(static r => EmulatorJson.FromText(r.ToString()))));
        Emulator.Insert("part", """{"id":1}""");

        var reply = await _world.ReadAsync(target, Emulator.AnonKey, method, body is null ? null : new StringContent(body), []);

        reply.Status.Should().Be(501);
        reply.Headers["Proxy-Status"].Should().Be("PostgREST; error=EMULATOR");
        Emulator.LastFault.Should().BeOfType<ArgumentException>();
        Emulator.Rows("part").Should().ContainSingle("nothing was written").Which.Text("id").Should().Be("1");
        if (method != "HEAD")
        {
            JsonNode.Parse(reply.Body)!["message"]!.ToString().Should().Be(
                "A policy, a view or a generated column threw ArgumentException: The table part has no column compnayId; it has id, companyId.");
        }
    }

    private void Numbers(int count, RestWorld? world = null)
    {
        world ??= _world;
        world.Emulator.CreateTable("part", static t => t.Column("id", "int4").PrimaryKey("id"));
        for (var i = 1; i <= count; i++)
        {
            world.Emulator.Insert("part", new JsonObject { ["id"] = i });
        }
    }
}
