namespace Carbon.Realtime.Transport;

/// <summary>One open socket that carries whole messages. The seam through which any other socket, real or fake, can be plugged in.</summary>
/// <remarks>
/// The client calls <see cref="ReceiveAsync"/> from one loop and <see cref="SendAsync"/> from another: at most one of each at a time.
/// <see cref="Abort"/> and <see cref="IAsyncDisposable.DisposeAsync"/> may come from any thread, at any time, more than once.
/// </remarks>
public interface IRealtimeSocket : IAsyncDisposable
{
    /// <summary>The next whole message, or how the socket ended.</summary>
    /// <returns>
    /// A message whose payload stays valid until the next call. After <see cref="SocketMessageKind.Closed"/> no further call is made.
    /// Should complete synchronously while messages are buffered: the client publishes a burst when it does not.
    /// </returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="Exception">The connection broke, or <see cref="Abort"/> was called.</exception>
    ValueTask<SocketMessage> ReceiveAsync(CancellationToken cancellationToken);

    /// <summary>Sends one text message.</summary>
    /// <param name="utf8Text">The message; unchanged until the returned task completes.</param>
    /// <param name="cancellationToken">Cancelling may leave the socket unusable.</param>
    ValueTask SendAsync(ReadOnlyMemory<byte> utf8Text, CancellationToken cancellationToken);

    /// <summary>Ends the connection politely with close code 1000; a pending <see cref="ReceiveAsync"/> then ends.</summary>
    ValueTask CloseAsync(CancellationToken cancellationToken);

    /// <summary>Ends the connection at once; a pending <see cref="ReceiveAsync"/> or <see cref="SendAsync"/> fails.</summary>
    void Abort();
}
