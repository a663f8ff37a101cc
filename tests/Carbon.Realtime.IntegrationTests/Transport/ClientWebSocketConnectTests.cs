using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.IntegrationTests.Transport;

public sealed class ClientWebSocketConnectTests : IDisposable
{
    private const string Key = "planted-key";
    private const int UpgradeBodyLimit = 4096;

    private readonly ClientWebSocketFactory _factory = new();

    public void Dispose() => _factory.Dispose();

    [Theory]
    [InlineData(401, "401 Unauthorized", "{\"error\":\"Token has expired\"}", "application/json")]
    [InlineData(403, "403 Forbidden", "", "application/json")]
    [InlineData(404, "404 Not Found", "{\"error\":\"Tenant not found\"}", "application/json")]
    [InlineData(429, "429 Too Many Requests", "{\"error\":\"Too many connected users\"}", "application/json")]
    [InlineData(500, "500 Internal Server Error", "<html>nginx</html>", "text/html")]
    [InlineData(200, "200 OK", "a login page", "text/plain")]
    public async Task A_refused_upgrade_tells_status_and_body(int status, string statusLine, string body, string contentType)
    {
        await using var server = ScriptedServer.Start(peer => peer.RefuseAsync(statusLine, body, contentType));

        var refused = (await ConnectAsync(server.Address()).Should().ThrowAsync<UpgradeRefusedException>()).Which;

        refused.StatusCode.Should().Be(status);
        refused.Body.Should().Be(body.Length == 0 ? null : body);
    }

    [Fact]
    public async Task A_redirect_is_a_refusal_and_not_followed()
    {
        await using var server = ScriptedServer.Start(peer =>
            peer.SendAsync("HTTP/1.1 302 Found\r\nLocation: https://elsewhere.invalid/?apikey=planted-key\r\nContent-Length: 0\r\n\r\n"));

        (await ConnectAsync(server.Address()).Should().ThrowAsync<UpgradeRefusedException>()).Which.StatusCode.Should().Be(302);
    }

    [Fact]
    public async Task Cookies_of_an_upgrade_are_neither_kept_nor_sent()
    {
        const string Cookie = "Set-Cookie: planted=1; Path=/\r\n";
        var requests = new List<string>();
        await using var server = ScriptedServer.Start(
            peer => Told(peer).SendAsync($"HTTP/1.1 403 Forbidden\r\n{Cookie}Content-Length: 0\r\nConnection: close\r\n\r\n"),
            peer => Told(peer).AcceptAsync(Cookie),
            peer => Told(peer).AcceptAsync(Cookie));

        await ConnectAsync(server.Address()).Should().ThrowAsync<UpgradeRefusedException>();
        for (var i = 0; i < 2; i++)
        {
            await using var socket = await _factory.ConnectAsync(server.Address(), CancellationToken.None);
        }

        requests.Should().HaveCount(3).And.NotContain(static r => r.Contains("Cookie", StringComparison.OrdinalIgnoreCase));

        ScriptedPeer Told(ScriptedPeer peer)
        {
            requests.Add(peer.Request);
            return peer;
        }
    }

    [Fact]
    public async Task An_error_page_is_read_to_4_kilobytes_and_loses_the_keys_it_quotes()
    {
        await using var server = ScriptedServer.Start(peer => peer.SendAsync(
            $"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 100000\r\n\r\n{peer.Request.Split("\r\n")[0]} x-secret: header-secret {new string('x', 5000)}"));
        var address = server.Address(headers: [new("x-secret", "header-secret")]);

        var refused = (await ConnectAsync(address).Should().ThrowAsync<UpgradeRefusedException>()).Which;

        refused.Body.Should().StartWith("GET /socket/websocket?apikey=***&vsn=2.0.0 HTTP/1.1 x-secret: *** xxx");
        refused.Body!.Length.Should().BeLessThanOrEqualTo(UpgradeBodyLimit);
    }

    [Fact]
    public async Task A_body_that_ends_early_does_not_hide_the_status()
    {
        await using var server = ScriptedServer.Start(peer => peer.SendAsync("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 100\r\n\r\n{\"err"));

        (await ConnectAsync(server.Address()).Should().ThrowAsync<UpgradeRefusedException>()).Which.StatusCode.Should().Be(429);
    }

    [Fact]
    public async Task A_refusal_that_the_server_delays_is_waited_for()
    {
        // A Realtime server sleeps 2 s before it refuses. Here it waits for the test.
        var asked = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        await using var server = ScriptedServer.Start(async peer =>
        {
            asked.SetResult();
            await answer.Task;
            await peer.RefuseAsync("401 Unauthorized", "{\"error\":\"API key is missing\"}");
        });
        var connect = _factory.ConnectAsync(server.Address(), CancellationToken.None).AsTask();
        await asked.Task;
        connect.IsCompleted.Should().BeFalse();

        answer.SetResult();

        (await connect.Awaiting(c => c).Should().ThrowAsync<UpgradeRefusedException>()).Which.Body.Should().Contain("API key is missing");
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 100\r\n\r\n{\"err")]
    public async Task Cancelling_a_connect_is_a_cancellation_also_while_the_body_is_read(string beginning)
    {
        var asked = new TaskCompletionSource();
        await using var server = ScriptedServer.Start(async peer =>
        {
            await peer.SendAsync(beginning);
            asked.SetResult();
            await peer.WaitAsync();
        });
        using var cancellation = new CancellationTokenSource();
        var connect = _factory.ConnectAsync(server.Address(), cancellation.Token).AsTask();
        await asked.Task;

        await cancellation.CancelAsync();

        await connect.Awaiting(c => c).Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task Headers_arrive_at_the_server_and_no_extension_is_offered()
    {
        var request = "";
        await using var server = ScriptedServer.Start(async peer =>
        {
            request = peer.Request;
            await peer.AcceptAsync();
            await peer.WaitAsync();
        });

        await using var socket = await _factory.ConnectAsync(
            server.Address(headers: [new("x-api-key", "a.b.c"), new("Host", "tenant.localhost")]), CancellationToken.None);

        request.Should().StartWith("GET /socket/websocket?apikey=planted-key&vsn=2.0.0 HTTP/1.1\r\n")
            .And.Contain("\r\nx-api-key: a.b.c\r\n")
            .And.Contain("\r\nHost: tenant.localhost\r\n", "a server without a gateway takes the tenant from it")
            .And.NotContain("Sec-WebSocket-Extensions");
    }

    [Fact]
    public async Task No_exception_carries_the_key()
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var closedPort = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        await using var garbage = ScriptedServer.Start(peer => peer.SendAsync("no HTTP at all\r\n\r\n"));
        await using var wrongAccept = ScriptedServer.Start(peer => peer.SendAsync(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"));
        await using var refusing = ScriptedServer.Start(peer => peer.RefuseAsync("401 Unauthorized", peer.Request));
        await using var hangingUp = ScriptedServer.Start(_ => Task.CompletedTask);
        await using var unused = ScriptedServer.Start(_ => Task.CompletedTask);
        RealtimeSocketAddress[] addresses =
        [
            Address($"ws://127.0.0.1:{closedPort}/?apikey={Key}"),
            Address($"wss://127.0.0.1:{closedPort}/?apikey={Key}"),
            Address($"wss://no-such-host.invalid/?apikey={Key}"),
            garbage.Address(), wrongAccept.Address(), refusing.Address(), hangingUp.Address(),
            Address(unused.Address().Uri.AbsoluteUri, new KeyValuePair<string, string>("x-api-key", Key + "\r\nx: y")),
            Address(unused.Address().Uri.AbsoluteUri, new KeyValuePair<string, string>("x-api-key", Key + "ü")),
            Address(unused.Address().Uri.AbsoluteUri, new KeyValuePair<string, string>("x api key", Key)),
            Address($"http://127.0.0.1:{closedPort}/?apikey={Key}"),
            Address($"ftp://127.0.0.1:{closedPort}/?apikey={Key}"),
        ];

        foreach (var address in addresses)
        {
            var thrown = (await ConnectAsync(address).Should().ThrowAsync<Exception>(address.ToString())).Which;

            thrown.ToString().Should().NotContain(Key);
            (thrown as UpgradeRefusedException)?.Body.Should().NotContain(Key);
        }
    }

    [Fact]
    public async Task A_server_that_hangs_up_unanswered_is_dialled_once()
    {
        await using var server = ScriptedServer.Start(_ => Task.CompletedTask);

        // The scripted server serves one connection only: a second dial would wait for ever.
        (await ConnectAsync(server.Address()).Should().ThrowAsync<WebSocketException>())
            .Which.ToString().Should().Contain("closed the connection before it answered");
    }

    [Fact]
    public async Task Connects_at_the_same_time_do_not_disturb_each_other()
    {
        await using var refusing = ScriptedServer.Start(peer => peer.RefuseAsync("429 Too Many Requests", ""));
        var accepting = Enumerable.Range(0, 8).Select(_ => ScriptedServer.Start(async peer =>
        {
            await peer.AcceptAsync();
            await peer.WaitAsync();
        })).ToArray();

        var refused = _factory.ConnectAsync(refusing.Address(), CancellationToken.None).AsTask();
        var sockets = await Task.WhenAll(accepting.Select(server => _factory.ConnectAsync(server.Address(), CancellationToken.None).AsTask()));

        await refused.Awaiting(r => r).Should().ThrowAsync<UpgradeRefusedException>();
        foreach (var (socket, server) in sockets.Zip(accepting))
        {
            await socket.DisposeAsync();
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task An_unreachable_server_is_a_web_socket_exception()
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var port = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();

        await ConnectAsync(Address($"ws://127.0.0.1:{port}/")).Should().ThrowAsync<WebSocketException>();
    }

    private static RealtimeSocketAddress Address(string uri, params KeyValuePair<string, string>[] headers) => new(new Uri(uri), headers, 1024);

    private Func<Task> ConnectAsync(RealtimeSocketAddress address) => () => _factory.ConnectAsync(address, CancellationToken.None).AsTask();
}
