using System.Net;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Transport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Emulator;

/// <summary>An emulator on a port of 127.0.0.1, for clients that want a real socket.</summary>
/// <remarks>Listens on the loopback address only and without TLS. It does not own the emulator: one can have several hosts, or outlive one.</remarks>
public sealed class RealtimeEmulatorHost : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly Lock _gate = new();
    private readonly List<EmulatorConnection> _connections = [];
    private bool _isStopping;

    private RealtimeEmulatorHost(RealtimeEmulator emulator, int port)
    {
        Emulator = emulator;
        Url = new Uri("http://127.0.0.1");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));

        // The host stops when it is disposed and never because somebody pressed Ctrl+C in the program that uses it.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        _application = builder.Build();

        _application.Use(TapAsync);

        // No pings of the server's own: the real one sends none.
        _application.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.Zero });
        _application.Use(CrossOrigin.AllowAsync);
        _application.MapGet("/realtime/v1/websocket", ServeAsync);
        _application.MapGet("/socket/websocket", ServeAsync);
        _application.Map("/rest/v1/{**path}", new RestEndpoint(emulator).ServeAsync);
        _application.Map(ControlEndpoint.Root + "/{command}", new ControlEndpoint(emulator).ServeAsync);
    }

    /// <summary>The emulator that is served.</summary>
    public RealtimeEmulator Emulator { get; }

    /// <summary>
    /// The project's address, <c>http://127.0.0.1:port</c>; the socket is at <c>/realtime/v1/websocket</c> and <c>/socket/websocket</c>, reads are at
    /// <c>/rest/v1/{table}</c>, and <c>/emulator/v1/</c> steers it from other languages (<c>docs/testing.md</c>).
    /// </summary>
    public Uri Url { get; private set; }

    /// <summary>Starts to listen.</summary>
    /// <param name="emulator">What to serve. Its environment's scheduler must run by itself, as the default does.</param>
    /// <param name="port">The port; 0, the default, takes a free one.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <exception cref="EmulatorPortInUseException">Another program has the port.</exception>
    public static async Task<RealtimeEmulatorHost> StartAsync(RealtimeEmulator emulator, int port = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(emulator);
        ArgumentOutOfRangeException.ThrowIfNegative(port);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, 65535);
        var host = new RealtimeEmulatorHost(emulator, port);
        try
        {
            await host._application.StartAsync(cancellationToken);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            await host._application.DisposeAsync();
            throw new EmulatorPortInUseException(port, e);
        }
        catch
        {
            await host._application.DisposeAsync();
            throw;
        }

        var addresses = host._application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        host.Url = new Uri(addresses.Addresses.First());
        return host;
    }

    /// <summary>Closes the sockets of this host politely with 1012, as a restarting server does, and stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        EmulatorConnection[] open;
        lock (_gate)
        {
            _isStopping = true;
            open = [.. _connections];
        }

        foreach (var connection in open)
        {
            connection.Close(1012, "");
        }

        // A client that does not answer the close frame must not hold the program up.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1), Emulator.Options.Environment.TimeProvider);
        await _application.StopAsync(patience.Token);
        await _application.DisposeAsync();
    }

    private static Task TapAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade)
        {
            context.Features.Set<IHttpUpgradeFeature>(new WireTap(upgrade));
        }

        return next(context);
    }

    private async Task ServeAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        var headers = context.Request.Headers.Select(static h => KeyValuePair.Create(h.Key, h.Value.ToString()));
        var request = new EmulatorConnectRequest(context.Request.Path, context.Request.QueryString.Value, headers);
        var peer = new WebSocketPeer(Emulator.Options.Limits.UnsentBytesPerSocket ?? long.MaxValue);
        EmulatorConnection connection;
        try
        {
            connection = await Emulator.ConnectAsync(request, peer, context.RequestAborted);
        }
        catch (UpgradeRefusedException e)
        {
            context.Response.StatusCode = e.StatusCode;
            context.Response.ContentType = e.Body?.StartsWith('{') == true ? "application/json; charset=utf-8" : "text/html";
            context.Response.Headers.CacheControl = "max-age=0, private, must-revalidate";
            context.Response.ContentLength = System.Text.Encoding.UTF8.GetByteCount(e.Body ?? "");
            await context.Response.WriteAsync(e.Body ?? "", context.RequestAborted);
            return;
        }
        catch (OperationCanceledException)
        {
            return;
        }

        await ServeAsync(context, peer, connection);
    }

    private async Task ServeAsync(HttpContext context, WebSocketPeer peer, EmulatorConnection connection)
    {
        lock (_gate)
        {
            _connections.Add(connection);
            if (_isStopping)
            {
                connection.Close(1012, "");
            }
        }

        try
        {
            var tap = (WireTap)context.Features.GetRequiredFeature<IHttpUpgradeFeature>();
            tap.Connection = connection;
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await peer.RunAsync(socket, tap, connection, context.Abort);
        }
        finally
        {
            connection.Disconnect();
            lock (_gate)
            {
                _connections.Remove(connection);
            }
        }
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
