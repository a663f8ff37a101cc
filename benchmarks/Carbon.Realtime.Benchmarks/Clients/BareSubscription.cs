using System.Net.WebSockets;
using System.Text;

namespace Carbon.Realtime.Benchmarks.Clients;

/// <summary>The smallest join that gets item changes.</summary>
internal static class BareSubscription
{
    public const string Join =
        """["1","1","realtime:race","phx_join",{"config":{"broadcast":{"ack":false,"self":false},"presence":{"key":"","enabled":false},""" +
        """ "postgres_changes":[{"event":"*","schema":"public","table":"item"}],"private":false}}]""";

    public static string PathAndQuery => "/realtime/v1/websocket?apikey=key&vsn=2.0.0";

    /// <summary>A connected socket that is subscribed: its next message is a change.</summary>
    public static async Task<ClientWebSocket> OpenAsync(int port)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{port}{PathAndQuery}"), CancellationToken.None);
        await socket.SendAsync(Encoding.UTF8.GetBytes(Join), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        var buffer = new byte[4096];
        string message;
        do
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            message = Encoding.UTF8.GetString(buffer, 0, received.Count);
        }
        while (!message.Contains("Subscribed to PostgreSQL", StringComparison.Ordinal));
        return socket;
    }
}
