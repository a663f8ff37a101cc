using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>Sockets between server and client that change what changes say.</summary>
/// <param name="inner">The sockets.</param>
/// <param name="rewrite">Given a change's <c>data</c>; says whether it is another one now.</param>
internal sealed class RewritingSockets(IRealtimeSocketFactory inner, Func<JsonObject, bool> rewrite) : IRealtimeSocketFactory
{
    public async ValueTask<IRealtimeSocket> ConnectAsync(RealtimeSocketAddress address, CancellationToken cancellationToken) =>
        new Socket(await inner.ConnectAsync(address, cancellationToken), rewrite);

    private sealed class Socket(IRealtimeSocket inner, Func<JsonObject, bool> rewrite) : IRealtimeSocket
    {
        public async ValueTask<SocketMessage> ReceiveAsync(CancellationToken cancellationToken)
        {
            var message = await inner.ReceiveAsync(cancellationToken);
            return message.Kind == SocketMessageKind.Text && message.Payload.Span.IndexOf("\"commit_timestamp\""u8) >= 0 && TryRewrite(message.Payload.Span, out var rewritten)
                ? SocketMessage.Text(rewritten)
                : message;
        }

        public ValueTask SendAsync(ReadOnlyMemory<byte> utf8Text, CancellationToken cancellationToken) => inner.SendAsync(utf8Text, cancellationToken);

        public ValueTask CloseAsync(CancellationToken cancellationToken) => inner.CloseAsync(cancellationToken);

        public void Abort() => inner.Abort();

        public ValueTask DisposeAsync() => inner.DisposeAsync();

        private bool TryRewrite(ReadOnlySpan<byte> utf8, out byte[] rewritten)
        {
            rewritten = [];
            try
            {
                var frame = JsonNode.Parse(utf8);
                var payload = frame is JsonArray parts ? parts[4] : frame!["payload"];
                if (payload?["data"] is not JsonObject data || !rewrite(data))
                {
                    return false;
                }

                rewritten = Encoding.UTF8.GetBytes(frame!.ToJsonString());
                return true;
            }
            catch (JsonException)
            {
                return false; // spoilt on its way
            }
        }
    }
}
