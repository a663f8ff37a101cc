using System.Net;

namespace Carbon.Realtime.Snapshots;

/// <summary>The HTTP handler that rows are read with, where nobody gives another.</summary>
internal static class RestHandler
{
    /// <summary>How long a connection is used before a new one looks the host up again: gateways move.</summary>
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(3);

    /// <summary>Answers take milliseconds to seconds; a host that does not even accept a connection must not use up a request's whole time.</summary>
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(15);

    public static HttpMessageHandler Create() => OperatingSystem.IsBrowser()
        ? new HttpClientHandler() // the browser's fetch: its connections, its compression
        : new SocketsHttpHandler
        {
            // They would carry the API key and the user's token along.
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.All,
            ConnectTimeout = ConnectTimeout,
            PooledConnectionLifetime = ConnectionLifetime,

            // A proxy's or gateway's cookies are nobody's state here, and handlers serve several users.
            UseCookies = false,
        };
}
