using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Carbon.Realtime.Emulator;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.IntegrationTests;

/// <summary>Each command does what it says, with what its body says. A heartbeat's answer shows that nothing else was said before it.</summary>
public sealed class EmulatorCommandTests : IAsyncLifetime, IDisposable
{
    private const string Item = """{"event":"*","schema":"public","table":"item"}""";

    private readonly RealtimeEmulator _emulator = new();
    private readonly CancellationTokenSource _hang = new(TimeSpan.FromSeconds(30));
    private readonly HttpClient _http = new();
    private RealtimeEmulatorHost _host = null!;

    public async Task InitializeAsync()
    {
        _emulator.CreateTable("item", static t => t.Column("id", "int4").PrimaryKey("id"));
        _emulator.CreateTable("other", static t => t.Column("id", "int4").PrimaryKey("id"));
        _host = await RealtimeEmulatorHost.StartAsync(_emulator, cancellationToken: _hang.Token);
        _http.BaseAddress = _host.Url;
        _http.DefaultRequestHeaders.Add("apikey", _emulator.AnonKey);
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    public void Dispose()
    {
        _http.Dispose();
        _emulator.Dispose();
        _hang.Dispose();
    }

    [Fact]
    public async Task A_token_has_the_role_the_claims_and_the_end_that_were_asked_for()
    {
        var answer = await OrderAsync("token", """{"sub":"ada","role":"service_role","expiresIn":60,"claims":{"companies":["co_1"]}}""");
        var payload = JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(answer["token"]!.ToString().Split('.')[1]))!;

        (payload["sub"]!.ToString(), payload["role"]!.ToString(), (long)payload["exp"]! - (long)payload["iat"]!).Should().Be(("ada", "service_role", 60L));
        payload["companies"]!.ToJsonString().Should().Be("""["co_1"]""");
    }

    [Fact]
    public async Task Switches_are_set_as_the_body_says_and_healed_at_once()
    {
        await OrderAsync("max-rows", """{"rows":1}""");
        await OrderAsync("replica-lag", """{"seconds":1.5}""");
        await OrderAsync("changes-per-second", """{"limit":5}""");
        await OrderAsync("hold-reads", "");
        await OrderAsync("hold-subscribed", "");
        await OrderAsync("stream-faults", """{"seed":3,"duplicate":0.2,"delay":0.5}""");
        await OrderAsync("wire-faults", """{"seed":3,"cut":0.1,"garbage":0.2,"huge":0.3,"hugeBytes":1000,"fragment":1,"fragmentBytes":9}""");
        await OrderAsync("read-faults", """{"seed":3,"fail":0.1,"truncate":0.2,"slow":0.3,"slowBy":1}""");

        var faults = _emulator.Faults;
        (faults.MaxRows, faults.ReplicaLag, faults.ChangesPerSecond, faults.HoldReads, _emulator.HoldSystemOk)
            .Should().Be((1, TimeSpan.FromSeconds(1.5), 5, true, true));
        faults.Stream.Should().BeEquivalentTo(new StreamFaults { Seed = 3, Duplicate = 0.2, Delay = EmulatorDelay.Milliseconds(0, 500) });
        faults.Wire.Should().BeEquivalentTo(
            new WireFaults { Seed = 3, Cut = 0.1, Garbage = 0.2, Huge = 0.3, HugeBytes = 1000, Fragment = 1, FragmentBytes = 9 });
        faults.Reads.Should().BeEquivalentTo(new ReadFaults { Seed = 3, Fail = 0.1, Truncate = 0.2, Slow = 0.3, SlowBy = EmulatorDelay.Milliseconds(0, 1000) });

        await OrderAsync("heal-reads", "");
        faults.Reads.Should().BeNull();
        await OrderAsync("hold-subscribed", """{"hold":false}""");
        _emulator.HoldSystemOk.Should().BeFalse();
        await OrderAsync("hold-reads", """{"hold":false}""");
        faults.HoldReads.Should().BeFalse();
        await OrderAsync("heal-all", "");
        (faults.MaxRows, faults.ReplicaLag, faults.ChangesPerSecond, faults.Stream is null, faults.Wire is null).Should().Be((null, null, null, true, true));
    }

    [Theory]
    [InlineData("too-many-channels", "ChannelRateLimitReached")]
    [InlineData("too-many-users", "ConnectionRateLimitReached")]
    [InlineData("restarting", "RealtimeRestarting")]
    [InlineData("database-unavailable", "UnableToConnectToProject")]
    [InlineData("no-connection-to-spare", "DatabaseLackOfConnections")]
    [InlineData("initializing", "InitializingProjectConnection")]
    [InlineData("crashed", "join crashed")]
    public async Task Joins_fail_as_often_and_in_the_way_that_was_ordered(string kind, string reason)
    {
        await OrderAsync("fail-joins", $$"""{"kind":"{{kind}}","count":2}""");
        using var socket = await ConnectAsync();
        for (var i = 0; i < 2; i++)
        {
            (await JoinAsync(socket)).Should().Contain(reason);
        }

        (await JoinAsync(socket)).Should().Contain("\"ok\"");
    }

    [Fact]
    public async Task All_joins_fail_until_they_are_healed_and_one_may_stay_unanswered_or_close_the_socket()
    {
        await OrderAsync("fail-joins", """{"reason":"TenantNotFound: gone","count":"all"}""");
        using var socket = await ConnectAsync();
        for (var i = 0; i < 3; i++)
        {
            (await JoinAsync(socket)).Should().Contain("TenantNotFound: gone");
        }

        await OrderAsync("heal-all", "");
        await OrderAsync("fail-joins", """{"kind":"no-answer"}""");
        await SendAsync(socket, Join(Item));
        await NothingElseAsync(socket);
        await OrderAsync("fail-joins", """{"kind":"too-many-joins"}""");
        (await JoinAsync(socket)).Should().Contain("ClientJoinRateLimitReached");
        (await ReceiveAsync(socket)).Should().Be("close 1001");
    }

    [Fact]
    public async Task Subscriptions_fail_for_good_or_are_tried_again()
    {
        using var socket = await ConnectAsync();
        await OrderAsync("fail-subscriptions", """{"kind":"refused","table":"item"}""");
        await JoinAsync(socket);
        (await ReceiveAsync(socket)).Should().Contain("Please check Realtime is enabled");
        await OrderAsync("fail-subscriptions", """{"text":"no"}""");
        await JoinAsync(socket);
        (await ReceiveAsync(socket)).Should().Contain("phx_close", "the old channel ends");
        (await ReceiveAsync(socket)).Should().Contain("\"no\"");
        await NothingElseAsync(socket);

        await OrderAsync("fail-subscriptions", """{"text":"later","retried":true}""");
        await JoinAsync(socket);
        await ReceiveAsync(socket);
        (await ReceiveAsync(socket)).Should().Contain("\"later\"");
        (await ReceiveAsync(socket)).Should().Contain("Subscribed to PostgreSQL");
    }

    [Theory]
    [InlineData("""{"kind":"statement-timeout"}""", 500, "57014")]
    [InlineData("""{"kind":"database-unavailable"}""", 503, "PGRST001")]
    [InlineData("""{"kind":"schema-cache-not-loaded"}""", 503, "PGRST002")]
    [InlineData("""{"kind":"token-expired"}""", 401, "PGRST303")]
    [InlineData("""{"kind":"permission-denied"}""", 403, "42501")]
    [InlineData("""{"status":504,"code":"PGRST003","message":"m"}""", 504, "PGRST003")]
    public async Task A_read_fails_in_the_way_that_was_ordered_and_only_of_its_table(string body, int status, string code)
    {
        var fault = JsonNode.Parse(body)!.AsObject();
        fault["table"] = "item";
        await OrderAsync("fail-reads", fault.ToJsonString());

        (await ReadAsync("other")).Should().Be((200, "[]"));
        var (told, answer) = await ReadAsync("item");
        (told, JsonNode.Parse(answer)!["code"]!.ToString()).Should().Be((status, code));
        (await ReadAsync("item")).Should().Be((200, "[]"));
    }

    [Fact]
    public async Task A_read_breaks_off_after_as_many_bytes_as_was_ordered_or_is_not_answered()
    {
        _emulator.Insert("item", """{"id":1}""");
        await OrderAsync("fail-reads", """{"truncatedAfter":3}""");

        // In memory: what a broken connection has delivered of an answer is up to TCP.
        using var memory = new HttpClient(_emulator.CreateHttpHandler());
        memory.DefaultRequestHeaders.Add("apikey", _emulator.AnonKey);
        using var response = await memory.GetAsync(new Uri("http://db.test/rest/v1/item"), HttpCompletionOption.ResponseHeadersRead, _hang.Token);
        await using var body = await response.Content.ReadAsStreamAsync(_hang.Token);
        var buffer = new byte[3];
        await body.ReadExactlyAsync(buffer, _hang.Token);
        Encoding.UTF8.GetString(buffer).Should().Be("[{\"");
        var more = () => body.ReadExactlyAsync(buffer, 0, 1, _hang.Token).AsTask();
        await more.Should().ThrowAsync<IOException>();

        await OrderAsync("fail-reads", """{"kind":"unreachable"}""");
        var reading = () => ReadAsync("item");
        await reading.Should().ThrowAsync<HttpRequestException>();
    }

    [Fact]
    public async Task Connects_are_refused_with_status_and_body_until_they_are_accepted()
    {
        await OrderAsync("refuse-connects", """{"status":429,"body":"full"}""");
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        var connecting = () => socket.ConnectAsync(Address(), _hang.Token);
        await connecting.Should().ThrowAsync<WebSocketException>();
        socket.HttpStatusCode.Should().Be(HttpStatusCode.TooManyRequests);

        await OrderAsync("accept-connects", "");
        using var accepted = await ConnectAsync();
        accepted.State.Should().Be(WebSocketState.Open);
    }

    [Fact]
    public async Task A_restart_closes_without_a_word_and_a_reload_says_so_first()
    {
        using var restarted = await SubscribeAsync();
        await OrderAsync("restart", "");
        (await ReceiveAsync(restarted)).Should().Be("close 1012");

        using var reloaded = await SubscribeAsync();
        await OrderAsync("reload-tenant", "");
        (await ReceiveAsync(reloaded)).Should().Contain("Server requested disconnect");
        (await ReceiveAsync(reloaded)).Should().Be("close 1012");
    }

    [Fact]
    public async Task Channels_crash_are_closed_with_a_text_and_expire()
    {
        using var socket = await SubscribeAsync();
        await OrderAsync("crash-channels", "");
        (await ReceiveAsync(socket)).Should().Contain("phx_error");

        await SubscribeAsync(socket);
        await OrderAsync("close-channels", """{"text":"enough"}""");
        (await ReceiveAsync(socket)).Should().Contain("\"enough\"");
        (await ReceiveAsync(socket)).Should().Contain("phx_close");

        await SubscribeAsync(socket);
        await OrderAsync("expire-tokens", "");
        (await ReceiveAsync(socket)).Should().Contain("Token has expired");
        (await ReceiveAsync(socket)).Should().Contain("phx_close");
    }

    [Theory]
    [InlineData("deafen", "")]
    [InlineData("empty-subscriptions", "")]
    [InlineData("set-published", """{"table":"item","published":false}""")]
    [InlineData("drop-changes", """{"count":2}""")]
    [InlineData("lose-slot", """{"seconds":3600}""")]
    [InlineData("stream-faults", """{"drop":1}""")]
    public async Task Changes_are_lost_in_silence(string command, string body)
    {
        using var socket = await SubscribeAsync();
        await OrderAsync(command, body);

        _emulator.Insert("item", """{"id":1}""");
        _emulator.Insert("item", """{"id":2}""");

        await NothingElseAsync(socket);
    }

    [Fact]
    public async Task A_broadcast_goes_to_public_channels_or_to_private_ones_and_a_repetition_to_all()
    {
        using var socket = await SubscribeAsync();
        await OrderAsync("send-broadcast", """{"topic":"room","event":"e","payload":{"a":1},"private":true}""");
        await NothingElseAsync(socket);

        await OrderAsync("send-broadcast", """{"topic":"room","event":"hello","payload":{"a":1}}""");
        (await ReceiveAsync(socket)).Should().Contain("hello").And.Contain("\"a\": 1");
        await OrderAsync("repeat-subscribed", "");
        (await ReceiveAsync(socket)).Should().Contain("Subscribed to PostgreSQL");
        await OrderAsync("ignore-heartbeats", """{"count":1}""");
        await SendAsync(socket, """[null,"8","phoenix","heartbeat",{}]""");
        await NothingElseAsync(socket);
    }

    private static string Join(string bindings) => $$$"""["1","1","realtime:room","phx_join",{"config":{"postgres_changes":[{{{bindings}}}]}}]""";

    private Uri Address() => new($"ws://127.0.0.1:{_host.Url.Port}/realtime/v1/websocket?apikey={_emulator.AnonKey}&vsn=2.0.0");

    private async Task<JsonObject> OrderAsync(string command, string body)
    {
        using var response = await _http.PostAsync(new Uri($"/emulator/v1/{command}", UriKind.Relative), new StringContent(body), _hang.Token);
        response.StatusCode.Should().Be(HttpStatusCode.OK);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync(_hang.Token))!.AsObject();
    }

    private async Task<(int Status, string Body)> ReadAsync(string table)
    {
        using var response = await _http.GetAsync(new Uri($"/rest/v1/{table}", UriKind.Relative), _hang.Token);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(_hang.Token));
    }

    private async Task<ClientWebSocket> ConnectAsync()
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(Address(), _hang.Token);
        return socket;
    }

    /// <summary>Joins and returns the answer.</summary>
    private async Task<string> JoinAsync(ClientWebSocket socket)
    {
        await SendAsync(socket, Join(Item));
        return await ReceiveAsync(socket);
    }

    private async Task<ClientWebSocket> SubscribeAsync()
    {
        var socket = await ConnectAsync();
        await SubscribeAsync(socket);
        return socket;
    }

    private async Task SubscribeAsync(ClientWebSocket socket)
    {
        (await JoinAsync(socket)).Should().Contain("\"ok\"");
        (await ReceiveAsync(socket)).Should().Contain("Subscribed to PostgreSQL");
    }

    /// <summary>The server goes through what it is sent in order, and so does the socket: nothing was said before this answer.</summary>
    private async Task NothingElseAsync(ClientWebSocket socket)
    {
        await SendAsync(socket, """[null,"9","phoenix","heartbeat",{}]""");
        (await ReceiveAsync(socket)).Should().Be("""[null,"9","phoenix","phx_reply",{"status":"ok","response":{}}]""");
    }

    private Task SendAsync(ClientWebSocket socket, string frame) => socket.SendAsync(frame, _hang.Token);

    private Task<string> ReceiveAsync(ClientWebSocket socket) => socket.ReceiveAsync(_hang.Token);
}
