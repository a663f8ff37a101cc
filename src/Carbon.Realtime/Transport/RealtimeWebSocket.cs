using System.Net.WebSockets;
using System.Runtime.CompilerServices;

namespace Carbon.Realtime.Transport;

/// <summary>A <see cref="WebSocket"/> of .NET that delivers whole messages.</summary>
/// <remarks>
/// Awaits here are without <c>ConfigureAwait(false)</c>, as everywhere in the library: loops run on a given task scheduler, and whatever
/// runs between two awaits belongs there (see <see cref="WorkScheduler"/>).
/// </remarks>
internal sealed class RealtimeWebSocket(WebSocket socket, int maxMessageBytes) : IRealtimeSocket
{
    private readonly ReceiveBuffer _buffer = new(maxMessageBytes);

    /// <inheritdoc/>
    /// <remarks>While messages are buffered below, nothing is awaited and nothing is allocated.</remarks>
    public ValueTask<SocketMessage> ReceiveAsync(CancellationToken cancellationToken)
    {
        _buffer.Begin();
        try
        {
            while (true)
            {
                var receive = socket.ReceiveAsync(_buffer.Room(), cancellationToken);
                if (!receive.IsCompletedSuccessfully)
                {
                    return FinishAsync(receive, cancellationToken);
                }

                if (TryTake(receive.Result, out var message))
                {
                    return ValueTask.FromResult(message);
                }
            }
        }
        catch
        {
            _buffer.End(lend: false);
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask SendAsync(ReadOnlyMemory<byte> utf8Text, CancellationToken cancellationToken)
    {
        var send = socket.SendAsync(utf8Text, WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
        if (!send.IsCompletedSuccessfully)
        {
            return FinishAsync(send, cancellationToken);
        }

        send.GetAwaiter().GetResult();
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    /// <remarks>After the server's own close this answers it; on a socket that ended otherwise there is nothing left to close.</remarks>
    public ValueTask CloseAsync(CancellationToken cancellationToken) =>
        socket.State is WebSocketState.Open or WebSocketState.CloseReceived
            ? FinishAsync(new ValueTask(socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken)), cancellationToken)
            : ValueTask.CompletedTask;

    /// <inheritdoc/>
    public void Abort() => socket.Abort();

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        // Abort, because Dispose alone promises nothing to a receive that is pending; that one's end gives the buffer back.
        socket.Abort();
        socket.Dispose();
        _buffer.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>The waiting half of <see cref="ReceiveAsync"/>; pooled, because on a quiet connection every message comes this way.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<SocketMessage> FinishAsync(ValueTask<ValueWebSocketReceiveResult> receive, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                if (TryTake(await receive, out var message))
                {
                    return message;
                }

                receive = socket.ReceiveAsync(_buffer.Room(), cancellationToken);
            }
        }
        catch (Exception e)
        {
            _buffer.End(lend: false);
            if (IsAbort(e, cancellationToken))
            {
                throw Aborted(e);
            }

            throw;
        }
    }

    private static async ValueTask FinishAsync(ValueTask operation, CancellationToken cancellationToken)
    {
        try
        {
            await operation;
        }
        catch (Exception e) when (IsAbort(e, cancellationToken))
        {
            throw Aborted(e);
        }
    }

    private bool TryTake(ValueWebSocketReceiveResult result, out SocketMessage message)
    {
        message = default;
        if (result.MessageType == WebSocketMessageType.Close)
        {
            _buffer.End(lend: false);
            var reason = socket.CloseStatusDescription;
            message = SocketMessage.Closed((int?)socket.CloseStatus, string.IsNullOrEmpty(reason) ? null : reason);
            return true;
        }

        _buffer.Advance(result.Count);
        if (!result.EndOfMessage)
        {
            return false;
        }

        if (_buffer.IsTooLarge)
        {
            _buffer.End(lend: false);
            message = SocketMessage.TooLarge();
            return true;
        }

        var payload = _buffer.Payload;
        _buffer.End(lend: true);
        message = result.MessageType == WebSocketMessageType.Binary ? SocketMessage.Binary(payload) : SocketMessage.Text(payload);
        return true;
    }

    // .NET reports an abort as a cancellation. Here a cancellation means that the caller's token was cancelled, and nothing else.
    private static bool IsAbort(Exception e, CancellationToken cancellationToken) =>
        e is OperationCanceledException && !cancellationToken.IsCancellationRequested;

    private static WebSocketException Aborted(Exception e) =>
        new(WebSocketError.ConnectionClosedPrematurely, "The socket was aborted.", e);
}
