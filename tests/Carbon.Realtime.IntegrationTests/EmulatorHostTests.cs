using System.Net.WebSockets;
using Carbon.Realtime.Emulator;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.IntegrationTests;

/// <summary>The emulator behind a real socket on loopback. Nothing waits for time: every await ends with a frame or with the socket.</summary>
public sealed class EmulatorHostTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    private readonly RealtimeEmulator _emulator = new();
    private readonly CancellationTokenSource _hang = new(Hang);
    private RealtimeEmulatorHost _host = null!;

    public async Task InitializeAsync()
    {
        _emulator.CreateTable("item", static t => t.Column("id", "text").Column("price", "numeric").PrimaryKey("id"));
        _host = await RealtimeEmulatorHost.StartAsync(_emulator, cancellationToken: _hang.Token);
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    public void Dispose()
    {
        _emulator.Dispose();
        _hang.Dispose();
    }

    [Theory]
    [InlineData("/realtime/v1/websocket")]
    [InlineData("/socket/websocket")]
    public async Task A_client_joins_and_receives_what_is_inserted(string path)
    {
        using var socket = await ConnectAsync($"{path}?apikey={_emulator.AnonKey}&vsn=2.0.0");
        await SendAsync(socket, """["1","1","realtime:room","phx_join",{"config":{"postgres_changes":[{"event":"*","schema":"public","table":"item"}]}}]""");
        (await ReceiveAsync(socket)).Should().StartWith("""["1","1","realtime:room","phx_reply",{"status":"ok",""");
        (await ReceiveAsync(socket)).Should().Contain("Subscribed to PostgreSQL");

        for (var i = 0; i < 500; i++)
        {
            _emulator.Insert("item", $$"""{"id":"{{i}}","price":12.50}""");
        }

        for (var i = 0; i < 500; i++)
        {
            (await ReceiveAsync(socket)).Should().Contain($$"""{"id": "{{i}}", "price": 12.50}""");
        }
    }

    [Fact]
    public async Task A_read_is_answered_over_http_as_in_memory()
    {
        _emulator.Insert("item", """{"id":"a+b c","price":1.50}""");
        _emulator.Insert("item", """{"id":"2","price":2}""");
        using var http = new HttpClient { BaseAddress = _host.Url };
        http.DefaultRequestHeaders.Add("apikey", _emulator.AnonKey);
        http.DefaultRequestHeaders.Add("Prefer", "count=exact");

        using var response = await http.GetAsync(new Uri("/rest/v1/item?id=eq.a%2Bb+c&limit=1", UriKind.Relative), _hang.Token);
        ((int)response.StatusCode, await response.Content.ReadAsStringAsync(_hang.Token)).Should().Be((200, """[{"id":"a+b c","price":1.50}]"""));
        response.Content.Headers.NonValidated["Content-Range"].ToString().Should().Be("0-0/1");
        response.Content.Headers.ContentLength.Should().Be(29);

        using var refused = await http.GetAsync(new Uri("/rest/v1/nothing", UriKind.Relative), _hang.Token);
        refused.StatusCode.Should().Be(System.Net.HttpStatusCode.NotFound);
        refused.Headers.GetValues("Proxy-Status").Should().Equal("PostgREST; error=PGRST205");

        using var head = await http.SendAsync(new HttpRequestMessage(HttpMethod.Head, new Uri("/rest/v1/item?limit=1", UriKind.Relative)), _hang.Token);
        ((int)head.StatusCode, head.Content.Headers.NonValidated["Content-Range"].ToString()).Should().Be((206, "0-0/2"));
    }

    [Fact]
    public async Task A_truncated_answer_breaks_on_the_wire_too()
    {
        _emulator.Insert("item", """{"id":"1","price":1}""");
        _emulator.Faults.FailReads(1, EmulatorReadFault.TruncatedBody(5));
        using var http = new HttpClient { BaseAddress = _host.Url };
        http.DefaultRequestHeaders.Add("apikey", _emulator.AnonKey);
        var reading = () => http.GetStringAsync(new Uri("/rest/v1/item", UriKind.Relative), _hang.Token);
        await reading.Should().ThrowAsync<HttpRequestException>();
        (await http.GetStringAsync(new Uri("/rest/v1/item", UriKind.Relative), _hang.Token)).Should().Be("""[{"id":"1","price":1}]""");
    }

    [Fact]
    public async Task A_large_message_of_the_client_arrives_whole()
    {
        using var socket = await ConnectAsync();
        await SendAsync(socket, $$"""[null,"{{new string('x', 100_000)}}","phoenix","heartbeat",{}]""");

        (await ReceiveAsync(socket)).Should().Contain(new string('x', 100_000));
    }

    [Theory]
    [InlineData("vsn=2.0.0", 401, """{"error":"API key is missing"}""")]
    [InlineData("apikey=garbage&vsn=2.0.0", 401, """{"error":"The token provided is not a valid JWT"}""")]
    [InlineData("apikey=garbage&vsn=9.0.0", 403, "")]
    public async Task A_refused_upgrade_has_status_and_body(string query, int status, string body)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_host.Url, $"/realtime/v1/websocket?{query}"))
        {
            Headers =
            {
                { "Connection", "Upgrade" },
                { "Upgrade", "websocket" },
                { "Sec-WebSocket-Version", "13" },
                { "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==" },
            },
        };
        using var response = await http.SendAsync(request, _hang.Token);

        ((int)response.StatusCode).Should().Be(status);
        (await response.Content.ReadAsStringAsync(_hang.Token)).Should().Be(body);
    }

    [Fact]
    public async Task The_key_may_come_in_a_header()
    {
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("x-api-key", _emulator.AnonKey);
        await socket.ConnectAsync(Address("/realtime/v1/websocket"), _hang.Token);

        await SendAsync(socket, """{"topic":"phoenix","event":"heartbeat","payload":{},"ref":7}""");
        (await ReceiveAsync(socket)).Should().Be("""{"ref":7,"payload":{"status":"ok","response":{}},"event":"phx_reply","topic":"phoenix"}""");
    }

    [Fact]
    public async Task The_server_closes_with_its_code()
    {
        using var socket = await ConnectAsync();
        _emulator.DropConnections(1012);

        (await ReceiveAsync(socket)).Should().Be("close 1012");
    }

    [Fact]
    public async Task A_broken_connection_ends_without_a_close_frame()
    {
        using var socket = await ConnectAsync();
        _emulator.BreakConnections();

        var receiving = () => ReceiveAsync(socket);
        (await receiving.Should().ThrowAsync<WebSocketException>()).Which.WebSocketErrorCode.Should().Be(WebSocketError.ConnectionClosedPrematurely);
    }

    [Fact]
    public async Task A_message_over_the_limit_is_answered_with_1009()
    {
        using var socket = await ConnectAsync();
        var sending = socket.SendAsync(new byte[5_000_001], WebSocketMessageType.Text, endOfMessage: true, _hang.Token);

        (await ReceiveAsync(socket)).Should().Be("close 1009");
        await sending;
    }

    [Fact]
    public async Task Stopping_the_host_closes_politely_and_leaves_the_emulator_alone()
    {
        using var socket = await ConnectAsync();
        var stopping = _host.DisposeAsync();

        (await ReceiveAsync(socket)).Should().Be("close 1012");
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, _hang.Token);
        await stopping;
        _emulator.Connections.Should().BeEmpty();
        await using var again = await RealtimeEmulatorHost.StartAsync(_emulator, _host.Url.Port, _hang.Token);
        again.Url.Should().Be(_host.Url);
    }

    [Fact]
    public async Task A_client_that_never_answers_does_not_hold_the_stop_up()
    {
        using var socket = await ConnectAsync();
        await _host.DisposeAsync();
        _emulator.Connections.Should().BeEmpty();
    }

    [Fact]
    public async Task A_stop_waits_a_second_of_the_emulators_clock_for_such_a_client()
    {
        var time = new ManualTimeProvider();
        using var emulator = new RealtimeEmulator(new EmulatorOptions
        {
            Environment = new RealtimeEnvironment(time, RealtimeEnvironment.Default.Scheduler, RealtimeEnvironment.Default.Randomizer),
        });
        await using var host = await RealtimeEmulatorHost.StartAsync(emulator, cancellationToken: _hang.Token);
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{host.Url.Port}/realtime/v1/websocket?apikey={emulator.AnonKey}"), _hang.Token);

        var stopping = host.DisposeAsync().AsTask();
        time.Advance(TimeSpan.FromSeconds(0.9));
        stopping.IsCompleted.Should().BeFalse();
        time.Advance(TimeSpan.FromSeconds(0.1));

        await stopping.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_busy_port_is_named()
    {
        var starting = () => RealtimeEmulatorHost.StartAsync(_emulator, _host.Url.Port, _hang.Token);

        var refused = await starting.Should().ThrowAsync<EmulatorPortInUseException>().WithMessage($"Port {_host.Url.Port} of 127.0.0.1 is in use*");
        refused.Which.Port.Should().Be(_host.Url.Port);
    }

    [Theory]
    [InlineData("GET", "/", 404)]
    [InlineData("GET", "/realtime/v1/websocket", 400)]
    [InlineData("GET", "/Socket/WebSocket/", 400)]
    [InlineData("POST", "/socket/websocket", 405)]
    [InlineData("GET", "/socket/websocket/more", 404)]
    [InlineData("GET", "/socket/websockets", 404)]
    [InlineData("GET", "/rest/v1", 401)]
    [InlineData("GET", "/rest/v10/item", 404)]
    [InlineData("POST", "/emulator/v1", 404)]
    public async Task Addresses_are_those_of_a_project(string method, string path, int status)
    {
        using var http = new HttpClient { BaseAddress = _host.Url };
        using var response = await http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), _hang.Token);

        ((int)response.StatusCode).Should().Be(status);
    }

    [Fact]
    public async Task The_configuration_of_the_program_does_not_reach_the_host()
    {
        const string Endpoint = "Kestrel__Endpoints__Program__Url";
        Environment.SetEnvironmentVariable(Endpoint, _host.Url.ToString());
        try
        {
            await using var other = await RealtimeEmulatorHost.StartAsync(_emulator, cancellationToken: _hang.Token);
            other.Url.Should().NotBe(_host.Url);
        }
        finally
        {
            Environment.SetEnvironmentVariable(Endpoint, null);
        }
    }

    [Fact]
    public async Task A_start_can_be_given_up()
    {
        var starting = () => RealtimeEmulatorHost.StartAsync(_emulator, 0, new CancellationToken(canceled: true));

        await starting.Should().ThrowAsync<OperationCanceledException>();
    }

    private async Task<ClientWebSocket> ConnectAsync(string? pathAndQuery = null)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(Address(pathAndQuery ?? $"/realtime/v1/websocket?apikey={_emulator.AnonKey}&vsn=2.0.0"), _hang.Token);
        return socket;
    }

    private Uri Address(string pathAndQuery) => new($"ws://127.0.0.1:{_host.Url.Port}{pathAndQuery}");

    private Task SendAsync(ClientWebSocket socket, string frame) => socket.SendAsync(frame, _hang.Token);

    private Task<string> ReceiveAsync(ClientWebSocket socket) => socket.ReceiveAsync(_hang.Token);
}
