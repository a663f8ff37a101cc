namespace Carbon.Realtime.Testing;

/// <summary>What the server reads of an upgrade request (docs/protocol.md, "Connecting").</summary>
public sealed class EmulatorConnectRequest
{
    /// <summary>A request.</summary>
    /// <param name="path">The path of the address.</param>
    /// <param name="query">The query, with or without its question mark.</param>
    /// <param name="headers">The headers.</param>
    public EmulatorConnectRequest(string path, string? query, IEnumerable<KeyValuePair<string, string>> headers)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(headers);
        Path = path;
        string? queryKey = null;
        foreach (var pair in (query ?? "").TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            var value = equals < 0 ? "" : Uri.UnescapeDataString(pair[(equals + 1)..].Replace('+', ' '));
            switch (equals < 0 ? pair : pair[..equals])
            {
                case "apikey":
                    queryKey = value;
                    break;
                case "vsn":
                    Version = value;
                    break;
                default:
                    break;
            }
        }

        // The header wins; headers named apikey and Authorization are not read at all.
        ApiKey = headers.FirstOrDefault(static h => h.Key.Equals("x-api-key", StringComparison.OrdinalIgnoreCase)).Value ?? queryKey;
    }

    /// <summary>The path; the socket is at <c>/realtime/v1/websocket</c> and, without a gateway, at <c>/socket/websocket</c>.</summary>
    public string Path { get; }

    /// <summary>The API key: the header <c>x-api-key</c>, else the query's <c>apikey</c>.</summary>
    public string? ApiKey { get; }

    /// <summary>The asked-for version of the frames; absent means 1.0.0.</summary>
    public string? Version { get; }

    /// <summary>The request of an in-memory client.</summary>
    public static EmulatorConnectRequest FromUri(Uri uri, IEnumerable<KeyValuePair<string, string>> headers)
    {
        ArgumentNullException.ThrowIfNull(uri);
        return new EmulatorConnectRequest(uri.AbsolutePath, uri.Query, headers);
    }
}
