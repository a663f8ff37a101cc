namespace Carbon.Realtime.Transport;

/// <summary>Opens sockets. The default opens <see cref="System.Net.WebSockets.ClientWebSocket"/>s.</summary>
public interface IRealtimeSocketFactory
{
    /// <summary>Opens one socket.</summary>
    /// <param name="address">Where to, and with which headers. Holds the API key: do not log it.</param>
    /// <param name="cancellationToken">Cancelled when the connect takes too long or is no longer wanted.</param>
    /// <exception cref="UpgradeRefusedException">The server answered with another status than 101.</exception>
    /// <exception cref="Exception">The server could not be reached.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    ValueTask<IRealtimeSocket> ConnectAsync(RealtimeSocketAddress address, CancellationToken cancellationToken);
}
