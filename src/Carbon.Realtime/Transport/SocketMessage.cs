namespace Carbon.Realtime.Transport;

/// <summary>What <see cref="IRealtimeSocket.ReceiveAsync"/> returned.</summary>
public enum SocketMessageKind
{
    /// <summary>A text message.</summary>
    Text,

    /// <summary>A binary message.</summary>
    Binary,

    /// <summary>A message larger than the limit; it was read to its end and discarded, the connection goes on.</summary>
    TooLarge,

    /// <summary>The server closed the connection.</summary>
    Closed,
}

/// <summary>One message from a socket, or how it ended.</summary>
public readonly struct SocketMessage
{
    private SocketMessage(SocketMessageKind kind, ReadOnlyMemory<byte> payload, int? closeCode = null, string? closeReason = null)
    {
        Kind = kind;
        Payload = payload;
        CloseCode = closeCode;
        CloseReason = closeReason;
    }

    /// <summary>Which of the four it is.</summary>
    public SocketMessageKind Kind { get; }

    /// <summary>The message's bytes, valid until the next receive; empty for <see cref="SocketMessageKind.TooLarge"/> and <see cref="SocketMessageKind.Closed"/>.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>The WebSocket close code of <see cref="SocketMessageKind.Closed"/>, where the server sent one.</summary>
    public int? CloseCode { get; }

    /// <summary>The close reason of <see cref="SocketMessageKind.Closed"/>, where the server sent one.</summary>
    public string? CloseReason { get; }

    /// <summary>A text message.</summary>
    public static SocketMessage Text(ReadOnlyMemory<byte> payload) => new(SocketMessageKind.Text, payload);

    /// <summary>A binary message.</summary>
    public static SocketMessage Binary(ReadOnlyMemory<byte> payload) => new(SocketMessageKind.Binary, payload);

    /// <summary>A message over the limit was discarded.</summary>
    public static SocketMessage TooLarge() => new(SocketMessageKind.TooLarge, default);

    /// <summary>The server closed the connection.</summary>
    public static SocketMessage Closed(int? code, string? reason) => new(SocketMessageKind.Closed, default, code, reason);
}
