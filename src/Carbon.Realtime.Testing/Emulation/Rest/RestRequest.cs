namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>A request as the gateway gets it.</summary>
/// <param name="Method">GET, HEAD, a write, or what is refused.</param>
/// <param name="Path">Percent-encoded.</param>
/// <param name="Query">Percent-encoded, with its question mark.</param>
/// <param name="Headers">Each name's values, joined with commas.</param>
internal sealed record RestRequest(string Method, string Path, string Query, IReadOnlyDictionary<string, string> Headers)
{
    public const string Root = "/rest/v1/";

    public bool IsHead => Method == "HEAD";

    /// <summary>Of a write.</summary>
    public byte[] Body { get; init; } = [];

    /// <summary>The one path segment after the root, decoded; for faults of one table, and before anything is checked.</summary>
    public string Table => Path.StartsWith(Root, StringComparison.Ordinal) ? Uri.UnescapeDataString(Path[Root.Length..]) : "";

    /// <summary>The length of the request line, which gateways limit.</summary>
    public int LineLength => Method.Length + 1 + Path.Length + Query.Length + " HTTP/1.1".Length;

    public static RestRequest From(HttpRequestMessage request)
    {
        var uri = request.RequestUri ?? throw new ArgumentException("The request has no address.", nameof(request));
        return new RestRequest(
            request.Method.Method, uri.AbsolutePath, uri.Query,
            request.Headers.NonValidated.ToDictionary(static h => h.Key, static h => string.Join(',', h.Value), StringComparer.OrdinalIgnoreCase));
    }

    public string? Header(string name) => Headers.GetValueOrDefault(name);
}
