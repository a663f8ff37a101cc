using System.Text;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Tests.Emulation;

public sealed class InMemorySocketTests
{
    private readonly EmulatorWorld _world = new();

    [Fact]
    public async Task A_burst_is_received_without_waiting()
    {
        _world.Emulator.CreateTable("item", static t => t.Column("id", "text").PrimaryKey("id"));
        var socket = await ConnectAsync();
        await SendAsync(socket, EmulatorWorld.JoinFrame("""{"event":"*","schema":"public","table":"item"}"""));
        var pending = socket.ReceiveAsync(default);
        pending.IsCompleted.Should().BeFalse("a server does not answer inside the send");
        _world.World.RunUntilIdle();
        Text(await pending).Should().Contain("phx_reply");
        for (var i = 0; i < 3; i++)
        {
            _world.Emulator.Insert("item", $$"""{"id":"{{i}}"}""");
        }

        _world.World.RunUntilIdle();

        foreach (var part in (string[])["Subscribed", "\"0\"", "\"1\"", "\"2\""])
        {
            var receive = socket.ReceiveAsync(default);
            receive.IsCompleted.Should().BeTrue();
            Text(await receive).Should().Contain(part);
        }
    }

    [Fact]
    public async Task A_message_over_the_limit_is_reported_and_the_next_one_comes()
    {
        var socket = await ConnectAsync(maxMessageBytes: 80);
        await SendAsync(socket, """[null,"1","phoenix","nothing",{}]""");
        await SendAsync(socket, """[null,"2","phoenix","heartbeat",{}]""");
        _world.World.RunUntilIdle();

        (await socket.ReceiveAsync(default)).Kind.Should().Be(SocketMessageKind.TooLarge);
        Text(await socket.ReceiveAsync(default)).Should().Contain("\"2\"");
    }

    [Fact]
    public async Task The_server_closes_with_its_code_after_what_it_has_sent()
    {
        var socket = await ConnectAsync();
        await SendAsync(socket, """[null,"1","phoenix","heartbeat",{}]""");
        _world.Emulator.DropConnections(1012);
        _world.World.RunUntilIdle();

        Text(await socket.ReceiveAsync(default)).Should().Contain("phx_reply");
        var end = await socket.ReceiveAsync(default);
        end.Kind.Should().Be(SocketMessageKind.Closed);
        end.CloseCode.Should().Be(1012);
        await Fails(() => socket.SendAsync(new byte[1], default).AsTask());
    }

    [Fact]
    public async Task A_broken_connection_fails_what_is_pending()
    {
        var socket = await ConnectAsync();
        var pending = socket.ReceiveAsync(default);

        _world.Emulator.BreakConnections();
        _world.World.RunUntilIdle();

        await Fails(() => pending.AsTask());
        await Fails(() => socket.SendAsync(new byte[1], default).AsTask());
    }

    [Fact]
    public async Task What_was_not_received_is_lost_with_the_connection()
    {
        var socket = await ConnectAsync();
        await SendAsync(socket, """[null,"1","phoenix","heartbeat",{}]""");
        _world.World.RunUntilIdle();
        _world.Emulator.BreakConnections();
        _world.World.RunUntilIdle();

        await Fails(() => socket.ReceiveAsync(default).AsTask());
    }

    [Fact]
    public async Task Closing_ends_a_pending_receive_and_aborting_fails_it()
    {
        var polite = await ConnectAsync();
        var closing = polite.ReceiveAsync(default);
        await polite.CloseAsync(default);
        (await closing).CloseCode.Should().Be(1000);

        var abrupt = await ConnectAsync();
        var aborting = abrupt.ReceiveAsync(default);
        abrupt.Abort();
        abrupt.Abort();
        await Fails(() => aborting.AsTask());
        await abrupt.DisposeAsync();
        _world.Emulator.Connections.Should().BeEmpty();
    }

    [Fact]
    public async Task A_cancelled_receive_loses_no_message()
    {
        var socket = await ConnectAsync();
        using var cancellation = new CancellationTokenSource();
        var pending = socket.ReceiveAsync(cancellation.Token);
        await cancellation.CancelAsync();
        var cancelled = async () => await pending;
        await cancelled.Should().ThrowAsync<OperationCanceledException>();

        await SendAsync(socket, """[null,"1","phoenix","heartbeat",{}]""");
        _world.World.RunUntilIdle();
        Text(await socket.ReceiveAsync(default)).Should().Contain("phx_reply");
    }

    [Fact]
    public async Task A_refusal_is_thrown_with_status_and_body()
    {
        var connecting = _world.Emulator.CreateSocketFactory().ConnectAsync(Address("apikey=", 1000), default).AsTask();
        var refused = () => _world.World.RunAsync(connecting);

        (await refused.Should().ThrowAsync<UpgradeRefusedException>()).Which.Should().BeEquivalentTo(
            new { StatusCode = 401, Body = """{"error":"API key is missing"}""" });
    }

    private static ValueTask SendAsync(IRealtimeSocket socket, string frame) => socket.SendAsync(Encoding.UTF8.GetBytes(frame), default);

    private static string Text(SocketMessage message) => Encoding.UTF8.GetString(message.Payload.Span);

    private static async Task Fails(Func<Task> action) => await action.Should().ThrowAsync<IOException>();

    private RealtimeSocketAddress Address(string query, int maxMessageBytes) =>
        new(new Uri($"ws://{_world.Emulator.ProjectUrl.Host}/realtime/v1/websocket?{query}"), [], maxMessageBytes);

    private async Task<IRealtimeSocket> ConnectAsync(int maxMessageBytes = 1_000_000)
    {
        var connecting = _world.Emulator.CreateSocketFactory()
            .ConnectAsync(Address($"apikey={_world.Emulator.AnonKey}&vsn=2.0.0", maxMessageBytes), default).AsTask();
        await _world.World.RunAsync(connecting);
        return await connecting;
    }
}
