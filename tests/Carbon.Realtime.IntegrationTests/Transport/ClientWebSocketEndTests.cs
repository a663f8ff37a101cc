using System.Net.WebSockets;
using System.Text;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.IntegrationTests.Transport;

/// <summary>Sending, and the ways in which our side ends a connection.</summary>
public sealed class ClientWebSocketEndTests : IDisposable
{
    private readonly ClientWebSocketFactory _factory = new();

    public void Dispose() => _factory.Dispose();

    [Fact]
    public async Task A_sent_message_is_one_text_frame_and_close_is_polite()
    {
        var frames = new List<(int Opcode, byte[] Payload)>();
        await using var server = ScriptedServer.Start(async peer =>
        {
            await peer.AcceptAsync();
            frames.Add(await peer.ReadFrameAsync());
            frames.Add(await peer.ReadFrameAsync());
            await peer.SendAsync(ScriptedPeer.Close(1000));
        });
        await using var socket = await _factory.ConnectAsync(server.Address(), CancellationToken.None);
        var receive = socket.ReceiveAsync(CancellationToken.None);

        await socket.SendAsync(Encoding.UTF8.GetBytes("[null,\"1\",\"phoenix\",\"heartbeat\",{}]"), CancellationToken.None);
        await socket.CloseAsync(CancellationToken.None);
        var closed = await receive;
        await socket.CloseAsync(CancellationToken.None);

        closed.Kind.Should().Be(SocketMessageKind.Closed);
        frames.Select(frame => frame.Opcode).Should().Equal(1, 8);
        Encoding.UTF8.GetString(frames[0].Payload).Should().Be("[null,\"1\",\"phoenix\",\"heartbeat\",{}]");
        frames[1].Payload.Should().Equal(0x03, 0xE8);
    }

    [Fact]
    public async Task Abort_ends_a_pending_receive_with_a_failure_and_not_with_a_cancellation()
    {
        await using var server = SilentServer();
        await using var socket = await _factory.ConnectAsync(server.Address(), CancellationToken.None);
        using var cancellation = new CancellationTokenSource();
        var receive = socket.ReceiveAsync(cancellation.Token).AsTask();

        Parallel.For(0, 8, _ => socket.Abort());

        await receive.Awaiting(r => r).Should().ThrowAsync<WebSocketException>();
        await socket.Awaiting(s => s.ReceiveAsync(cancellation.Token).AsTask()).Should().ThrowAsync<Exception>();
        await socket.CloseAsync(cancellation.Token);
    }

    [Fact]
    public async Task Dispose_twice_while_receiving_ends_the_receive()
    {
        await using var server = SilentServer();
        var socket = await _factory.ConnectAsync(server.Address(), CancellationToken.None);
        var receive = socket.ReceiveAsync(CancellationToken.None).AsTask();

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => socket.DisposeAsync().AsTask())));
        await socket.DisposeAsync();
        socket.Abort();

        (await receive.Awaiting(r => r).Should().ThrowAsync<Exception>()).Which.Should().NotBeAssignableTo<OperationCanceledException>();
        await socket.Awaiting(s => s.ReceiveAsync(CancellationToken.None).AsTask()).Should().ThrowAsync<ObjectDisposedException>();
        await socket.Awaiting(s => s.SendAsync(new byte[1], CancellationToken.None).AsTask()).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    public async Task Cancelling_a_pending_receive_is_a_cancellation()
    {
        await using var server = SilentServer();
        await using var socket = await _factory.ConnectAsync(server.Address(), CancellationToken.None);
        using var cancellation = new CancellationTokenSource();
        var receive = socket.ReceiveAsync(cancellation.Token).AsTask();

        await cancellation.CancelAsync();

        await receive.Awaiting(r => r).Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task Close_is_bounded_by_its_token_and_abort_frees_a_send_that_is_stuck()
    {
        await using var server = SilentServer();
        await using var socket = await _factory.ConnectAsync(server.Address(), CancellationToken.None);
        var stuck = socket.SendAsync(new byte[64 << 20], CancellationToken.None).AsTask();
        stuck.IsCompleted.Should().BeFalse("the server reads nothing, and no socket buffers 64 MB");
        using var deadline = new CancellationTokenSource();

        var close = socket.CloseAsync(deadline.Token).AsTask();
        await deadline.CancelAsync();

        await close.Awaiting(c => c).Should().ThrowAsync<OperationCanceledException>();
        socket.Abort();
        (await stuck.Awaiting(s => s).Should().ThrowAsync<Exception>()).Which.Should().NotBeAssignableTo<OperationCanceledException>();
    }

    [Fact]
    public async Task An_open_socket_outlives_the_factory()
    {
        await using var server = ScriptedServer.Start(async peer =>
        {
            await peer.AcceptAsync();
            await peer.ReadFrameAsync();
            await peer.SendAsync(ScriptedPeer.Text("still here"));
            await peer.WaitAsync();
        });
        await using var socket = await _factory.ConnectAsync(server.Address(), CancellationToken.None);

        _factory.Dispose();
        await socket.SendAsync(new byte[1], CancellationToken.None);

        Encoding.UTF8.GetString((await socket.ReceiveAsync(CancellationToken.None)).Payload.Span).Should().Be("still here");
    }

    private static ScriptedServer SilentServer() => ScriptedServer.Start(async peer =>
    {
        await peer.AcceptAsync();
        await peer.WaitAsync();
    });
}
