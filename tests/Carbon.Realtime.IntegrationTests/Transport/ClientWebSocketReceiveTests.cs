using System.Net.WebSockets;
using System.Text;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.IntegrationTests.Transport;

public sealed class ClientWebSocketReceiveTests : IDisposable
{
    private readonly ClientWebSocketFactory _factory = new();

    public void Dispose() => _factory.Dispose();

    [Fact]
    public async Task A_message_that_arrives_byte_by_byte_in_many_frames_is_one_message()
    {
        await using var server = ScriptedServer.Start(async peer =>
        {
            await peer.AcceptAsync();
            foreach (var part in (byte[][])[ScriptedPeer.Text("grüß", last: false), ScriptedPeer.Text("", last: false, first: false), ScriptedPeer.Text(" dich", first: false)])
            {
                foreach (var one in part)
                {
                    await peer.SendAsync([one]);
                }
            }

            await peer.SendAsync(ScriptedPeer.Frame(2, [1, 2, 3]));
            await peer.WaitAsync();
        });
        await using var socket = await _factory.ConnectAsync(server.Address(), CancellationToken.None);

        (await ReceiveAsync(socket)).Should().Be("Text grüß dich");
        (await ReceiveAsync(socket)).Should().Be("Binary \u0001\u0002\u0003");
    }

    [Fact]
    public async Task A_message_in_fragments_of_one_byte_each_is_one_message()
    {
        var text = new string('x', 300) + "ü!";
        var bytes = Encoding.UTF8.GetBytes(text);
        await using var server = ScriptedServer.Start(async peer =>
        {
            await peer.AcceptAsync();
            for (var i = 0; i < bytes.Length; i++)
            {
                await peer.SendAsync(ScriptedPeer.Frame(i == 0 ? 1 : 0, [bytes[i]], last: i == bytes.Length - 1));
            }

            await peer.WaitAsync();
        });
        await using var socket = await _factory.ConnectAsync(server.Address(), CancellationToken.None);

        (await ReceiveAsync(socket)).Should().Be("Text " + text);
    }

    [Fact]
    public async Task A_large_message_grows_the_buffer_and_small_ones_follow()
    {
        var large = new string('x', 5_000_000);
        await using var server = ScriptedServer.Start(async peer =>
        {
            await peer.AcceptAsync();
            await peer.SendAsync(ScriptedPeer.Text("a"), ScriptedPeer.Text(large), ScriptedPeer.Text(""), ScriptedPeer.Text("b"));
            await peer.WaitAsync();
        });
        await using var socket = await _factory.ConnectAsync(server.Address(5_000_000), CancellationToken.None);

        (await ReceiveAsync(socket)).Should().Be("Text a");
        (await ReceiveAsync(socket)).Should().HaveLength(5 + large.Length);
        (await ReceiveAsync(socket)).Should().Be("Text ");
        (await ReceiveAsync(socket)).Should().Be("Text b");
    }

    [Fact]
    public async Task A_message_over_the_limit_is_skipped_and_the_connection_goes_on()
    {
        await using var server = ScriptedServer.Start(async peer =>
        {
            await peer.AcceptAsync();
            await peer.SendAsync(
                ScriptedPeer.Text(new string('x', 100_000)),
                ScriptedPeer.Text(new string('y', 1000), last: false),
                ScriptedPeer.Text("", first: false),
                ScriptedPeer.Text(new string('z', 1000), last: false),
                ScriptedPeer.Text("z", first: false),
                ScriptedPeer.Text("after"));
            await peer.WaitAsync();
        });
        await using var socket = await _factory.ConnectAsync(server.Address(maxMessageBytes: 1000), CancellationToken.None);

        (await ReceiveAsync(socket)).Should().Be("TooLarge ");
        (await ReceiveAsync(socket)).Should().Be("Text " + new string('y', 1000), "an empty last fragment does not take it over the limit");
        (await ReceiveAsync(socket)).Should().Be("TooLarge ");
        (await ReceiveAsync(socket)).Should().Be("Text after");
    }

    [Theory]
    [InlineData(1000, "")]
    [InlineData(1001, "going away")]
    [InlineData(1009, "too big")]
    [InlineData(1012, "Server requested disconnect")]
    [InlineData(4001, "private")]
    public async Task The_servers_close_comes_with_code_and_reason_and_is_answered(int code, string reason)
    {
        var answer = new TaskCompletionSource<int>();
        await using var server = ScriptedServer.Start(async peer =>
        {
            await peer.AcceptAsync();
            await peer.SendAsync(ScriptedPeer.Text("last"), ScriptedPeer.Close(code, reason));
            answer.SetResult((await peer.ReadFrameAsync()).Opcode);
        });
        await using var socket = await _factory.ConnectAsync(server.Address(), CancellationToken.None);

        (await ReceiveAsync(socket)).Should().Be("Text last");
        var closed = await socket.ReceiveAsync(CancellationToken.None);
        await socket.CloseAsync(CancellationToken.None);

        closed.Kind.Should().Be(SocketMessageKind.Closed);
        closed.CloseCode.Should().Be(code);
        closed.CloseReason.Should().Be(reason.Length == 0 ? null : reason);
        (await answer.Task).Should().Be(8);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_connection_lost_inside_a_frame_is_a_failure(bool reset)
    {
        await using var server = ScriptedServer.Start(async peer =>
        {
            await peer.AcceptAsync();
            await peer.SendAsync(ScriptedPeer.Text("the whole message")[..7]);
            if (reset)
            {
                peer.Reset();
            }
        });
        await using var socket = await _factory.ConnectAsync(server.Address(), CancellationToken.None);

        await socket.Awaiting(s => s.ReceiveAsync(CancellationToken.None).AsTask()).Should().ThrowAsync<WebSocketException>();
    }

    [Fact]
    public async Task Buffered_messages_are_received_synchronously_and_without_allocating()
    {
        const int messages = 1000;
        var sent = new TaskCompletionSource();
        await using var server = ScriptedServer.Start(async peer =>
        {
            await peer.AcceptAsync();
            await peer.SendAsync(Enumerable.Repeat(ScriptedPeer.Text(new string('m', 40)), 2 * messages).SelectMany(frame => frame).ToArray());
            sent.SetResult();
            await peer.WaitAsync();
        });
        using var cancellation = new CancellationTokenSource();
        await using var socket = await _factory.ConnectAsync(server.Address(), cancellation.Token);
        await sent.Task;
        for (var i = 0; i < messages; i++)
        {
            await socket.ReceiveAsync(cancellation.Token);
        }

        var synchronous = 0;
        var allocated = 0L;
        for (var i = 0; i < messages; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var receive = socket.ReceiveAsync(cancellation.Token);
            if (receive.IsCompletedSuccessfully)
            {
                allocated += GC.GetAllocatedBytesForCurrentThread() - before;
                synchronous++;
            }

            await receive;
        }

        // Everything lies in the socket's buffer; still the kernel may hand it over in a few pieces.
        synchronous.Should().BeGreaterThan(messages / 2);
        allocated.Should().BeLessThan(synchronous, "a message must not cost even a byte");
    }

    private static async Task<string> ReceiveAsync(IRealtimeSocket socket)
    {
        var message = await socket.ReceiveAsync(CancellationToken.None);
        return $"{message.Kind} {Encoding.UTF8.GetString(message.Payload.Span)}";
    }
}
