using System.Net;
using System.Net.Http.Headers;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>The handler that many programs have: a read that is refused for its token asks for another one, whoever else is asking.</summary>
internal sealed class RefreshingHandler(HttpMessageHandler inner, IAccessTokenProvider provider) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        if (response.StatusCode != HttpStatusCode.Unauthorized)
        {
            return response;
        }

        response.Dispose(); // that answer has ended: what is read next is the same read's
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await provider.GetAccessTokenAsync(new AccessTokenRequest(AccessTokenReason.Rejected), cancellationToken));
        return await base.SendAsync(request, cancellationToken);
    }
}
