using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Carbon.Realtime.Emulator;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.House;

namespace Carbon.Realtime.IntegrationTests;

/// <summary>Steering the emulator over HTTP, writing through it, and pages of other origins.</summary>
public sealed class EmulatorControlTests : IAsyncLifetime, IDisposable
{
    private readonly RealtimeEmulator _emulator = new();
    private readonly CancellationTokenSource _hang = new(TimeSpan.FromSeconds(30));
    private readonly HttpClient _http = new();
    private RealtimeEmulatorHost _host = null!;

    public async Task InitializeAsync()
    {
        _emulator.CreateTable("item", static t => t.Column("id", "int4").Column("owner", "text").PrimaryKey("id")
            .RowLevelSecurity(static (claims, row) => claims.Subject == row.Text("owner")));
        _host = await RealtimeEmulatorHost.StartAsync(_emulator, cancellationToken: _hang.Token);
        _http.BaseAddress = _host.Url;
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    public void Dispose()
    {
        _http.Dispose();
        _emulator.Dispose();
        _hang.Dispose();
    }

    [Fact]
    public async Task A_token_is_issued_for_whom_the_body_names()
    {
        var (_, answer) = await PostAsync("token", """{"sub":"ada","expiresIn":60,"claims":{"companies":["co_1"]}}""");
        using var write = Request(HttpMethod.Post, "item", answer["token"]!.ToString());
        write.Content = new StringContent("""{"id":1,"owner":"ada"}""", Encoding.UTF8, "application/json");
        using var written = await _http.SendAsync(write, _hang.Token);
        written.StatusCode.Should().Be(HttpStatusCode.Created);

        using var read = await _http.SendAsync(Request(HttpMethod.Get, "item", answer["token"]!.ToString()), _hang.Token);
        (await read.Content.ReadAsStringAsync(_hang.Token)).Should().Be("""[{"id":1,"owner":"ada"}]""");
        using var others = await _http.SendAsync(Request(HttpMethod.Get, "item", _emulator.IssueToken("bob")), _hang.Token);
        (await others.Content.ReadAsStringAsync(_hang.Token)).Should().Be("[]");
    }

    [Fact]
    public async Task Connections_are_closed_on_command()
    {
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{_host.Url.Port}/realtime/v1/websocket?apikey={_emulator.AnonKey}"), _hang.Token);

        (await PostAsync("drop-connections", """{"code":1001}""")).Status.Should().Be(HttpStatusCode.OK);

        var received = await socket.ReceiveAsync(new byte[100], _hang.Token);
        (received.MessageType, (int?)socket.CloseStatus).Should().Be((WebSocketMessageType.Close, 1001));
    }

    [Theory]
    [InlineData("nothing", "", HttpStatusCode.NotFound, "break-connections")]
    [InlineData("drop-connections", "[]", HttpStatusCode.BadRequest, "JSON object")]
    [InlineData("drop-connections", "{\"code\":\"x\"}", HttpStatusCode.BadRequest, "The member 'code' must be a whole number, and not \"x\".")]
    [InlineData("drop-connections", "{\"code\":1.5}", HttpStatusCode.BadRequest, "'code' must be a whole number, and not 1.5.")]
    [InlineData("drop-connections", "{\"reason\":1}", HttpStatusCode.BadRequest, "'reason' must be a text, and not 1.")]
    [InlineData("drop-connections", "{\"code\":1001,", HttpStatusCode.BadRequest, "JSON object, or nothing: ")]
    [InlineData("drop-connections", "{\"code\":1001,\"code\":1002}", HttpStatusCode.BadRequest, "JSON object, or nothing: ")]
    [InlineData("drop-changes", "{\"count\":\"x\"}", HttpStatusCode.BadRequest, "'count' must be a whole number or \"all\", and not \"x\".")]
    [InlineData("stream-faults", "{\"drop\":\"x\"}", HttpStatusCode.BadRequest, "'drop' must be a number from 0 to 1")]
    [InlineData("hold-reads", "{\"hold\":1}", HttpStatusCode.BadRequest, "'hold' must be true or false")]
    [InlineData("replica-lag", "{\"seconds\":\"1\"}", HttpStatusCode.BadRequest, "'seconds' must be a number of seconds")]
    [InlineData("read-faults", "{\"errors\":\"x\"}", HttpStatusCode.BadRequest, "'errors' must be an array of texts")]
    [InlineData("read-faults", "{\"errors\":[1]}", HttpStatusCode.BadRequest, "'errors' must be a text, and not 1.")]
    [InlineData("token", "{\"claims\":[]}", HttpStatusCode.BadRequest, "'claims' must be an object, and not [].")]
    [InlineData("send-broadcast", "{\"topic\":\"a\",\"event\":\"b\",\"payload\":1}", HttpStatusCode.BadRequest, "'payload' must be an object")]
    [InlineData("token", "{\"subject\":\"eve\"}", HttpStatusCode.BadRequest, "The command token has no member 'subject'. Its members are: sub, role, expiresIn, claims.")]
    [InlineData("restart", "{\"now\":true}", HttpStatusCode.BadRequest, "The command restart has no member 'now'. It takes none.")]
    [InlineData("fail-reads", "{\"tabel\":\"item\"}", HttpStatusCode.BadRequest, "no member 'tabel'")]
    [InlineData("fail-reads", "{\"table\":\"items\"}", HttpStatusCode.BadRequest, "There is no table or view items: create it first. There are item.")]
    [InlineData("fail-reads", "{\"kind\":\"no-answer\",\"status\":500}", HttpStatusCode.BadRequest, "Of the members 'kind', 'status' there can be one only.")]
    [InlineData("fail-joins", "{\"kind\":\"no-answer\",\"reason\":\"x\"}", HttpStatusCode.BadRequest, "'kind', 'reason'")]
    [InlineData("fail-subscriptions", "{\"kind\":\"refuse\"}", HttpStatusCode.BadRequest, "There is no kind 'refuse'. The kinds are: transient, refused.")]
    [InlineData("fail-subscriptions", "{\"kind\":\"refused\",\"text\":\"x\"}", HttpStatusCode.BadRequest, "'kind', 'text'")]
    [InlineData("drop-connections", "null", HttpStatusCode.BadRequest, "JSON object")]
    [InlineData("token", "{\"expiresIn\":1e300}", HttpStatusCode.BadRequest, "'expiresIn' is no time")]
    [InlineData("token", "{\"expiresIn\":1e12}", HttpStatusCode.BadRequest, "'expiresIn' is no time")]
    [InlineData("drop-changes", "{\"count\":-1}", HttpStatusCode.BadRequest, "count")]
    public async Task A_wrong_command_is_told_what_there_is(string command, string body, HttpStatusCode status, string text)
    {
        var (told, answer) = await PostAsync(command, body);

        told.Should().Be(status);
        answer["error"]!.ToString().Should().Contain(text);
    }

    [Theory]
    [InlineData("stream-faults", """{"seed":3,"drop":0.1,"duplicate":0.2,"reorder":0.3,"reorderBy":2.5,"withinKeys":true,"delay":0.5}""")]
    [InlineData("wire-faults", """{"seed":3,"cut":0.1,"garbage":0.2,"huge":0.3,"hugeBytes":1000,"fragment":1,"fragmentBytes":9}""")]
    [InlineData("read-faults", """{"seed":3,"fail":0.1,"truncate":0.2,"slow":0.3,"slowBy":1}""")]
    [InlineData("drop-changes", """{"count":"all"}""")]
    [InlineData("changes-per-second", """{"limit":5}""")]
    [InlineData("lose-slot", """{"seconds":0.5}""")]
    [InlineData("half-open", "")]
    [InlineData("ignore-heartbeats", """{"count":2}""")]
    [InlineData("fail-joins", """{"count":2,"kind":"restarting"}""")]
    [InlineData("fail-joins", """{"reason":"TenantNotFound: gone"}""")]
    [InlineData("fail-subscriptions", """{"kind":"refused","table":"item"}""")]
    [InlineData("fail-subscriptions", """{"text":"no","retried":true}""")]
    [InlineData("expire-tokens", "")]
    [InlineData("fail-reads", """{"kind":"statement-timeout","table":"item"}""")]
    [InlineData("fail-reads", """{"status":503,"code":"PGRST001","message":"x","count":"all"}""")]
    [InlineData("fail-reads", """{"truncatedAfter":3}""")]
    [InlineData("fail-reads", """{"slowBy":0.1}""")]
    [InlineData("heal-reads", "")]
    [InlineData("max-rows", """{"rows":1}""")]
    [InlineData("replica-lag", """{"seconds":1.5}""")]
    [InlineData("repeat-on-join", """{"seconds":1.5}""")]
    [InlineData("hold-reads", """{"hold":false}""")]
    [InlineData("restart", "")]
    [InlineData("reload-tenant", "")]
    [InlineData("hold-subscribed", "")]
    [InlineData("set-published", """{"table":"item","published":false}""")]
    [InlineData("send-broadcast", """{"topic":"room","event":"e","payload":{"a":1},"private":true}""")]
    [InlineData("heal-all", "")]
    public async Task Every_fault_can_be_ordered_from_another_language(string command, string body)
    {
        (await PostAsync(command, body)).Status.Should().Be(HttpStatusCode.OK);
        (await PostAsync("heal-all", "")).Status.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_plan_arrives_as_it_was_sent_and_an_empty_one_ends_it()
    {
        await PostAsync("stream-faults", """{"seed":3,"drop":0.1,"reorder":0.3,"reorderBy":2.5,"withinKeys":true}""");
        _emulator.Faults.Stream.Should().BeEquivalentTo(new StreamFaults
        {
            Seed = 3,
            Drop = 0.1,
            Reorder = 0.3,
            ReorderBy = EmulatorDelay.Milliseconds(0, 2500),
            ReordersWithinKeys = true,
        });
        await PostAsync("stream-faults", "");
        _emulator.Faults.Stream.Should().BeNull();
        var (status, answer) = await PostAsync("fail-joins", """{"kind":"bad luck"}""");
        status.Should().Be(HttpStatusCode.BadRequest);
        answer["error"]!.ToString().Should().Contain("too-many-joins");
        (await PostAsync("wire-faults", """{"cut":2}""")).Status.Should().Be(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task What_an_answer_says_is_not_escaped_for_pages()
    {
        using var response = await _http.PostAsync(new Uri("/emulator/v1/token", UriKind.Relative), new StringContent("""{"subject":"eve"}"""), _hang.Token);

        (await response.Content.ReadAsStringAsync(_hang.Token)).Should().Contain("'subject'").And.NotContain("\\u");
    }

    [Fact]
    public void The_docs_name_every_command_its_members_and_its_kinds()
    {
        var docs = File.ReadAllText(Path.Combine(ApprovedText.RepositoryRoot(), "docs", "emulator.md"))
            + File.ReadAllText(Path.Combine(ApprovedText.RepositoryRoot(), "docs", "testing.md"));
        foreach (var command in ControlEndpoint.Commands(_emulator).Concat(FaultCommands.Of(_emulator)))
        {
            var lines = docs.Split('\n').Where(line => line.Contains($"`{command.Name}`", StringComparison.Ordinal)).ToArray();
            lines.Should().NotBeEmpty("docs/emulator.md should name the command {0}", command.Name);
            foreach (var name in command.Members)
            {
                lines.Should().Contain(line => line.Contains(name, StringComparison.Ordinal), "the member {0} should stand where {1} does", name, command.Name);
            }
        }

        foreach (var kind in FaultCommands.Kinds.SelectMany(static k => k.Value))
        {
            docs.Should().Contain($"`{kind}`");
        }
    }

    [Theory]
    [InlineData("/auth/v1/token?grant_type=password", "Auth; tokens: POST /emulator/v1/token")]
    [InlineData("/auth/v1/signup", "Auth")]
    [InlineData("/storage/v1/object/a", "Storage")]
    [InlineData("/functions/v1/f", "Edge Functions")]
    [InlineData("/graphql/v1", "GraphQL")]
    public async Task What_a_project_has_and_the_emulator_has_not_is_told_as_such(string address, string text)
    {
        using var answer = await _http.PostAsync(new Uri(address, UriKind.Relative), new StringContent("{}"), _hang.Token);
        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync(_hang.Token))!;

        (answer.StatusCode, body["code"]!.ToString(), answer.Content.Headers.ContentType!.MediaType).Should().Be((HttpStatusCode.NotImplemented, "EMULATOR", "application/json"));
        body["message"]!.ToString().Should().StartWith("The emulator does not imitate " + text);

        using var unknown = await _http.GetAsync(new Uri("/authority", UriKind.Relative), _hang.Token);
        unknown.StatusCode.Should().Be(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_web_page_gets_no_token()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/emulator/v1/token", UriKind.Relative)) { Content = new StringContent("{}") };
        request.Headers.Add("Origin", "http://page.test");

        using var refused = await _http.SendAsync(request, _hang.Token);

        refused.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await refused.Content.ReadAsStringAsync(_hang.Token)).Should().Contain("web pages").And.NotContain("eyJ");
    }

    [Theory]
    [InlineData("evil.example", HttpStatusCode.Forbidden)]
    [InlineData("evil.example:54321", HttpStatusCode.Forbidden)]
    [InlineData("localhost.evil.example", HttpStatusCode.Forbidden)]
    [InlineData("192.168.0.1", HttpStatusCode.Forbidden)]
    [InlineData("127.0.0.1", HttpStatusCode.OK)]
    [InlineData("LOCALHOST:1", HttpStatusCode.OK)]
    [InlineData("app.localhost", HttpStatusCode.OK)]
    [InlineData("[::1]:1", HttpStatusCode.OK)]
    public async Task Only_names_of_this_machine_are_answered_to(string host, HttpStatusCode status)
    {
        // A page of evil.example whose name means 127.0.0.1 by now: nothing that a browser says of it differs from a test's own request but this.
        using var command = new HttpRequestMessage(HttpMethod.Post, new Uri("/emulator/v1/token", UriKind.Relative)) { Headers = { Host = host }, Content = new StringContent("{}") };
        using var read = Request(HttpMethod.Get, "item");
        read.Headers.Host = host;
        using var upgrade = new HttpRequestMessage(HttpMethod.Get, new Uri($"/realtime/v1/websocket?apikey={_emulator.AnonKey}", UriKind.Relative)) { Headers = { Host = host } };

        using var answered = await _http.SendAsync(command, _hang.Token);
        using var page = await _http.SendAsync(read, _hang.Token);
        using var socket = await _http.SendAsync(upgrade, _hang.Token);

        (answered.StatusCode, page.StatusCode).Should().Be((status, status));
        socket.StatusCode.Should().Be(status == HttpStatusCode.OK ? HttpStatusCode.BadRequest : status, "let in, it would have to ask for an upgrade");
        (await answered.Content.ReadAsStringAsync(_hang.Token)).Contains("eyJ", StringComparison.Ordinal).Should().Be(status == HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_token_that_a_page_signs_with_another_secret_reads_nothing()
    {
        using var page = new RealtimeEmulator(new EmulatorOptions { JwtSecret = "a secret that the page made up" });
        using var read = Request(HttpMethod.Get, "item", page.ServiceKey);

        using var refused = await _http.SendAsync(read, _hang.Token);

        refused.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Commands_are_posted()
    {
        using var got = await _http.GetAsync(new Uri("/emulator/v1/deafen", UriKind.Relative), _hang.Token);

        got.StatusCode.Should().Be(HttpStatusCode.MethodNotAllowed);
    }

    [Fact]
    public async Task A_page_of_another_origin_may_read_and_see_the_range()
    {
        using var asking = Request(HttpMethod.Options, "item");
        asking.Headers.Add("Origin", "http://page.test");
        asking.Headers.Add("Access-Control-Request-Headers", "apikey,authorization");
        using var permitted = await _http.SendAsync(asking, _hang.Token);
        permitted.StatusCode.Should().Be(HttpStatusCode.OK);
        permitted.Headers.GetValues("Access-Control-Allow-Headers").Should().Equal("apikey,authorization");
        string.Join(',', permitted.Headers.GetValues("Access-Control-Allow-Methods")).Should().Be("GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD");
        permitted.Headers.GetValues("Access-Control-Max-Age").Should().Equal("86400");

        using var reading = Request(HttpMethod.Get, "item");
        reading.Headers.Add("Origin", "http://page.test");
        using var read = await _http.SendAsync(reading, _hang.Token);
        read.Headers.GetValues("Access-Control-Allow-Origin").Should().Equal("*");
        string.Join(',', read.Headers.GetValues("Access-Control-Expose-Headers"))
            .Should().Contain("Content-Range").And.Contain("Content-Location").And.NotContain("Preference-Applied").And.NotContain("Proxy-Status");
    }

    [Fact]
    public async Task A_body_in_chunks_is_read_whole()
    {
        using var write = Request(HttpMethod.Post, "item");
        write.Content = new StringContent("""{"id":1,"owner":"ada"}""", Encoding.UTF8, "application/json");
        write.Headers.TransferEncodingChunked = true;
        using var written = await _http.SendAsync(write, _hang.Token);

        written.StatusCode.Should().Be(HttpStatusCode.Created);
        _emulator.Rows("item").Should().ContainSingle();
    }

    [Fact]
    public async Task Where_sockets_connect_a_plain_request_is_a_bad_one()
    {
        using var got = await _http.GetAsync(new Uri($"/realtime/v1/websocket?apikey={_emulator.AnonKey}", UriKind.Relative), _hang.Token);

        got.StatusCode.Should().Be(HttpStatusCode.BadRequest);
    }

    private HttpRequestMessage Request(HttpMethod method, string table, string? token = null)
    {
        var request = new HttpRequestMessage(method, new Uri($"/rest/v1/{table}", UriKind.Relative));
        request.Headers.Add("apikey", _emulator.AnonKey);
        request.Headers.Add("Authorization", $"Bearer {token ?? _emulator.ServiceKey}");
        return request;
    }

    private async Task<(HttpStatusCode Status, JsonObject Answer)> PostAsync(string command, string body)
    {
        using var response = await _http.PostAsync(new Uri($"/emulator/v1/{command}", UriKind.Relative), new StringContent(body), _hang.Token);
        return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync(_hang.Token))!.AsObject());
    }
}
