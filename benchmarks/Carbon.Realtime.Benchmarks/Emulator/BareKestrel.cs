using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Carbon.Realtime.Benchmarks.Emulator;

/// <summary>The least that listens: a Kestrel with one answer. The emulator's host cannot start faster.</summary>
internal sealed class BareKestrel : IHttpApplication<HttpContext>
{
    /// <summary>One start in this process, in milliseconds.</summary>
    public static async Task<double> StartAsync()
    {
        var started = Stopwatch.GetTimestamp();
        var options = new KestrelServerOptions();
        options.Listen(IPAddress.Loopback, 0);
        var sockets = new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance);
        using var server = new KestrelServer(Options.Create(options), sockets, NullLoggerFactory.Instance);
        await server.StartAsync(new BareKestrel(), CancellationToken.None);
        var time = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        await server.StopAsync(CancellationToken.None);
        return time;
    }

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public Task ProcessRequestAsync(HttpContext context) => context.Response.WriteAsync("OK");

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }
}
