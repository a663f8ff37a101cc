using Carbon.Realtime.Authentication;

namespace Carbon.Realtime.Snapshots;

/// <summary>Where PostgREST is and how it is spoken to. Shows no secret.</summary>
/// <param name="root">PostgREST's root, <c>…/rest/v1</c>.</param>
/// <param name="apiKey">The project's key.</param>
/// <param name="handler">
/// Gives the handler of each request, so that a factory may renew it; it stays the giver's. It must not follow redirects: it would carry the API key
/// to another host. Compression and HTTP/2 are its matter too.
/// </param>
internal sealed class RestEndpoint(Uri root, string apiKey, Func<HttpMessageHandler> handler)
{
    public Uri Root => root;

    /// <summary>Whether an address is this server's: what answers elsewhere, or in the clear, was redirected to.</summary>
    public bool IsOurs(Uri address) => address.GetLeftPart(UriPartial.Authority) == root.GetLeftPart(UriPartial.Authority);

    /// <summary>A key of the old form is a JWT, and stands for nobody's token; <c>sb_…</c> keys are none, and refused there.</summary>
    private readonly string? _bearerKey = !AccessToken.IsApiKey(apiKey) && apiKey.Split('.').Length == 3 ? apiKey : null;

    /// <summary>The request for rows.</summary>
    /// <param name="address">Of a <see cref="RowQuery"/>.</param>
    /// <param name="schema">The table's.</param>
    /// <param name="token">The signed-in user's; <see langword="null"/> for the API key's role.</param>
    /// <param name="count">Whether the answer says how many rows match in all.</param>
    /// <exception cref="RestFaultException">The token cannot be sent.</exception>
    public HttpRequestMessage Get(Uri address, string schema, AccessToken? token, bool count)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, address)
        {
            Version = System.Net.HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        var headers = request.Headers;
        headers.TryAddWithoutValidation("apikey", apiKey);
        headers.TryAddWithoutValidation("Accept", "application/json");
        headers.TryAddWithoutValidation("Cache-Control", "no-store");
        if ((token?.Value ?? _bearerKey) is { } bearer)
        {
            if (!bearer.All(static c => c is > ' ' and <= '~'))
            {
                throw new RestFaultException(RestFaultTable.UnsendableToken);
            }

            headers.TryAddWithoutValidation("Authorization", "Bearer " + bearer);
        }

        // Always: without it PostgREST reads from the first exposed schema, whichever that is.
        headers.TryAddWithoutValidation("Accept-Profile", schema);

        if (count)
        {
            headers.TryAddWithoutValidation("Prefer", "count=exact");
        }

        return request;
    }

    /// <summary>Sends it; the answer's body is not read yet.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // The invoker and not HttpClient, which would buffer, and whose continuations would leave the caller's scheduler.
        using var invoker = new HttpMessageInvoker(handler(), disposeHandler: false);
        return await invoker.SendAsync(request, cancellationToken);
    }

    public override string ToString() => root.Host;
}
