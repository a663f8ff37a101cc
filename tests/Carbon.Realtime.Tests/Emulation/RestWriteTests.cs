using System.Text;
using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>Writes over PostgREST: what is answered, what becomes of the rows, and that subscribers hear of it.</summary>
public sealed class RestWriteTests
{
    private readonly RestWorld _world = new();

    public RestWriteTests()
    {
        Emulator.CreateTable("item", static t => t.Column("id", "int4").Column("name", "text", "\"new\"").Column("companyId", "text").PrimaryKey("id")
            .ReplicaIdentityFull().RowLevelSecurity(static (claims, row) => claims.Texts("companies").Contains(row.Text("companyId"))));
    }

    private RealtimeEmulator Emulator => _world.Emulator;

    [Fact]
    public async Task An_insert_answers_with_nothing_or_with_the_rows()
    {
        var silent = await WriteAsync("POST", "item", """{"id":1,"companyId":"co_1"}""");
        (silent.Status, silent.Body, silent.Range).Should().Be((201, "", "*/*"));

        var told = await WriteAsync(
            "POST", "item?select=id,name", """[{"id":2,"name":"b"},{"id":3,"name":"c"}]""", null, ("Prefer", "return=representation,count=exact"));
        (told.Status, told.Body, told.Range).Should().Be((201, """[{"id":2,"name":"b"}, """ + "\n" + """ {"id":3,"name":"c"}]""", "*/2"));
        told.Headers["Preference-Applied"].Should().Be("return=representation, count=exact");
        Names().Should().Equal("new", "b", "c");
    }

    [Fact]
    public async Task Minimal_is_asked_for_by_its_name_and_one_object_by_its_type()
    {
        const string one = "application/vnd.pgrst.object+json";
        var minimal = await WriteAsync("POST", "item", """{"id":1}""", null, ("Prefer", "return=minimal"));
        (minimal.Status, minimal.Body, minimal.Headers["Preference-Applied"]).Should().Be((201, "", "return=minimal"));

        var single = await WriteAsync("POST", "item?select=id", """{"id":2}""", null, ("Prefer", "return=representation"), ("Accept", one));
        (single.Status, single.Body, single.Headers["Content-Type"]).Should().Be((201, """{"id":2}""", one + "; charset=utf-8"));
        (await WriteAsync("PATCH", "item?id=gt.0&select=id", """{"name":"x"}""", null, ("Prefer", "return=representation"), ("Accept", one)))
            .Refusal.Should().Be((406, "PGRST116"));
    }

    [Fact]
    public async Task A_write_is_of_the_schema_that_its_own_header_names()
    {
        Emulator.CreateTable("note", static t => t.Column("id", "int4").PrimaryKey("id"), "graphql_public");

        (await WriteAsync("POST", "note", """{"id":1}""", null, ("Accept-Profile", "graphql_public"))).Refusal.Should().Be((404, "PGRST205"));
        (await WriteAsync("POST", "note", """{"id":1}""", null, ("Content-Profile", "graphql_public"))).Status.Should().Be(201);

        Emulator.Rows("graphql_public.note").Should().ContainSingle();
    }

    [Fact]
    public async Task What_is_written_may_be_hidden_from_who_writes_it()
    {
        Emulator.CreateTable("wage", static t => t.Column("id", "int4").Column("amount", "int4").PrimaryKey("id")
            .SelectPrivilege(static (role, column) => role == "service_role" || column == "id"));
        var token = Emulator.IssueToken("u1");

        (await WriteAsync("POST", "wage", """{"id":1,"amount":5}""", token)).Status.Should().Be(201);
        (await WriteAsync("POST", "wage", """{"id":2,"amount":5}""", token, ("Prefer", "return=representation"))).Refusal.Should().Be((403, "42501"));
        (await WriteAsync("POST", "wage?select=id", """{"id":3,"amount":5}""", token, ("Prefer", "return=representation"))).Body.Should().Be("""[{"id":3}]""");

        Emulator.Rows("wage").Select(static r => r.Text("id")).Should().Equal("1", "3");
    }

    [Fact]
    public async Task A_write_needs_a_key_and_a_row_that_can_be_named_in_the_log()
    {
        (await WriteAsync("POST", "item", """{"id":1}""", null, ("apikey", ""))).Status.Should().Be(401);
        Emulator.Rows("item").Should().BeEmpty();

        Emulator.SetReplicaIdentity("item", EmulatorReplicaIdentity.Nothing);
        await WriteAsync("POST", "item", """{"id":1}""");
        (await WriteAsync("DELETE", "item?id=eq.1", null)).Refusal.Should().Be((500, "55000"));
    }

    [Fact]
    public async Task Faults_of_reads_leave_writes_alone()
    {
        Emulator.Faults.FailReads(1, EmulatorReadFault.StatementTimeout);

        (await WriteAsync("POST", "item", """{"id":1}""")).Status.Should().Be(201);

        (await _world.ReadAsync("item")).Status.Should().Be(500);
    }

    [Fact]
    public async Task Columns_that_an_object_lacks_are_null_unless_defaults_are_asked_for()
    {
        await WriteAsync("POST", "item?columns=\"id\",\"name\"", """[{"id":1,"name":"a","ignored":1},{"id":2}]""");
        await WriteAsync("POST", "item?columns=id,name", """[{"id":3}]""", null, ("Prefer", "missing=default"));

        Names().Should().Equal("a", null, "new");
    }

    [Fact]
    public async Task An_upsert_merges_or_leaves_what_is_there()
    {
        await WriteAsync("POST", "item", """{"id":1,"name":"a","companyId":"co_1"}""");

        await WriteAsync("POST", "item", """[{"id":1,"name":"b"},{"id":2,"name":"c"}]""", null, ("Prefer", "resolution=merge-duplicates"));
        Names().Should().Equal("b", "c");
        Emulator.Rows("item")[0].Text("companyId").Should().Be("co_1", "what is not named is not touched");

        (await WriteAsync("POST", "item?on_conflict=name", """{"id":9,"name":"c"}""", null, ("Prefer", "resolution=ignore-duplicates"))).Refusal
            .Should().Be((400, "42P10"), "nothing says that names are unique");
        await WriteAsync("POST", "item", """[{"id":2,"name":"x"},{"id":3,"name":"d"}]""", null, ("Prefer", "resolution=ignore-duplicates"));
        Names().Should().Equal("b", "c", "d");
    }

    [Fact]
    public async Task Updates_and_deletes_touch_the_visible_rows_that_match()
    {
        await WriteAsync("POST", "item", """[{"id":1,"companyId":"co_1"},{"id":2,"companyId":"co_1"},{"id":3,"companyId":"co_2"}]""");

        var updated = await WriteAsync("PATCH", "item?id=gt.1&select=id", """{"name":"x"}""", Member("co_1"), ("Prefer", "return=representation"));
        (updated.Status, updated.Body, updated.Range).Should().Be((200, """[{"id":2}]""", "0-0/*"));
        Names().Should().Equal("new", "x", "new");

        var deleted = await WriteAsync("DELETE", "item?id=in.(1,3)", null, Member("co_1"), ("Prefer", "count=exact"));
        (deleted.Status, deleted.Body, deleted.Range).Should().Be((204, "", "*/1"));
        Emulator.Rows("item").Select(static r => r.Text("id")).Should().Equal("2", "3");
    }

    [Theory]
    [InlineData("POST", "nothing", "{}", 404, "PGRST205")]
    [InlineData("POST", "item", "{", 400, "PGRST102")]
    [InlineData("POST", "item", "[1]", 400, "PGRST102")]
    [InlineData("POST", "item", """[{"id":5},{"name":"x"}]""", 400, "PGRST102")]
    [InlineData("POST", "item", """{"nothing":1}""", 400, "PGRST204")]
    [InlineData("POST", "item", """{"id":"many"}""", 400, "22P02")]
    [InlineData("POST", "item", """[{"id":5},{"id":1}]""", 409, "23505")]
    [InlineData("POST", "item?on_conflict=nothing", """{"id":5}""", 400, "42703")]
    [InlineData("PATCH", "item", """{"name":"x"}""", 400, "21000")]
    [InlineData("PATCH", "item?id=eq.x", """{"name":"x"}""", 400, "22P02")]
    [InlineData("DELETE", "item", "", 400, "21000")]
    [InlineData("PUT", "item", "{}", 501, "EMULATOR")]
    public async Task What_is_refused_has_the_real_servers_code_and_did_nothing(string method, string target, string body, int status, string code)
    {
        Emulator.Insert("item", """{"id":1,"name":"first"}""");

        (await WriteAsync(method, target, body, null, ("Prefer", target.Contains("on_conflict") ? "resolution=merge-duplicates" : ""))).Refusal.Should().Be((status, code));

        Names().Should().Equal("first");
    }

    [Fact]
    public async Task Nobody_writes_a_row_that_the_policy_hides_from_him()
    {
        Emulator.Insert("item", """{"id":1,"companyId":"co_1"}""");

        (await WriteAsync("POST", "item", """{"id":2,"companyId":"co_2"}""", Member("co_1"))).Refusal.Should().Be((403, "42501"));
        (await WriteAsync("PATCH", "item?id=eq.1", """{"companyId":"co_2"}""", Member("co_1"))).Refusal.Should().Be((403, "42501"));
        (await WriteAsync("POST", "item", """{"id":2,"companyId":"co_2"}""", Emulator.AnonKey)).Refusal.Should().Be((401, "42501"));

        Emulator.Rows("item").Should().ContainSingle().Which.Text("companyId").Should().Be("co_1", "a refused write is rolled back");
    }

    [Fact]
    public async Task An_upsert_takes_nothing_from_a_row_that_the_policy_hides()
    {
        Emulator.Insert("item", """{"id":1,"companyId":"co_2"}""");

        (await WriteAsync("POST", "item", """{"id":1,"companyId":"co_1"}""", Member("co_1"), ("Prefer", "resolution=merge-duplicates"))).Refusal.Should().Be((403, "42501"));
        (await WriteAsync("POST", "item", """{"id":1,"companyId":"co_1"}""", Member("co_1"), ("Prefer", "resolution=ignore-duplicates"))).Status.Should().Be(201);

        Emulator.Rows("item").Should().ContainSingle().Which.Text("companyId").Should().Be("co_2");
    }

    [Fact]
    public async Task Where_one_object_is_asked_for_a_write_of_several_rows_does_nothing()
    {
        await WriteAsync("POST", "item", """[{"id":1},{"id":2}]""");

        foreach (var (method, target, body) in (IEnumerable<(string, string, string?)>)
            [("POST", "item", """[{"id":3},{"id":4}]"""), ("PATCH", "item?id=gt.0", """{"name":"x"}"""), ("DELETE", "item?id=gt.0", null)])
        {
            (await WriteAsync(method, target, body, null, ("Accept", "application/vnd.pgrst.object+json"))).Refusal.Should().Be((406, "PGRST116"), method);
        }

        Names().Should().Equal("new", "new");
    }

    [Fact]
    public async Task A_view_cannot_be_written()
    {
        Emulator.CreateView("items", static v => v.Column("id", "int4").Rows(static r => r.Rows("item").Select(static i => EmulatorJson.FromText($$"""{"id":{{i.Text("id")}}}"""))));
        Emulator.Insert("item", """{"id":1}""");

        (await WriteAsync("POST", "items", """{"id":2}""")).Refusal.Should().Be((501, "EMULATOR"));
        (await WriteAsync("DELETE", "items?id=eq.1", null)).Refusal.Should().Be((501, "EMULATOR"));
    }

    [Fact]
    public async Task An_update_of_no_columns_changes_no_rows()
    {
        Emulator.Insert("item", """{"id":1}""");

        var updated = await WriteAsync("PATCH", "item?id=eq.1", "{}", null, ("Prefer", "return=representation"));

        (updated.Status, updated.Body).Should().Be((200, "[]"));
    }

    [Fact]
    public async Task Subscribers_hear_of_a_write_once()
    {
        var peer = new RecordingPeer();
        var connecting = Emulator.ConnectAsync(new EmulatorConnectRequest("/realtime/v1/websocket", $"?apikey={Emulator.ServiceKey}&vsn=2.0.0", []), peer).AsTask();
        _world.World.RunUntilIdle();
        (await connecting).Receive(EmulatorWorld.JoinFrame("""{"event":"*","schema":"public","table":"item"}"""));
        _world.World.RunUntilIdle();
        peer.Take();

        await WriteAsync("POST", "item", """{"id":1,"name":"a"}""");
        await WriteAsync("PATCH", "item?id=eq.1", """{"name":"b"}""");
        await WriteAsync("POST", "item", """{"id":1}""");
        await WriteAsync("DELETE", "item?id=eq.1", null);
        _world.World.RunUntilIdle();

        peer.Take().Select(static f => JsonNode.Parse(f)![4]!["data"]!).Select(static d => $"{d["type"]} {d["record"]?["name"] ?? d["old_record"]?["id"]}")
            .Should().Equal("INSERT a", "UPDATE b", "DELETE 1");
    }

    private string?[] Names() => [.. Emulator.Rows("item").Select(static r => r.Text("name"))];

    private string Member(string company) => Emulator.IssueToken("u1", claims: new JsonObject { ["companies"] = new JsonArray(company) });

    private Task<RestReply> WriteAsync(string method, string target, string? body, string? token = null, params (string Name, string Value)[] headers) =>
        _world.ReadAsync(target, token, method, body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"), headers);
}
