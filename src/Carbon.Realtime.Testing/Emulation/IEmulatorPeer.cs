using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Testing;

/// <summary>The client's end of a connection: what a host implements to carry frames to wherever the client is.</summary>
/// <remarks>Called on the environment's scheduler, in order, never under the emulator's lock and never twice at a time.</remarks>
public interface IEmulatorPeer
{
    /// <summary>
    /// A frame of the server, or <see cref="SocketMessageKind.Closed"/> when the server closes the socket. The payload may be kept.
    /// </summary>
    void OnMessage(SocketMessage message);

    /// <summary>A frame of the server that travels in pieces (<see cref="WireFaults.Fragment"/>). Where pieces cannot be told apart, it is a message like any other.</summary>
    /// <param name="message">The whole message.</param>
    /// <param name="fragmentBytes">How large its pieces are.</param>
    void OnFragmented(SocketMessage message, int fragmentBytes) => OnMessage(message);

    /// <summary>The connection broke without a close frame. Nothing follows.</summary>
    void OnBroken();
}
