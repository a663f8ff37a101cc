using System.Text;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Transport;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Carbon.Realtime.Emulator;

/// <summary>Takes the clients' sockets, or refuses them as the server does, and knows those that are open.</summary>
internal sealed class SocketEndpoint(RealtimeEmulator emulator)
{
    private readonly Lock _gate = new();
    private readonly List<EmulatorConnection> _connections = [];
    private bool _isStopping;

    /// <summary>Closes all sockets politely with 1012, as a restarting server does; those that come later too.</summary>
    public void Stop()
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
    }

    public async Task ServeAsync(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            context.Response.Headers.Allow = HttpMethods.Get;
            return;
        }

        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        var headers = context.Request.Headers.Select(static h => KeyValuePair.Create(h.Key, h.Value.ToString()));
        var request = new EmulatorConnectRequest(context.Request.Path, context.Request.QueryString.Value, headers);
        var peer = new WebSocketPeer(emulator.Options.Limits.UnsentBytesPerSocket ?? long.MaxValue);
        EmulatorConnection connection;
        try
        {
            connection = await emulator.ConnectAsync(request, peer, context.RequestAborted);
        }
        catch (UpgradeRefusedException e)
        {
            context.Response.StatusCode = e.StatusCode;
            context.Response.ContentType = e.Body?.StartsWith('{') == true ? "application/json; charset=utf-8" : "text/html";
            context.Response.Headers.CacheControl = "max-age=0, private, must-revalidate";
            context.Response.ContentLength = Encoding.UTF8.GetByteCount(e.Body ?? "");
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
}
