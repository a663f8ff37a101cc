using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Carbon.Realtime.Emulator;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.IntegrationTests;

/// <summary>Faults in real time, behind a real socket. Nothing waits for time: every await ends with a frame or with the socket.</summary>
public sealed class EmulatorFaultHostTests : IAsyncLifetime, IDisposable
{
    private const string Join = """["1","1","realtime:room","phx_join",{"config":{"postgres_changes":[{"event":"*","schema":"public","table":"item"}]}}]""";
    private const string Heartbeat = """[null,"9","phoenix","heartbeat",{}]""";

    private readonly ManualTimeProvider _time = new();
    private readonly RealtimeEmulator _emulator = new();
    private readonly CancellationTokenSource _hang = new(TimeSpan.FromSeconds(30));
    private RealtimeEmulatorHost _host = null!;

    public async Task InitializeAsync()
    {
        Define(_emulator);
        _host = await RealtimeEmulatorHost.StartAsync(_emulator, cancellationToken: _hang.Token);
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    public void Dispose()
    {
        _emulator.Dispose();
        _hang.Dispose();
    }

    [Fact]
    public async Task The_same_seed_hits_the_same_frames_as_in_memory()
    {
        var plan = new StreamFaults { Seed = 5, Drop = 0.2, Duplicate = 0.2 };
        var expected = InMemory(plan);
        using var socket = await JoinAsync();
        _emulator.Faults.Stream = plan;
        Insert(_emulator, 100);

        var received = new List<int>();
        while (received.Count < expected.Length)
        {
            received.Add(Version(await ReceiveAsync(socket)));
        }

        received.Should().Equal(expected);
        expected.Distinct().Should().HaveCountLessThan(95).And.HaveCountGreaterThan(60);
    }

    [Fact]
    public async Task Frames_overtake_those_of_other_rows_and_never_of_their_own()
    {
        using var socket = await JoinAsync();
        _emulator.Faults.Stream = new StreamFaults { Seed = 1, Reorder = 0.5, ReorderBy = EmulatorDelay.Milliseconds(0, 50), Duplicate = 0.5 };
        Insert(_emulator, 200);

        var received = new List<int>();
        while (received.Distinct().Count() < 200)
        {
            received.Add(Version(await ReceiveAsync(socket)));
        }

        received.Should().NotBeInAscendingOrder();
        for (var key = 0; key < 5; key++)
        {
            received.Where(v => v % 5 == key).Should().BeInAscendingOrder();
        }
    }

    [Fact]
    public async Task A_half_open_socket_is_silent_to_the_last_byte_until_the_network_is_back()
    {
        using var socket = await JoinAsync();
        _emulator.Faults.HalfOpen();
        await SendAsync(socket, Heartbeat);
        Insert(_emulator, 1);
        using var other = await JoinAsync();
        await SendAsync(other, Heartbeat);
        (await ReceiveAsync(other)).Should().Contain("phx_reply", "who comes anew is served");

        var receiving = ReceiveAsync(socket);
        _emulator.Faults.HealAll();

        var broken = async () => await receiving;
        (await broken.Should().ThrowAsync<WebSocketException>()).Which.WebSocketErrorCode.Should().Be(WebSocketError.ConnectionClosedPrematurely);
    }

    [Fact]
    public async Task Frames_come_in_pieces_after_rubbish()
    {
        using var socket = await JoinAsync();
        _emulator.Faults.Wire = new WireFaults { Seed = 2, Garbage = 1, Fragment = 1, FragmentBytes = 50 };
        Insert(_emulator, 1);

        var buffer = new byte[1024];
        var rubbish = await socket.ReceiveAsync(buffer.AsMemory(), _hang.Token);
        rubbish.EndOfMessage.Should().BeTrue();
        var pieces = new List<int>();
        var length = 0;
        bool isLast;
        do
        {
            var piece = await socket.ReceiveAsync(buffer.AsMemory(length), _hang.Token);
            pieces.Add(piece.Count);
            length += piece.Count;
            isLast = piece.EndOfMessage;
        }
        while (!isLast);

        Version(Encoding.UTF8.GetString(buffer, 0, length)).Should().Be(0);
        pieces.Should().HaveCountGreaterThan(3).And.OnlyContain(static p => p <= 50);
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_cut_off()
    {
        using var emulator = new RealtimeEmulator(new EmulatorOptions { Limits = new EmulatorLimits { UnsentBytesPerSocket = 3_000_000 } });
        Define(emulator);
        await using var host = await RealtimeEmulatorHost.StartAsync(emulator, cancellationToken: _hang.Token);
        using var socket = await JoinAsync(emulator, host);

        // One poll, and far more than TCP holds for a client that does not read.
        emulator.Transaction(static t =>
        {
            for (var i = 0; i < 24; i++)
            {
                t.Insert("item", $$"""{"id":"{{i}}{{new string('x', 1_000_000)}}"}""");
            }
        });

        var received = 0;
        var reading = async () =>
        {
            var buffer = new byte[1024 * 1024];
            for (; received < 24; received++)
            {
                while (!(await socket.ReceiveAsync(buffer.AsMemory(), _hang.Token)).EndOfMessage)
                {
                }
            }
        };
        await reading.Should().ThrowAsync<WebSocketException>("its connection breaks");
        received.Should().BeLessThan(24);
    }

    [Fact]
    public async Task Text_that_is_none_and_binary_frames_leave_the_socket_open()
    {
        using var socket = await JoinAsync();
        await socket.SendAsync(new byte[] { (byte)'"', 0xED, 0xA0, 0x80, (byte)'"' }, WebSocketMessageType.Text, endOfMessage: true, _hang.Token);
        await SendAsync(socket, """["2","2","realtime:\ud800","phx_join",{}]""");
        await socket.SendAsync(new byte[] { 9, 9 }, WebSocketMessageType.Binary, endOfMessage: true, _hang.Token);
        var parted = Encoding.UTF8.GetBytes(Heartbeat.Replace("{}", $"{{\"pad\":\"{new string('x', 70_000)}\"}}", StringComparison.Ordinal));
        await socket.SendAsync(parted.AsMemory(0, 10), WebSocketMessageType.Text, endOfMessage: false, _hang.Token);
        await socket.SendAsync(parted.AsMemory(10), WebSocketMessageType.Text, endOfMessage: true, _hang.Token);

        (await ReceiveAsync(socket)).Should().Contain("phx_reply").And.Contain("phoenix");
    }

    [Fact]
    public async Task A_binary_broadcast_goes_from_socket_to_socket()
    {
        using var sender = await JoinAsync();
        using var receiver = await JoinAsync();

        await sender.SendAsync(
            (byte[])[3, 1, 1, 13, 2, 0, 1, .. "12realtime:roomev"u8, .. "{}"u8], WebSocketMessageType.Binary, endOfMessage: true, _hang.Token);

        var buffer = new byte[100];
        var received = await receiver.ReceiveAsync(buffer.AsMemory(), _hang.Token);
        received.MessageType.Should().Be(WebSocketMessageType.Binary);
        buffer[..received.Count].Should().Equal([4, 13, 2, 0, 1, .. "realtime:roomev"u8, .. "{}"u8]);
    }

    [Fact]
    public async Task A_client_that_only_pings_stays_connected()
    {
        using var emulator = new RealtimeEmulator(new EmulatorOptions
        {
            Environment = new RealtimeEnvironment(_time, RealtimeEnvironment.Default.Scheduler, RealtimeEnvironment.Default.Randomizer),
            Timing = new EmulatorTiming { IdleTimeout = TimeSpan.FromSeconds(60) },
        });
        await using var host = await RealtimeEmulatorHost.StartAsync(emulator, cancellationToken: _hang.Token);
        using var tcp = new TcpClient();
        await tcp.ConnectAsync("127.0.0.1", host.Url.Port, _hang.Token);
        var stream = tcp.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET /socket/websocket?apikey={emulator.AnonKey} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"), _hang.Token);
        var buffer = new byte[4096];
        var answer = "";
        while (!answer.EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            answer += Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer, _hang.Token));
        }

        for (var i = 0; i < 3; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(40));
            await stream.WriteAsync(new byte[] { 0x89, 0x80, 0, 0, 0, 0 }, _hang.Token);
            await stream.ReadExactlyAsync(buffer.AsMemory(0, 2), _hang.Token);
            buffer[..2].Should().Equal([0x8A, 0], "a pong says that the ping has come, and that nothing was closed");
        }

        _time.Advance(TimeSpan.FromSeconds(61));
        await stream.ReadExactlyAsync(buffer.AsMemory(0, 4), _hang.Token);
        buffer[..4].Should().Equal([0x88, 2, 0x03, 0xE8], "code 1000");
    }

    private static void Define(RealtimeEmulator emulator) =>
        emulator.CreateTable("item", static t => t.Column("id", "text").Column("v", "int4").PrimaryKey("id"));

    private static void Insert(RealtimeEmulator emulator, int count, int from = 0)
    {
        for (var i = from; i < from + count; i++)
        {
            var key = $"{i % 5}";
            if (emulator.Update("item", key, $$"""{"v":{{i}}}""") == 0)
            {
                emulator.Insert("item", $$"""{"id":"{{key}}","v":{{i}}}""");
            }
        }
    }

    private static int Version(string frame) => JsonDocument.Parse(frame).RootElement[4].GetProperty("data").GetProperty("record").GetProperty("v").GetInt32();

    private static int[] InMemory(StreamFaults plan)
    {
        var world = new ManualEnvironment();
        using var emulator = new RealtimeEmulator(new EmulatorOptions { Environment = world.Environment });
        Define(emulator);
        var peer = new Listener();
        var connecting = emulator.ConnectAsync(new EmulatorConnectRequest("/socket/websocket", $"apikey={emulator.AnonKey}&vsn=2.0.0", []), peer).AsTask();
        world.RunUntilIdle();
        connecting.Result.Receive(Join);
        world.RunUntilIdle();
        peer.Frames.Clear();
        emulator.Faults.Stream = plan;
        Insert(emulator, 100);
        world.RunUntilIdle();
        return [.. peer.Frames.Select(Version)];
    }

    private Task<ClientWebSocket> JoinAsync() => JoinAsync(_emulator, _host);

    private async Task<ClientWebSocket> JoinAsync(RealtimeEmulator emulator, RealtimeEmulatorHost host)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{host.Url.Port}/realtime/v1/websocket?apikey={emulator.AnonKey}&vsn=2.0.0"), _hang.Token);
        await SendAsync(socket, Join);
        (await ReceiveAsync(socket)).Should().Contain("phx_reply");
        (await ReceiveAsync(socket)).Should().Contain("Subscribed to PostgreSQL");
        return socket;
    }

    private Task SendAsync(ClientWebSocket socket, string frame) => socket.SendAsync(frame, _hang.Token);

    private Task<string> ReceiveAsync(ClientWebSocket socket) => socket.ReceiveAsync(_hang.Token);

    private sealed class Listener : IEmulatorPeer
    {
        public List<string> Frames { get; } = [];

        public void OnMessage(SocketMessage message) => Frames.Add(Encoding.UTF8.GetString(message.Payload.Span));

        public void OnBroken()
        {
        }
    }
}
