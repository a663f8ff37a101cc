namespace Carbon.Realtime.Transport;

/// <summary>Where to connect, and how large a message may be. Holds the API key; its text form does not show it.</summary>
/// <param name="uri">The WebSocket address with its whole query.</param>
/// <param name="headers">Headers of the upgrade request.</param>
/// <param name="maxMessageBytes">A larger incoming message is discarded and reported as <see cref="SocketMessageKind.TooLarge"/>.</param>
public sealed class RealtimeSocketAddress(Uri uri, IReadOnlyList<KeyValuePair<string, string>> headers, int maxMessageBytes)
{
    /// <summary>The WebSocket address with its whole query, the API key included.</summary>
    public Uri Uri { get; } = uri;

    /// <summary>Headers of the upgrade request.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; } = headers;

    /// <summary>A larger incoming message is discarded and reported as <see cref="SocketMessageKind.TooLarge"/>.</summary>
    public int MaxMessageBytes { get; } = maxMessageBytes;

    /// <summary>The address without its query and user information: safe to log.</summary>
    public override string ToString() => Uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
}
