using Carbon.Realtime.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebSockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Carbon.Realtime.Emulator;

/// <summary>What Kestrel is given to run: who serves which address of the project.</summary>
internal sealed class HostApplication : IHttpApplication<HttpContext>
{
    private readonly WebSocketMiddleware _webSockets;
    private readonly Lazy<RestEndpoint> _rest;
    private readonly Lazy<ControlEndpoint> _control;

    public HostApplication(RealtimeEmulator emulator)
    {
        Sockets = new SocketEndpoint(emulator);

        // Made by their first request: the forty commands and what HttpMessageInvoker loads were 15 ms of a cold start, and many hosts serve sockets only.
        _rest = new(() => new RestEndpoint(emulator));
        _control = new(() => new ControlEndpoint(emulator));

        // No pings of the server's own: the real one sends none.
        _webSockets = new WebSocketMiddleware(
            context => CrossOrigin.AllowAsync(context, RouteAsync),
            Options.Create(new WebSocketOptions { KeepAliveInterval = TimeSpan.Zero }),
            NullLoggerFactory.Instance);
    }

    /// <summary>Who serves the sockets.</summary>
    public SocketEndpoint Sockets { get; }

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public Task ProcessRequestAsync(HttpContext context)
    {
        WireTap.Put(context.Features);
        return LoopbackHost.RequireAsync(context, _webSockets.Invoke);
    }

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    private Task RouteAsync(HttpContext context)
    {
        var path = context.Request.Path;
        if (IsAt(path, "/realtime/v1/websocket") || IsAt(path, "/socket/websocket"))
        {
            return Sockets.ServeAsync(context);
        }

        if (path.StartsWithSegments("/rest/v1"))
        {
            return _rest.Value.ServeAsync(context);
        }

        if (path.StartsWithSegments(ControlEndpoint.Root, out var command))
        {
            return _control.Value.ServeAsync(context, command.Value!.Trim('/'));
        }

        return AbsentServices.AnswerAsync(context);
    }

    private static bool IsAt(PathString path, string address) => path.StartsWithSegments(address, out var rest) && rest.Value is "" or "/";
}
