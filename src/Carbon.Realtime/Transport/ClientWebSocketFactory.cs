using System.Net.Sockets;
using System.Net.WebSockets;
using System.Runtime.Versioning;

namespace Carbon.Realtime.Transport;

/// <summary>Opens <see cref="ClientWebSocket"/>s; the default. Public, so that a factory of your own can wrap it.</summary>
/// <remarks>
/// Honours the system's proxy; follows no redirects and keeps no cookies. In browsers the browser's own WebSocket is used: it sends no
/// headers and does not tell why an upgrade was refused. Thread-safe. Open sockets outlive the factory's disposal.
/// </remarks>
public sealed class ClientWebSocketFactory : IRealtimeSocketFactory, IDisposable
{
    private static readonly HttpRequestOptionsKey<bool> Dialed = new("Carbon.Realtime.Dialed");

    private readonly SocketsHttpHandler? _handler = OperatingSystem.IsBrowser() ? null : CreateHandler();

    /// <inheritdoc/>
    /// <exception cref="PlatformNotSupportedException">Headers were asked for in a browser.</exception>
    public async ValueTask<IRealtimeSocket> ConnectAsync(RealtimeSocketAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        var socket = new ClientWebSocket();
        try
        {
            await (OperatingSystem.IsBrowser() ? ConnectInBrowser(socket, address, cancellationToken) : Connect(socket, _handler!, address, cancellationToken));
            return new RealtimeWebSocket(socket, address.MaxMessageBytes);
        }
        catch (WebSocketException e) when (e.InnerException is UpgradeRefusedException refused)
        {
            socket.Dispose();
            throw refused;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Closes nothing that is open; later connects fail.</summary>
    public void Dispose() => _handler?.Dispose();

    [UnsupportedOSPlatform("browser")]
    private static Task Connect(
        ClientWebSocket socket, SocketsHttpHandler handler, RealtimeSocketAddress address, CancellationToken cancellationToken)
    {
        // No WebSocket pings. The server counts client frames, and heartbeats come more often than its limit of 60 s; only a heartbeat's
        // reply proves that the server behind the proxy lives; and the pings would run on a clock that no test owns.
        socket.Options.KeepAliveInterval = TimeSpan.Zero;
        foreach (var (name, value) in address.Headers)
        {
            socket.Options.SetRequestHeader(name, value);
        }

        // The invoker belongs to this connect, the handler below it to the factory: neither is disposed here.
        return socket.ConnectAsync(
            address.Uri, new HttpMessageInvoker(new UpgradeHandler(handler, address), disposeHandler: false), cancellationToken);
    }

    private static Task ConnectInBrowser(ClientWebSocket socket, RealtimeSocketAddress address, CancellationToken cancellationToken) =>
        address.Headers.Count == 0
            ? socket.ConnectAsync(address.Uri, cancellationToken)
            : throw new PlatformNotSupportedException(
                $"A browser sends no headers with a WebSocket: use {nameof(ApiKeyPlacement)}.{nameof(ApiKeyPlacement.Query)} and no extra headers.");

    [UnsupportedOSPlatform("browser")]
    private static SocketsHttpHandler CreateHandler() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        // Each connect dials anew: a refused one may have been answered by a node that is going away.
        PooledConnectionLifetime = TimeSpan.Zero,
        // No activity of the HTTP stack for this request: its tags would hold the address, and the query holds the key.
        ActivityHeadersPropagator = null,
        ConnectCallback = DialOnceAsync,
    };

    // The handler's own dial, but once per request. By itself it repeats a request that the server dropped unanswered three times at
    // once: a server that is coming up would meet four connects per client, and the back-off above would not know.
    [UnsupportedOSPlatform("browser")]
    private static async ValueTask<Stream> DialOnceAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var options = context.InitialRequestMessage.Options;
        if (options.TryGetValue(Dialed, out _))
        {
            throw new IOException("The server closed the connection before it answered the WebSocket upgrade.");
        }

        options.Set(Dialed, true);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
