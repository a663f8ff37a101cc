namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>Takes requests to the emulator without a network.</summary>
internal sealed class InMemoryHttpHandler(RestService service) : HttpMessageHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return service.SendAsync(request, cancellationToken);
    }
}
