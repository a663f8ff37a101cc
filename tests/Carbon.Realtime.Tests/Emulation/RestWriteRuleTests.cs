using System.Text;
using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>What PostgreSQL and PostgREST do about writes that are refused halfway, conflict, prefer something, or are nothing.</summary>
public sealed class RestWriteRuleTests
{
    private static readonly (string, string) Singular = ("Accept", "application/vnd.pgrst.object+json");

    private readonly RestWorld _world = new();

    public RestWriteRuleTests()
    {
        Emulator.CreateTable("item", static t => t.Column("id", "int4").Column("name", "text").Column("companyId", "text").Column("tags", "_text")
            .PrimaryKey("id").Unique("name", "companyId").RowLevelSecurity(static (claims, row) => claims.Texts("companies").Contains(row.Text("companyId"))));
        Emulator.Insert("item", """{"id":1,"name":"a","companyId":"co_1"}""");
        Emulator.Insert("item", """{"id":2,"name":"b","companyId":"co_2"}""");
    }

    private RealtimeEmulator Emulator => _world.Emulator;

    [Theory]
    [InlineData("PATCH", "item?id=gt.0", """{"name":"x"}""", "return=representation", "PGRST116", 406)]
    [InlineData("PATCH", "item?id=gt.0", """{"name":"x"}""", "return=minimal", "PGRST116", 406)]
    [InlineData("DELETE", "item?id=gt.0", null, "return=minimal", "PGRST116", 406)]
    [InlineData("DELETE", "item?id=gt.9", null, "return=representation", "PGRST116", 406)]
    [InlineData("POST", "item", """[{"id":3},{"id":4}]""", "return=representation", "PGRST116", 406)]
    public async Task One_object_on_demand_is_one_or_nothing_happened(string method, string target, string? body, string prefer, string code, int status)
    {
        var before = Rows();

        (await WriteAsync(method, target, body, null, ("Prefer", prefer), Singular)).Refusal.Should().Be((status, code));

        Rows().Should().Equal(before);
    }

    [Fact]
    public async Task Nobody_takes_over_a_row_that_the_policy_hides_from_him()
    {
        var upsert = ("Prefer", "resolution=merge-duplicates");
        (await WriteAsync("POST", "item", """{"id":2,"name":"mine","companyId":"co_1"}""", Member("co_1"), upsert)).Refusal.Should().Be((403, "42501"));
        (await WriteAsync("POST", "item", """{"id":1,"name":"mine"}""", Member("co_1"), upsert)).Refusal
            .Should().Be((403, "42501"), "the row that is proposed must be one of his, too");
        (await WriteAsync("POST", "item", """{"id":2,"companyId":"co_1"}""", Member("co_1"), ("Prefer", "resolution=ignore-duplicates"))).Status.Should().Be(201);
        Rows().Should().Equal("1 a co_1", "2 b co_2");

        (await WriteAsync("POST", "item", """{"id":1,"name":"mine","companyId":"co_1"}""", Member("co_1"), upsert)).Status.Should().Be(201);
        Rows().Should().Equal("1 mine co_1", "2 b co_2");
    }

    [Fact]
    public async Task A_conflict_is_one_of_a_unique_constraint_and_null_is_none()
    {
        var merge = ("Prefer", "resolution=merge-duplicates");
        (await WriteAsync("POST", "item?on_conflict=nothing", """{"id":3}""", null, merge)).Refusal.Should().Be((400, "42703"));
        (await WriteAsync("POST", "item?on_conflict=name", """{"id":3}""", null, merge)).Refusal.Should().Be((400, "42P10"));
        await WriteAsync("POST", "item?on_conflict=companyId,name", """{"name":"a","companyId":"co_1","tags":["t"]}""", null, merge);
        Emulator.Rows("item")[0].Text("tags").Should().Be("""["t"]""");
        await WriteAsync("POST", "item?on_conflict=name,companyId", """[{"id":3,"name":"n"},{"id":4,"name":"n"}]""", null, merge);
        Rows().Should().Equal("1 a co_1", "2 b co_2", "3 n ", "4 n ");
        (await WriteAsync("POST", "item", """{"id":9,"name":"b","companyId":"co_2"}""")).Refusal.Should().Be((409, "23505"), "the second constraint");
        (await WriteAsync("POST", "item", """[{"id":8,"name":"x"},{"id":8,"name":"y"}]""", null, merge)).Refusal
            .Should().Be((500, "21000"), "one statement does not touch a row twice");
        Rows().Should().HaveCount(4);
    }

    [Fact]
    public async Task A_write_of_too_many_rows_is_rolled_back_where_that_is_handled_strictly()
    {
        (await WriteAsync("PATCH", "item?id=gt.0", """{"name":"x"}""", null, ("Prefer", "handling=strict, max-affected=1"))).Refusal.Should().Be((400, "PGRST124"));
        (await WriteAsync("DELETE", "item?id=gt.0", null, null, ("Prefer", "handling=strict, max-affected=1"))).Refusal.Should().Be((400, "PGRST124"));
        Rows().Should().Equal("1 a co_1", "2 b co_2");

        var allowed = await WriteAsync("PATCH", "item?id=eq.1", """{"name":"x"}""", null, ("Prefer", "handling=strict, max-affected=1"));
        (allowed.Status, allowed.Headers["Preference-Applied"]).Should().Be((204, "handling=strict, max-affected=1"));
        var lenient = await WriteAsync("DELETE", "item?id=gt.0", null, null, ("Prefer", "max-affected=1"));
        (lenient.Status, lenient.Headers.ContainsKey("Preference-Applied")).Should().Be((204, false));
        Rows().Should().BeEmpty();
    }

    [Fact]
    public async Task Preferences_that_nobody_knows_are_ignored_or_refused()
    {
        var ignored = await WriteAsync("POST", "item", """{"id":2,"name":"x"}""", null, ("Prefer", "resolution=foo, return=minimal"));
        ignored.Refusal.Should().Be((409, "23505"), "it is no resolution");
        (await WriteAsync("POST", "item", """{"id":3}""", null, ("Prefer", "resolution=foo, handling=strict"))).Refusal.Should().Be((400, "PGRST122"));
        (await WriteAsync("POST", "item", """{"id":3}""", null, ("Prefer", "wait=10"))).Headers.ContainsKey("Preference-Applied").Should().BeFalse();
        (await WriteAsync("POST", "item", """{"id":4}""", null, ("Prefer", "timezone=America/New_York"))).Refusal.Should().Be((501, "EMULATOR"));
        (await _world.ReadAsync("item?id=eq.1", null, "GET", ("Prefer", "handling=strict, return=minimal, tx=commit, timezone=UTC"))).Status.Should().Be(200);
        Rows().Should().HaveCount(3);
    }

    [Fact]
    public async Task Headers_only_tell_where_the_row_is()
    {
        var made = await WriteAsync("POST", "item", """{"id":3}""", null, ("Prefer", "return=headers-only"));
        (made.Status, made.Body, made.Headers["Location"]).Should().Be((201, "", "/item?id=eq.3"));

        (await WriteAsync("POST", "item", """[{"id":4},{"id":5}]""", null, ("Prefer", "return=headers-only"))).Headers.ContainsKey("Location").Should().BeFalse();
        (await WriteAsync("POST", "item", """{"id":6}""")).Headers.ContainsKey("Location").Should().BeFalse();
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("[{}]")]
    public async Task A_patch_of_nothing_touches_no_row(string body)
    {
        var silent = await WriteAsync("PATCH", "item?id=gt.0", body);
        (silent.Status, silent.Range).Should().Be((204, "*/*"));
        (await WriteAsync("PATCH", "item?id=gt.0", body, null, ("Prefer", "return=representation"))).Body.Should().Be("[]");
        Rows().Should().Equal("1 a co_1", "2 b co_2");
    }

    [Fact]
    public async Task What_is_not_imitated_is_said_and_what_is_no_array_is_refused()
    {
        Emulator.CreateView("both", static v => v.Column("id", "int4").Rows(static _ => []));
        (await WriteAsync("POST", "both", """{"id":1}""")).Refusal.Should().Be((501, "EMULATOR"));
        (await WriteAsync("PATCH", "both?id=eq.1", """{"id":2}""")).Refusal.Should().Be((501, "EMULATOR"));
        (await WriteAsync("DELETE", "both?id=eq.1", null)).Refusal.Should().Be((501, "EMULATOR"));
        (await WriteAsync("PATCH", "item?id=eq.1", """[{"name":"x"},{"name":"y"}]""")).Refusal.Should().Be((501, "EMULATOR"));
        (await WriteAsync("POST", "item", """{"id":3,"tags":5}""")).Refusal.Should().Be((400, "22P02"));
        (await WriteAsync("POST", "item", """{"id":3,"name":"\ud800"}""")).Refusal.Should().Be((400, "PGRST102"));
        (await _world.ReadAsync("item?id=eq.1&order=id", null, "GET")).Status.Should().Be(200);
    }

    [Fact]
    public async Task An_api_key_is_a_key_and_no_users_token()
    {
        foreach (var token in (string[])[Emulator.IssueToken("u1"), Emulator.IssueToken("u1", "anon"), Emulator.Tokens.Issue(null, "authenticated")])
        {
            (await _world.ReadAsync("item", null, "GET", ("apikey", token))).Body.Should().Contain("Invalid API key");
        }

        (await _world.ReadAsync("item", null, "GET", ("apikey", Emulator.ServiceKey))).Status.Should().Be(200);
        (await _world.ReadAsync("item", null, "GET", ("apikey", Emulator.Tokens.Issue(null, "anon")))).Status.Should().Be(200, "the Supabase CLI's demo keys look like this");
    }

    private string[] Rows() => [.. Emulator.Rows("item").Select(static r => $"{r.Text("id")} {r.Text("name")} {r.Text("companyId")}")];

    private string Member(string company) => Emulator.IssueToken("u1", claims: new JsonObject { ["companies"] = new JsonArray(company) });

    private Task<RestReply> WriteAsync(string method, string target, string? body, string? token = null, params (string Name, string Value)[] headers) =>
        _world.ReadAsync(target, token, method, body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"), headers);
}
