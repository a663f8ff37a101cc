using System.Net;
using System.Net.Sockets;
using System.Text;
using Carbon.Realtime.Benchmarks.Race;
using Carbon.Realtime.Benchmarks.Sender;

namespace Carbon.Realtime.Benchmarks.Clients;

/// <summary>
/// No client at all: counts bytes from a TCP socket, an event being its average share of them. Shows what the sender and the loopback
/// can do, so that the other figures are known to be the clients' own.
/// </summary>
internal static class DrainClient
{
    public static async Task<RunFigures> RunAsync(RunOptions options)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(IPAddress.Loopback, options.Port);
        Subscribe(socket);
        var meter = new Meter(options);
        using var sender = new SenderControl(options.Port);
        await Task.WhenAll(DrainAsync(options.Warmup), meter.WarmUpAsync());
        sender.Wait();
        meter.Start();
        await DrainAsync(options.Events);
        var figures = await meter.CompletionAsync();
        return figures with { SenderBusy = sender.Wait().Busy };

        Task DrainAsync(long events)
        {
            var bytes = sender.Send(new SendOrder(events));
            return Task.Run(() => Loop(socket, meter, events, bytes));
        }
    }

    private static void Loop(Socket socket, Meter meter, long events, long bytes)
    {
        var buffer = new byte[1024 * 1024];
        var (received, counted) = (0L, 0L);
        while (received < bytes)
        {
            var count = socket.Receive(buffer);
            if (count == 0)
            {
                meter.Fail("The sender closed the connection.");
                return;
            }

            received += count;
            for (var due = (long)((double)received / bytes * events); counted < due; counted++) meter.OnEvent(0);
        }
    }

    private static void Subscribe(Socket socket)
    {
        socket.Send(Encoding.ASCII.GetBytes(
            $"GET {BareSubscription.PathAndQuery} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
        ReceiveUntil(socket, "\r\n\r\n");
        var join = Encoding.ASCII.GetBytes(BareSubscription.Join);
        // A masked text frame of 126 to 65 535 bytes; the mask of zeros changes nothing.
        socket.Send([0x81, 0xFE, (byte)(join.Length >> 8), (byte)join.Length, 0, 0, 0, 0, .. join]);
        ReceiveUntil(socket, "\"channel\":\"race\"}]");
    }

    private static void ReceiveUntil(Socket socket, string end)
    {
        var text = "";
        var buffer = new byte[4096];
        while (!text.EndsWith(end, StringComparison.Ordinal)) text += Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer));
    }
}
