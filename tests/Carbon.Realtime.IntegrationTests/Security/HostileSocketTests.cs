using System.Buffers.Binary;
using Carbon.Realtime.IntegrationTests.Transport;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.IntegrationTests.Security;

/// <summary>Messages that are larger than memory, or say so.</summary>
[Collection(AloneCollection.Name)]
public sealed class HostileSocketTests : IDisposable
{
    private readonly ClientWebSocketFactory _factory = new();
    private readonly CancellationTokenSource _hang = new(TimeSpan.FromSeconds(60));

    public void Dispose()
    {
        _factory.Dispose();
        _hang.Dispose();
    }

    [Fact]
    public async Task A_message_of_a_gigabyte_in_fragments_costs_no_more_than_the_limit_and_the_connection_goes_on()
    {
        const int Limit = 1 << 20;
        var (first, fragment, last) = (ScriptedPeer.Frame(1, new byte[1 << 20], last: false), ScriptedPeer.Frame(0, new byte[1 << 20], last: false), ScriptedPeer.Frame(0, new byte[1 << 20]));
        await using var server = ScriptedServer.Start(async peer =>
        {
            await peer.AcceptAsync();
            await peer.SendAsync(first);
            for (var i = 1; i < 1023; i++)
            {
                await peer.SendAsync(fragment);
            }

            await peer.SendAsync(last);
            await peer.SendAsync(ScriptedPeer.Text("after"));
            await peer.WaitAsync();
        });
        await using var socket = await _factory.ConnectAsync(server.Address(Limit), _hang.Token);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        (await socket.ReceiveAsync(_hang.Token)).Kind.Should().Be(SocketMessageKind.TooLarge);
        (GC.GetTotalAllocatedBytes(precise: true) - before).Should().BeLessThan(16 * Limit, "what is over the limit is overwritten: neither kept nor thrown away");
        var next = await socket.ReceiveAsync(_hang.Token);
        System.Text.Encoding.UTF8.GetString(next.Payload.Span).Should().Be("after");
    }

    [Theory]
    [InlineData(0x7FFF_FFFF_FFFF_FFFF, 0x81)]
    [InlineData(0x0000_0001_0000_0000, 0x81)]
    [InlineData(0x0000_0001_0000_0000, 0x82)]
    public async Task A_frame_that_says_to_be_longer_than_it_is_is_a_lost_connection_and_reserves_nothing(long length, int first)
    {
        await using var server = ScriptedServer.Start(async peer =>
        {
            await peer.AcceptAsync();
            var head = new byte[10];
            (head[0], head[1]) = ((byte)first, 127);
            BinaryPrimitives.WriteInt64BigEndian(head.AsSpan(2), length);
            await peer.SendAsync(head, [1, 2, 3]);
            peer.Reset();
        });
        await using var socket = await _factory.ConnectAsync(server.Address(1 << 20), _hang.Token);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await FluentActions.Awaiting(() => socket.ReceiveAsync(_hang.Token).AsTask()).Should().ThrowAsync<Exception>();
        (GC.GetTotalAllocatedBytes(precise: true) - before).Should().BeLessThan(8 << 20);
    }

    [Theory]
    [InlineData(0xFFFF_FFFF_FFFF_FFFFul, 0x81)]
    [InlineData(5ul, 0xF1)]
    [InlineData(5ul, 0x83)]
    [InlineData(200ul, 0x89)]
    public async Task A_frame_that_no_server_may_send_is_a_failure_and_nothing_worse(ulong length, int first)
    {
        await using var server = ScriptedServer.Start(async peer =>
        {
            await peer.AcceptAsync();
            var head = new byte[10];
            (head[0], head[1]) = ((byte)first, 127);
            BinaryPrimitives.WriteUInt64BigEndian(head.AsSpan(2), length);
            await peer.SendAsync(head, new byte[300]);
            await peer.WaitAsync();
        });
        await using var socket = await _factory.ConnectAsync(server.Address(1 << 20), _hang.Token);
        await FluentActions.Awaiting(() => socket.ReceiveAsync(_hang.Token).AsTask()).Should().ThrowAsync<Exception>();
        _hang.IsCancellationRequested.Should().BeFalse();
    }

    [Fact]
    public async Task An_upgrade_whose_headers_never_end_is_refused_at_their_limit()
    {
        await using var server = ScriptedServer.Start(async peer =>
        {
            await peer.SendAsync("HTTP/1.1 101 Switching Protocols\r\n");
            while (true)
            {
                await peer.SendAsync("X-More: " + new string('x', 8000) + "\r\n");
            }
        });
        (await FluentActions.Awaiting(() => _factory.ConnectAsync(server.Address(), _hang.Token).AsTask()).Should().ThrowAsync<Exception>()).Which.ToString().Should().NotContain("planted");
        _hang.IsCancellationRequested.Should().BeFalse();
    }
}
