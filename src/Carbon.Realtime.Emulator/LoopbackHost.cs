using System.Net;
using Microsoft.AspNetCore.Http;

namespace Carbon.Realtime.Emulator;

/// <summary>
/// Lets in only those who call the emulator by a loopback name. A web page whose own name was made to mean 127.0.0.1 (DNS rebinding) is, for a browser, of
/// the same origin as the emulator, and nothing else would tell it from a test.
/// </summary>
internal static class LoopbackHost
{
    public static Task RequireAsync(HttpContext context, RequestDelegate next)
    {
        if (IsLoopback(context.Request.Host.Host))
        {
            return next(context);
        }

        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync("The emulator answers to this machine's own names only: 127.0.0.1, [::1] and localhost.", context.RequestAborted);
    }

    private static bool IsLoopback(string host) =>
        IPAddress.TryParse(host, out var address) ? IPAddress.IsLoopback(address)
        : host.Equals("localhost", StringComparison.OrdinalIgnoreCase)

            // Browsers look no name under localhost up anywhere.
            || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);
}
