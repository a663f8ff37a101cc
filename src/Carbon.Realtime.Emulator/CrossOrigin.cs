using Microsoft.AspNetCore.Http;

namespace Carbon.Realtime.Emulator;

/// <summary>Lets pages of any origin in, as PostgREST behind the gateway does: browsers and Blazor WebAssembly ask before they read.</summary>
internal static class CrossOrigin
{
    // Not Preference-Applied and not Proxy-Status: the real server does not expose them either.
    private const string Exposed = "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, Range-Unit";

    public static Task AllowAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Headers.Origin.Count == 0)
        {
            return next(context);
        }

        var headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = "*";
        headers.AccessControlExposeHeaders = Exposed;
        if (!HttpMethods.IsOptions(context.Request.Method))
        {
            return next(context);
        }

        headers.AccessControlAllowMethods = "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD";
        headers.AccessControlAllowHeaders = context.Request.Headers.AccessControlRequestHeaders;
        headers.AccessControlMaxAge = "86400";
        context.Response.StatusCode = StatusCodes.Status200OK;
        return Task.CompletedTask;
    }
}
