using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>Who may read what, and how the others are told.</summary>
public sealed class RestRefusalTests
{
    private readonly RestWorld _world = new();

    public RestRefusalTests()
    {
        Emulator.CreateTable("item", static t => t.Column("id", "text").Column("companyId", "text").PrimaryKey("id")
            .RowLevelSecurity(static (claims, row) => claims.Texts("companies").Contains(row.Text("companyId"))));
        Emulator.CreateTable("granted", static t => t.Column("id", "text").Column("salary", "text")
            .SelectPrivilege(static (role, column) => role == "service_role" || (role == "authenticated" && column == "id")));
        Emulator.CreateTable("hidden", static t => t.Column("id", "text"), "secret");
        Emulator.Insert("item", """{"id":"1","companyId":"co_1"}""");
        Emulator.Insert("item", """{"id":"2","companyId":"co_2"}""");
        Emulator.Insert("granted", """{"id":"1"}""");
    }

    private RealtimeEmulator Emulator => _world.Emulator;

    [Fact]
    public async Task Row_level_security_hides_rows_without_an_error()
    {
        (await _world.ReadAsync("item?order=id", Member("co_2"))).Values.Should().Equal("2");
        (await _world.ReadAsync("item?order=id", Emulator.AnonKey)).Body.Should().Be("[]");
        (await _world.ReadAsync("item?order=id", Emulator.ServiceKey)).Values.Should().Equal("1", "2");
        var counted = await _world.ReadAsync("item", Member("co_2"), "GET", ("Prefer", "count=exact"));
        counted.Range.Should().Be("0-0/1", "hidden rows are not counted either");
    }

    [Theory]
    [InlineData("", "anon")]
    [InlineData("Basic abc", "anon")]
    public async Task Without_a_bearer_token_the_reader_is_anon(string authorization, string role)
    {
        Emulator.CreateTable("whoami", static t => t.Column("id", "text").RowLevelSecurity(static (claims, row) => claims.Role == row.Text("id")));
        Emulator.Insert("whoami", """{"id":"anon"}""");
        Emulator.Insert("whoami", """{"id":"authenticated"}""");
        (await _world.ReadAsync("whoami", null, "GET", ("Authorization", authorization))).Values.Should().Equal(role);
    }

    [Fact]
    public async Task A_token_expires_half_a_minute_late()
    {
        var token = Emulator.IssueToken("u1", expiresIn: TimeSpan.FromSeconds(10));
        _world.World.Advance(TimeSpan.FromSeconds(39));
        (await _world.ReadAsync("item", token)).Status.Should().Be(200);
        _world.World.Advance(TimeSpan.FromSeconds(1));
        var reply = await _world.ReadAsync("item", token);
        reply.Refusal.Should().Be((401, "PGRST303"));
        reply.Headers["WWW-Authenticate"].Should().Be("Bearer");
        reply.Headers["Proxy-Status"].Should().Be("PostgREST; error=PGRST303");
    }

    [Fact]
    public async Task A_token_is_valid_half_a_minute_early()
    {
        var now = _world.World.Time.GetUtcNow();
        string From(int seconds) => Emulator.IssueToken("u1", claims: new JsonObject { ["nbf"] = now.AddSeconds(seconds).ToUnixTimeSeconds() });

        (await _world.ReadAsync("item", From(30))).Status.Should().Be(200);
        (await _world.ReadAsync("item", From(31))).Refusal.Should().Be((401, "PGRST303"));
    }

    [Fact]
    public async Task An_address_may_be_as_long_as_the_gateways_buffer()
    {
        // The buffer is 8192 bytes, for the method and the version too.
        var most = new string('x', 8192 - "GET /rest/v1/item?id=eq. HTTP/1.1".Length);
        (await _world.ReadAsync($"item?id=eq.{most}")).Status.Should().Be(200);
        (await _world.ReadAsync($"item?id=eq.{most}x")).Status.Should().Be(414);
    }

    [Fact]
    public async Task Bad_tokens_are_told_apart_by_their_codes()
    {
        (await _world.ReadAsync("item", "garbage")).Refusal.Should().Be((401, "PGRST301"));
        (await _world.ReadAsync("item", " ")).Refusal.Should().Be((401, "PGRST301"));
        (await _world.ReadAsync("item", "sb_publishable_x")).Refusal.Should().Be((401, "PGRST301"));
        (await _world.ReadAsync("item", Emulator.Tokens.Sign(new JsonObject { ["role"] = "anon" }, "another-secret-of-at-least-32-characters")))
            .Refusal.Should().Be((401, "PGRST301"));
        (await _world.ReadAsync("item", Emulator.IssueToken("u1", "ghost"))).Refusal.Should().Be((401, "22023"));
        var early = new JsonObject { ["nbf"] = _world.World.Time.GetUtcNow().AddMinutes(1).ToUnixTimeSeconds() };
        (await _world.ReadAsync("item", Emulator.IssueToken("u1", claims: early))).Refusal.Should().Be((401, "PGRST303"));
        (await _world.ReadAsync("item", Emulator.Tokens.Sign(new JsonObject { ["sub"] = "u1" }))).Status.Should().Be(200, "no role is anon, and no exp never ends");
    }

    [Fact]
    public async Task The_gateway_wants_a_key_and_says_so_without_a_code()
    {
        var missing = await _world.ReadAsync("item", null, "GET", ("apikey", ""));
        missing.Refusal.Should().Be((401, null));
        missing.Body.Should().Contain("No API key found in request");
        (await _world.ReadAsync("item", null, "GET", ("apikey", "wrong"))).Body.Should().Contain("Invalid API key");
        (await _world.ReadAsync($"item?apikey={Emulator.AnonKey}", null, "GET", ("apikey", ""))).Refusal
            .Should().Be((400, "PGRST100"), "PostgREST takes the gateway's parameter for a filter");
        (await _world.ReadAsync($"item?id=in.({new string('x', 8200)})")).Status.Should().Be(414);
    }

    [Fact]
    public async Task A_missing_privilege_is_401_for_anon_and_403_for_others()
    {
        (await _world.ReadAsync("granted?select=id", Emulator.AnonKey)).Refusal.Should().Be((401, "42501"));
        (await _world.ReadAsync("granted?select=id", Member("co_1"))).Values.Should().Equal("1");
        foreach (var query in (string[])["granted", "granted?select=salary", "granted?select=id&salary=eq.1", "granted?select=id&order=salary"])
        {
            (await _world.ReadAsync(query, Member("co_1"))).Refusal.Should().Be((403, "42501"), query);
        }

        (await _world.ReadAsync("granted")).Status.Should().Be(200);
    }

    [Fact]
    public async Task What_is_not_there_has_codes_of_its_own()
    {
        (await _world.ReadAsync("nothing")).Refusal.Should().Be((404, "PGRST205"));
        (await _world.ReadAsync("Item")).Refusal.Should().Be((404, "PGRST205"), "names are case sensitive");
        (await _world.ReadAsync("hidden")).Refusal.Should().Be((404, "PGRST205"));
        (await _world.ReadAsync("hidden", null, "GET", ("Accept-Profile", "secret"))).Refusal.Should().Be((406, "PGRST106"));
        (await _world.ReadAsync("item/1")).Refusal.Should().Be((404, "PGRST125"));
        (await _world.ReadAsync("rpc/f")).Refusal.Should().Be((501, "EMULATOR"));
        (await _world.ReadAsync("item", null, "PUT")).Refusal.Should().Be((501, "EMULATOR"));
    }

    [Fact]
    public async Task A_HEAD_is_told_its_code_in_a_header_alone()
    {
        var reply = await _world.ReadAsync("nothing", null, "HEAD");
        (reply.Status, reply.Body, reply.Headers["Proxy-Status"]).Should().Be((404, "", "PostgREST; error=PGRST205"));
    }

    [Fact]
    public async Task Another_exposed_schema_is_named_by_a_header()
    {
        var world = new ManualEnvironment();
        var emulator = new RealtimeEmulator(new EmulatorOptions { Environment = world.Environment, ExposedSchemas = ["public", "app"] });
        emulator.CreateTable("item", static t => t.Column("id", "text"), "app");
        emulator.Insert("app.item", """{"id":"1"}""");
        using var http = new HttpMessageInvoker(emulator.CreateHttpHandler());
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri("http://db.test/rest/v1/item"));
        request.Headers.TryAddWithoutValidation("apikey", emulator.AnonKey);
        request.Headers.TryAddWithoutValidation("Accept-Profile", "app");
        var sending = http.SendAsync(request, default);
        await world.RunAsync(sending);
        var response = await sending;
        (await response.Content.ReadAsStringAsync()).Should().Be("""[{"id":"1"}]""");
        response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated).Should().Contain(h => h.Key == "Content-Profile" && h.Value.ToString() == "app");
    }

    private string Member(string company) => Emulator.IssueToken("u1", claims: new JsonObject { ["companies"] = new JsonArray(company) });
}
