using System.Net;
using System.Text;

namespace Carbon.Realtime.Transport;

/// <summary>Sees the response to one upgrade request, and turns a refusal into an exception that carries its body.</summary>
/// <remarks>
/// <see cref="System.Net.WebSockets.ClientWebSocket"/> by itself tells the status at most; servers since 2.116.0 say in the body why.
/// Thrown from here it arrives at the caller as the inner exception of a <see cref="System.Net.WebSockets.WebSocketException"/>.
/// </remarks>
internal sealed class UpgradeHandler(HttpMessageHandler inner, RealtimeSocketAddress address) : DelegatingHandler(inner)
{
    /// <summary>More of a body is not read: a server's reason is a line, and gateways answer with pages of HTML.</summary>
    public const int MaxBodyBytes = 4096;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        if (response.StatusCode == HttpStatusCode.SwitchingProtocols)
        {
            return response;
        }

        using (response)
        {
            throw new UpgradeRefusedException((int)response.StatusCode, await ReadBodyAsync(response.Content, cancellationToken));
        }
    }

    private async Task<string?> ReadBodyAsync(HttpContent content, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxBodyBytes];
        var length = 0;
        try
        {
            await using var body = await content.ReadAsStreamAsync(cancellationToken);
            length = await body.ReadAtLeastAsync(buffer, MaxBodyBytes, throwOnEndOfStream: false, cancellationToken);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            // The connection ended inside the body: the status alone has to do.
        }

        return length == 0
            ? null
            : AddressSecrets.Redact(Encoding.UTF8.GetString(buffer, 0, length), cut: length == MaxBodyBytes, address);
    }
}
