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
    [InlineData("PATCH", "item", """{"name":"x"}""", 400, "21000")]
    [InlineData("PATCH", "item?id=eq.x", """{"name":"x"}""", 400, "22P02")]
    [InlineData("DELETE", "item", "", 400, "21000")]
    [InlineData("PUT", "item", "{}", 501, "EMULATOR")]
    public async Task What_is_refused_has_the_real_servers_code_and_did_nothing(string method, string target, string body, int status, string code)
    {
        Emulator.Insert("item", """{"id":1,"name":"first"}""");

        (await WriteAsync(method, target, body)).Refusal.Should().Be((status, code));

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
