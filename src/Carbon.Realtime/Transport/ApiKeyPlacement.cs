namespace Carbon.Realtime;

/// <summary>How the API key travels when the socket is opened.</summary>
public enum ApiKeyPlacement
{
    /// <summary>
    /// In the query string, as <c>apikey=</c>; the default. Every official client does this, hosted gateways expect it and browsers
    /// allow nothing else. Proxies and access logs on the way may record it.
    /// </summary>
    Query = 0,

    /// <summary>
    /// As the headers <c>x-api-key</c> (read by a Realtime server) and <c>apikey</c> (read by the gateway in front of it).
    /// Not possible in browsers, and a key longer than 4 096 bytes is refused by the server.
    /// </summary>
    Headers = 1,
}
