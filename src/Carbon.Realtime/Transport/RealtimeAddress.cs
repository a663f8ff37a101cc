namespace Carbon.Realtime.Transport;

/// <summary>Makes addresses from what the user configured. Pure; the arguments are the options of the same names.</summary>
/// <remarks>No message contains the URL or the key: a URL may carry a key in its query.</remarks>
internal static class RealtimeAddress
{
    private const string SocketPath = "/websocket";
    private const string GatewayPath = "/realtime/v1";
    private const string ServerPath = "/socket";

    /// <summary>The WebSocket address of a project.</summary>
    /// <param name="url">
    /// The project's URL (<c>https://abc.supabase.co</c>), the Realtime endpoint below it (<c>…/realtime/v1</c>), or a whole WebSocket
    /// address (<c>wss://…/realtime/v1/websocket</c>, <c>ws://…/socket/websocket</c>). Query parameters are kept.
    /// </param>
    /// <param name="apiKey">Publishable, anonymous or secret key.</param>
    /// <param name="protocolVersion">The <c>vsn</c> to ask for; replaces one in <paramref name="url"/>, because frames are written in it.</param>
    /// <param name="placement">Where the key goes.</param>
    /// <param name="headers">Extra headers of the upgrade request. A key header given here wins over <paramref name="apiKey"/>.</param>
    /// <param name="maxMessageBytes">See <see cref="RealtimeSocketAddress.MaxMessageBytes"/>.</param>
    /// <param name="allowInsecure">Whether <c>ws</c> and <c>http</c> are permitted off loopback.</param>
    /// <exception cref="ArgumentException">An argument is not usable; the message names the option.</exception>
    public static RealtimeSocketAddress ForSocket(
        string url,
        string apiKey,
        string protocolVersion,
        ApiKeyPlacement placement,
        IReadOnlyList<KeyValuePair<string, string>> headers,
        int maxMessageBytes,
        bool allowInsecure)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxMessageBytes, 1);
        var project = Parse(url, allowInsecure);
        RequireUsableKey(apiKey);

        var path = project.AbsolutePath.TrimEnd('/');
        if (!path.EndsWith(SocketPath, StringComparison.Ordinal))
        {
            path += path.EndsWith(GatewayPath, StringComparison.Ordinal) || path.EndsWith(ServerPath, StringComparison.Ordinal)
                ? SocketPath
                : GatewayPath + SocketPath;
        }

        // The key goes where the option says and nowhere else, also when the URL came with one in its query.
        var query = project.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Where(static parameter => !HasName(parameter, "apikey") && !HasName(parameter, "vsn"))
            .ToList();
        var upgradeHeaders = headers.ToList();
        if (placement == ApiKeyPlacement.Query)
        {
            query.Add("apikey=" + Uri.EscapeDataString(apiKey));
        }
        else
        {
            AddUnlessPresent(upgradeHeaders, "x-api-key", apiKey);
            AddUnlessPresent(upgradeHeaders, "apikey", apiKey);
        }

        query.Add("vsn=" + Uri.EscapeDataString(protocolVersion));
        var scheme = IsSecure(project) ? Uri.UriSchemeWss : Uri.UriSchemeWs;
        return new RealtimeSocketAddress(
            new Uri($"{scheme}://{project.Authority}{path}?{string.Join('&', query)}"), upgradeHeaders, maxMessageBytes);
    }

    /// <summary>A PostgREST root that was given as such: its path is taken as it is, for PostgREST without a gateway has none.</summary>
    /// <param name="url">The root. A query is dropped: PostgREST would take a parameter for a filter.</param>
    /// <param name="allowInsecure">As for <see cref="ForSocket"/>.</param>
    /// <exception cref="ArgumentException">An argument is not usable; the message names the option.</exception>
    public static Uri AsRest(string url, bool allowInsecure) => RestRoot(Parse(url, allowInsecure), static path => path);

    /// <summary>The PostgREST root of the same project, <c>…/rest/v1</c>, without a query.</summary>
    /// <param name="url">As for <see cref="ForSocket"/>.</param>
    /// <param name="allowInsecure">As for <see cref="ForSocket"/>.</param>
    /// <exception cref="ArgumentException">An argument is not usable; the message names the option.</exception>
    public static Uri ForRest(string url, bool allowInsecure) => RestRoot(
        Parse(url, allowInsecure), static path => WithoutEnd(WithoutEnd(WithoutEnd(path, SocketPath), GatewayPath), ServerPath) + "/rest/v1");

    private static Uri RestRoot(Uri url, Func<string, string> path) => new(
        $"{(IsSecure(url) ? Uri.UriSchemeHttps : Uri.UriSchemeHttp)}://{url.Authority}{path(url.AbsolutePath.TrimEnd('/'))}");

    private static Uri Parse(string url, bool allowInsecure)
    {
        if (string.IsNullOrWhiteSpace(url))
        {
            throw new ArgumentException("Url must be set: the project's, for example https://<project>.supabase.co.", nameof(url));
        }

        if (!Uri.TryCreate(url.Trim(), UriKind.Absolute, out var parsed)
            || !(IsSecure(parsed) || parsed.Scheme == Uri.UriSchemeHttp || parsed.Scheme == Uri.UriSchemeWs)
            || parsed.Host.Length == 0)
        {
            throw new ArgumentException(
                "Url must be an absolute http, https, ws or wss address, for example https://<project>.supabase.co.", nameof(url));
        }

        if (parsed.UserInfo.Length > 0)
        {
            throw new ArgumentException("Url must not contain a user name or password.", nameof(url));
        }

        if (!IsSecure(parsed) && !IsLoopback(parsed) && !allowInsecure)
        {
            throw new ArgumentException(
                "Url is neither https nor wss, so the API key and access tokens would travel in the clear. " +
                "Use a secure address, or set AllowInsecureTransport if the network is trusted.",
                nameof(url));
        }

        return parsed;
    }

    /// <exception cref="ArgumentException">No header or query could carry the key; the message names the option.</exception>
    public static void RequireUsableKey(string apiKey)
    {
        if (string.IsNullOrEmpty(apiKey))
        {
            throw new ArgumentException("ApiKey must be set: the project's anon or publishable key.", nameof(apiKey));
        }

        if (apiKey.Any(static c => char.IsWhiteSpace(c) || char.IsControl(c) || !char.IsAscii(c)))
        {
            throw new ArgumentException("ApiKey must not contain white space or characters outside ASCII.", nameof(apiKey));
        }
    }

    private static bool IsSecure(Uri uri) => uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeWss;

    // A Realtime server without a gateway takes the tenant from the first host label: realtime-dev.localhost (RFC 6761) is a usual address.
    private static bool IsLoopback(Uri uri) => uri.IsLoopback || uri.Host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);

    private static bool HasName(string parameter, string name) =>
        parameter.StartsWith(name, StringComparison.OrdinalIgnoreCase)
        && (parameter.Length == name.Length || parameter[name.Length] == '=');

    private static void AddUnlessPresent(List<KeyValuePair<string, string>> headers, string name, string value)
    {
        if (!headers.Exists(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)))
        {
            headers.Add(new(name, value));
        }
    }

    private static string WithoutEnd(string path, string end) => path.EndsWith(end, StringComparison.Ordinal) ? path[..^end.Length] : path;
}
