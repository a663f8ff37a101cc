using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Carbon.Realtime.Emulator;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.IntegrationTests;

/// <summary>
/// Each command by what it does. Commands come over HTTP; the clients that feel them are in memory, under a clock that stands, so that nothing depends on time.
/// </summary>
public sealed class FaultCommandTests : IAsyncLifetime, IDisposable
{
    private const string Item = """{"event":"*","schema":"public","table":"item"}""";

    private const string Heartbeat = """[null,"9","phoenix","heartbeat",{}]""";

    private readonly ManualEnvironment _world = new();
    private readonly CancellationTokenSource _hang = new(TimeSpan.FromSeconds(60));
    private readonly HttpClient _http = new();
    private readonly RealtimeEmulator _emulator;
    private readonly HttpMessageInvoker _rest;
    private RealtimeEmulatorHost _host = null!;
    private int _lastId;

    public FaultCommandTests()
    {
        _emulator = new RealtimeEmulator(new EmulatorOptions { Environment = _world.Environment });
        _emulator.CreateTable("item", static t => t.Column("id", "int4").PrimaryKey("id"));
        _rest = new HttpMessageInvoker(_emulator.CreateHttpHandler());
    }

    public async Task InitializeAsync()
    {
        _host = await RealtimeEmulatorHost.StartAsync(_emulator, cancellationToken: _hang.Token);
        _http.BaseAddress = _host.Url;
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    public void Dispose()
    {
        _http.Dispose();
        _rest.Dispose();
        _emulator.Dispose();
        _hang.Dispose();
    }

    [Fact]
    public async Task Changes_are_dropped_for_all_or_for_one_client()
    {
        var (one, other) = (Join(), Join());
        await OrderAsync("drop-changes", """{"count":2}""");
        Insert(3);
        (Changes(one), Changes(other)).Should().Be((1, 1));

        await OrderAsync("drop-changes", $$"""{"count":"all","connection":{{one.Connection.Id}}}""");
        Insert(3);
        (Changes(one), Changes(other)).Should().Be((0, 3));
        await HealAsync(one, 1);
    }

    [Fact]
    public async Task The_connections_are_listed_and_one_that_is_gone_is_named()
    {
        var client = Join();

        var connections = (await OrderAsync("connections", ""))["connections"]!.AsArray();

        connections.Single()!.ToJsonString().Should().Be($$"""{"id":{{client.Connection.Id}},"topics":["realtime:room"]}""");
        (await PostAsync("deafen", """{"connection":77}""")).Should().Match<(HttpStatusCode Status, JsonObject Answer)>(
            static a => a.Status == HttpStatusCode.BadRequest && a.Answer["error"]!.ToString().Contains("77"));
    }

    [Theory]
    [InlineData("deafen")]
    [InlineData("half-open")]
    public async Task One_client_of_two_gets_nothing(string command)
    {
        var (one, other) = (Join(), Join());
        await OrderAsync(command, $$"""{"connection":{{one.Connection.Id}}}""");
        Insert(1);
        (Changes(one), Changes(other)).Should().Be((0, 1));

        await OrderAsync(command, "");
        Insert(1);
        Changes(other).Should().Be(0);
    }

    [Fact]
    public async Task A_slot_can_be_lost_for_a_time_or_for_ever()
    {
        var client = Join();
        await OrderAsync("lose-slot", """{"seconds":2}""");
        Insert(1);
        _world.Advance(TimeSpan.FromSeconds(2));
        Insert(1);
        Changes(client).Should().Be(1);

        await OrderAsync("lose-slot", """{"forever":true}""");
        _world.Advance(TimeSpan.FromDays(1));
        Insert(1);
        Changes(client).Should().Be(0);
        await HealAsync(client, 1);
    }

    [Fact]
    public async Task The_limit_of_changes_and_the_chance_of_the_stream_lose_some()
    {
        var client = Join();
        await OrderAsync("changes-per-second", """{"limit":1}""");
        Insert(10);
        Changes(client).Should().Be(10);
        _world.Advance(TimeSpan.FromSeconds(5));
        Insert(1);
        Changes(client).Should().Be(0);
        await HealAsync(client, 1);

        await OrderAsync("stream-faults", """{"drop":1}""");
        Insert(1);
        Changes(client).Should().Be(0);
        await OrderAsync("stream-faults", """{"duplicate":1,"delay":3}""");
        Insert(1);
        _world.Advance(TimeSpan.FromSeconds(3));
        Changes(client).Should().Be(2);
        await OrderAsync("stream-faults", "");
        Insert(1);
        Changes(client).Should().Be(1);
    }

    [Fact]
    public async Task Frames_are_spoilt()
    {
        var client = Join();
        await OrderAsync("wire-faults", """{"huge":1,"hugeBytes":300,"fragment":1,"fragmentBytes":9}""");
        Insert(1);
        _world.RunUntilIdle();
        client.Frames.Select(static f => f.Length).Should().HaveCount(2).And.StartWith(300);
        client.Fragments.Should().Equal(9);
        client.Frames.Clear();
        await HealAsync(client, 1);
    }

    [Fact]
    public async Task Joins_are_refused_with_the_codes_that_are_asked_for_and_a_close()
    {
        await OrderAsync("fail-joins", """{"count":1,"kind":"restarting"}""");
        await OrderAsync("fail-joins", """{"reason":"TenantNotFound: gone","thenClose":1001}""");
        var client = Open();
        Send(client, JoinFrame);
        Send(client, JoinFrame);

        client.Frames.Select(static f => JsonNode.Parse(f)![4]!["response"]!["reason"]!.ToString()).Should().Equal(
            "RealtimeRestarting: Realtime is restarting, please standby", "TenantNotFound: gone");
        client.CloseCode.Should().Be(1001);
        Join();
    }

    [Fact]
    public async Task Subscriptions_fail_by_kind_by_text_and_by_table()
    {
        await OrderAsync("fail-subscriptions", """{"kind":"refused","table":"item"}""");
        await OrderAsync("fail-subscriptions", """{"text":"no","retried":false}""");
        foreach (var text in (string[])["Please check Realtime is enabled", "no", "Subscribed to PostgreSQL"])
        {
            var client = Open();
            Send(client, JoinFrame);
            JsonNode.Parse(client.Frames[^1])![4]!["message"]!.ToString().Should().Contain(text);
        }
    }

    [Fact]
    public async Task Heartbeats_stay_unanswered_and_subscribed_is_held_and_repeated()
    {
        var client = Join();
        await OrderAsync("ignore-heartbeats", """{"count":1}""");
        Send(client, Heartbeat);
        client.Frames.Should().BeEmpty();
        Send(client, Heartbeat);
        client.Frames.Should().ContainSingle();
        client.Frames.Clear();

        await OrderAsync("repeat-subscribed", "");
        _world.RunUntilIdle();
        client.Frames.Should().ContainSingle().Which.Should().Contain("Subscribed to PostgreSQL");

        await OrderAsync("hold-subscribed", "");
        var held = Open();
        Send(held, JoinFrame);
        held.Frames.Should().ContainSingle().Which.Should().Contain("phx_reply");
        await OrderAsync("hold-subscribed", """{"hold":false}""");
        _world.RunUntilIdle();
        held.Frames.Should().HaveCount(2);
    }

    [Fact]
    public async Task Who_joins_gets_the_last_changes_once_more()
    {
        await OrderAsync("repeat-on-join", """{"seconds":60}""");
        Insert(1);
        _world.RunUntilIdle();
        Send(Open(), JoinFrame);
        var again = Open();
        Send(again, JoinFrame);
        again.Frames.Should().HaveCount(3).And.Subject.Last().Should().Contain("INSERT");

        await OrderAsync("repeat-on-join", "");
        var once = Open();
        Send(once, JoinFrame);
        once.Frames.Should().HaveCount(2);
    }

    [Theory]
    [InlineData("restart", 1012, "")]
    [InlineData("reload-tenant", 1012, "Server requested disconnect")]
    [InlineData("drop-connections", 1012, "")]
    public async Task Everybody_is_sent_away(string command, int code, string said)
    {
        var client = Join();

        await OrderAsync(command, "");
        _world.RunUntilIdle();

        client.CloseCode.Should().Be(code);
        string.Concat(client.Frames).Contains(said, StringComparison.Ordinal).Should().BeTrue();
    }

    [Theory]
    [InlineData("expire-tokens", "Token has expired 0 seconds ago", "phx_close")]
    [InlineData("close-channels", "Too many messages per second", "phx_close")]
    [InlineData("crash-channels", "", "phx_error")]
    public async Task Channels_end(string command, string said, string @event)
    {
        var client = Join();

        await OrderAsync(command, "");
        _world.RunUntilIdle();

        string.Concat(client.Frames).Contains(said, StringComparison.Ordinal).Should().BeTrue();
        client.Frames[^1].Should().Contain(@event);
    }

    [Fact]
    public async Task Connects_are_refused_and_connections_break_and_channels_are_emptied()
    {
        var client = Join();
        await OrderAsync("empty-subscriptions", "");
        Insert(1);
        Changes(client).Should().Be(0);
        await OrderAsync("refuse-connects", """{"status":503,"body":"later"}""");
        await OrderAsync("break-connections", "");
        _world.RunUntilIdle();
        client.IsBroken.Should().BeTrue();
        var refused = Connect(new Client());
        refused.Exception!.InnerException.Should().BeOfType<UpgradeRefusedException>().Which.Should().BeEquivalentTo(new { StatusCode = 503, Body = "later" });

        await OrderAsync("accept-connects", "");
        Join();
    }

    [Theory]
    [InlineData("""{"kind":"statement-timeout"}""", 500, "57014")]
    [InlineData("""{"status":503,"code":"PGRST001","message":"x","retryAfter":7}""", 503, "PGRST001")]
    [InlineData("""{"status":521,"contentType":"text/html","body":"<html>521</html>"}""", 521, "<html>521</html>")]
    [InlineData("""{"contentType":"text/html"}""", 200, "[{\"id\":1}]")]
    public async Task The_next_read_is_answered_otherwise(string body, int status, string text)
    {
        Insert(1);
        await OrderAsync("fail-reads", $$"""{"table":"item",{{body[1..]}}""");

        var (answered, type, said) = await ReadAsync();

        (answered, said.Contains(text, StringComparison.Ordinal)).Should().Be((status, true));
        (type == "text/html").Should().Be(body.Contains("text/html", StringComparison.Ordinal));
        (await ReadAsync()).Status.Should().Be(200);
    }

    [Theory]
    [InlineData("""{"kind":"token-expired","code":"PGRST301"}""")]
    [InlineData("""{"kind":"unreachable","contentType":"text/html"}""")]
    [InlineData("""{"kind":"no-answer","slowAfter":3}""")]
    [InlineData("""{"code":"PGRST001"}""")]
    [InlineData("""{"message":"x"}""")]
    [InlineData("""{"body":"<html/>"}""")]
    [InlineData("""{"slowAfter":3}""")]
    [InlineData("""{"status":500,"contentType":"text/html"}""")]
    [InlineData("""{"status":500,"code":"PGRST001","body":"<html/>"}""")]
    [InlineData("""{"truncatedAfter":3,"contentType":"text/html"}""")]
    [InlineData("""{"stalledAfter":3,"slowAfter":3}""")]
    [InlineData("""{"slowBy":9,"message":"x"}""")]
    public async Task A_fault_of_a_read_with_a_member_that_says_nothing_there_is_refused_with_the_ways_there_are(string body)
    {
        var (status, answer) = await PostAsync("fail-reads", body);

        status.Should().Be(HttpStatusCode.BadRequest);
        answer["error"]!.ToString().Should().StartWith("The members '").And.Contain("slowBy, [slowAfter]");
        (await ReadAsync()).Status.Should().Be(200);
    }

    [Theory]
    [InlineData("""{}""", 503)]
    [InlineData("""{"count":2,"table":"item","retryAfter":1}""", 503)]
    [InlineData("""{"status":500}""", 500)]
    [InlineData("""{"status":502,"body":"Bad Gateway"}""", 502)]
    public async Task What_a_fault_of_a_read_may_leave_out_has_a_default(string body, int status)
    {
        await OrderAsync("fail-reads", body);

        (await ReadAsync()).Status.Should().Be(status);
    }

    [Theory]
    [InlineData("""{"truncatedAfter":3}""", true)]
    [InlineData("""{"stalledAfter":3}""", false)]
    [InlineData("""{"slowBy":9,"slowAfter":3}""", false)]
    public async Task The_body_of_the_next_read_breaks_stalls_or_pauses(string body, bool breaks)
    {
        Insert(1);
        await OrderAsync("fail-reads", body);
        var content = await (await SendAsync()).Content.ReadAsStreamAsync(_hang.Token);
        (await content.ReadAsync(new byte[100], _hang.Token)).Should().Be(3);

        var more = content.ReadAsync(new byte[100], _hang.Token).AsTask();
        (more.IsFaulted, more.IsCompleted).Should().Be((breaks, breaks));
        _world.Advance(TimeSpan.FromSeconds(9));

        more.IsCompletedSuccessfully.Should().Be(body.Contains("slowBy", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Reads_fail_by_chance_in_the_ways_that_are_named_until_they_are_healed()
    {
        await OrderAsync("read-faults", """{"fail":1,"errors":["permission-denied"]}""");
        (await ReadAsync()).Status.Should().Be(403);
        (await PostAsync("read-faults", """{"fail":1,"errors":["bad luck"]}""")).Status.Should().Be(HttpStatusCode.BadRequest);
        await OrderAsync("heal-reads", "");
        (await ReadAsync()).Status.Should().Be(200);
    }

    [Fact]
    public async Task Reads_are_cut_late_or_held()
    {
        Insert(1);
        await OrderAsync("replica-lag", """{"seconds":5}""");
        Insert(1);
        (await ReadAsync()).Body.Should().Be("""[{"id":1}]""");
        await OrderAsync("replica-lag", "");
        await OrderAsync("max-rows", """{"rows":1}""");
        (await ReadAsync()).Body.Should().Be("""[{"id":2}]""");
        await OrderAsync("hold-reads", "");
        var held = _rest.SendAsync(Request(), _hang.Token);
        _world.RunUntilIdle();
        held.IsCompleted.Should().BeFalse();
        await OrderAsync("heal-all", "");
        _world.RunUntilIdle();
        held.IsCompletedSuccessfully.Should().BeTrue();
    }

    [Fact]
    public async Task Tables_are_published_and_altered_and_broadcasts_sent()
    {
        var client = Join();
        await OrderAsync("set-published", """{"table":"item","published":false}""");
        Insert(1);
        Changes(client).Should().Be(0);
        await OrderAsync("set-published", """{"table":"item"}""");
        await OrderAsync("add-column", """{"table":"item","column":"note","type":"text","default":"\"n\""}""");
        Insert(1);
        _world.RunUntilIdle();
        client.Frames.Single().Should().Contain("\"note\": \"n\"");
        await OrderAsync("drop-column", """{"table":"item","column":"note"}""");
        (await ReadAsync()).Body.Should().NotContain("note");
        client.Frames.Clear();

        await OrderAsync("send-broadcast", """{"topic":"room","event":"ev","payload":{"a":1}}""");
        _world.RunUntilIdle();
        client.Frames.Should().ContainSingle().Which.Should().Contain("\"a\": 1");
    }

    [Theory]
    [InlineData("drop-connections", """{"code":1006}""", "1006")]
    [InlineData("drop-connections", """{"reason":"LONG"}""", "123")]
    [InlineData("fail-joins", """{"thenClose":1006}""", "1006")]
    [InlineData("lose-slot", """{"seconds":1e300}""", "seconds")]
    [InlineData("token", """{"expiresIn":1e18}""", "expiresIn")]
    [InlineData("token", """{"expiresIn":300000000000}""", "DateTime")]
    [InlineData("replica-lag", """{"seconds":-1}""", "negative")]
    [InlineData("repeat-on-join", """{"seconds":-1}""", "negative")]
    [InlineData("add-column", """{"table":"item","column":"id","type":"text"}""", "42701")]
    public async Task What_cannot_be_is_refused_with_400_and_nobody_is_closed(string command, string body, string text)
    {
        var client = Join();

        var (status, answer) = await PostAsync(command, body.Replace("LONG", new string('x', 200), StringComparison.Ordinal));

        status.Should().Be(HttpStatusCode.BadRequest);
        answer["error"]!.ToString().Should().Contain(text);
        client.Connection.IsOpen.Should().BeTrue();
    }

    private static string JoinFrame => $$$"""["1","1","realtime:room","phx_join",{"config":{"postgres_changes":[{{{Item}}}]}}]""";

    private Client Join()
    {
        var client = Open();
        Send(client, JoinFrame);
        client.Frames[^1].Should().Contain("Subscribed to PostgreSQL");
        client.Frames.Clear();
        return client;
    }

    private Client Open()
    {
        var client = new Client();
        client.Connection = Connect(client).Result;
        return client;
    }

    private Task<EmulatorConnection> Connect(Client client)
    {
        var connecting = _emulator.ConnectAsync(new EmulatorConnectRequest("/socket/websocket", $"apikey={_emulator.ServiceKey}&vsn=2.0.0", []), client).AsTask();
        _world.RunUntilIdle();
        return connecting;
    }

    private void Send(Client client, string frame)
    {
        client.Connection.Receive(frame);
        _world.RunUntilIdle();
    }

    private void Insert(int count)
    {
        for (; count > 0; count--)
        {
            _emulator.Insert("item", new JsonObject { ["id"] = ++_lastId });
        }
    }

    private int Changes(Client client)
    {
        _world.RunUntilIdle();
        var count = client.Frames.Count(static f => f.Contains("postgres_changes", StringComparison.Ordinal));
        client.Frames.Clear();
        return count;
    }

    private async Task HealAsync(Client client, int changes)
    {
        await OrderAsync("heal-all", "");
        _world.RunUntilIdle();
        client.Frames.Clear();
        Insert(changes);
        Changes(client).Should().Be(changes);
    }

    private HttpRequestMessage Request()
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri("http://db.test/rest/v1/item"));
        request.Headers.Add("apikey", _emulator.AnonKey);
        return request;
    }

    private async Task<HttpResponseMessage> SendAsync()
    {
        var sending = _rest.SendAsync(Request(), _hang.Token);
        _world.RunUntilIdle();
        return await sending;
    }

    private async Task<(int Status, string? Type, string Body)> ReadAsync()
    {
        using var response = await SendAsync();
        return ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, await response.Content.ReadAsStringAsync(_hang.Token));
    }

    private async Task<JsonObject> OrderAsync(string command, string body)
    {
        var (status, answer) = await PostAsync(command, body);
        status.Should().Be(HttpStatusCode.OK, answer.ToJsonString());
        return answer;
    }

    private async Task<(HttpStatusCode Status, JsonObject Answer)> PostAsync(string command, string body)
    {
        using var response = await _http.PostAsync(new Uri($"/emulator/v1/{command}", UriKind.Relative), new StringContent(body), _hang.Token);
        return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync(_hang.Token))!.AsObject());
    }

    private sealed class Client : IEmulatorPeer
    {
        public EmulatorConnection Connection { get; set; } = null!;

        public List<string> Frames { get; } = [];

        public List<int> Fragments { get; } = [];

        public int? CloseCode { get; private set; }

        public bool IsBroken { get; private set; }

        public void OnMessage(SocketMessage message)
        {
            if (message.Kind == SocketMessageKind.Closed)
            {
                CloseCode = message.CloseCode;
            }
            else
            {
                Frames.Add(Encoding.UTF8.GetString(message.Payload.Span));
            }
        }

        public void OnFragmented(SocketMessage message, int fragmentBytes)
        {
            Fragments.Add(fragmentBytes);
            OnMessage(message);
        }

        public void OnBroken() => IsBroken = true;
    }
}
