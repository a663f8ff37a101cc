namespace Carbon.Realtime.Transport;

/// <summary>The server answered the upgrade request with something else than 101. Raw: what it means is decided in one place, above this one.</summary>
/// <remarks>Thrown by <see cref="IRealtimeSocketFactory.ConnectAsync"/>; users of the library meet the classified <see cref="RealtimeException"/>.</remarks>
public sealed class UpgradeRefusedException : Exception
{
    /// <summary>A refused upgrade.</summary>
    /// <param name="statusCode">The HTTP status.</param>
    /// <param name="body">The start of the response body, where there was one; must not contain the request's key.</param>
    /// <param name="innerException">What the transport threw.</param>
    public UpgradeRefusedException(int statusCode, string? body, Exception? innerException = null)
        : base($"The server refused the WebSocket upgrade with HTTP {statusCode}.", innerException)
    {
        StatusCode = statusCode;
        Body = body;
    }

    /// <summary>The HTTP status.</summary>
    public int StatusCode { get; }

    /// <summary>The start of the response body: <c>{"error":"…"}</c> since server 2.116.0, empty before.</summary>
    public string? Body { get; }
}
