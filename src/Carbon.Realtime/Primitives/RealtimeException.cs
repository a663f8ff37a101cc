namespace Carbon.Realtime;

/// <summary>What the server, the network or the token provider did to us. Misuse of the library throws the usual BCL exceptions instead.</summary>
/// <remarks>The message never contains a key, a token or row data.</remarks>
public sealed class RealtimeException : Exception
{
    internal RealtimeException(
        RealtimeErrorReason reason, string message, bool isTransient, string? serverCode = null, Exception? innerException = null)
        : base(message, innerException)
    {
        Reason = reason;
        IsTransient = isTransient;
        ServerCode = serverCode;
    }

    /// <summary>What went wrong.</summary>
    public RealtimeErrorReason Reason { get; }

    /// <summary>Whether the same request may succeed later without anybody changing anything.</summary>
    public bool IsTransient { get; }

    /// <summary>The server's own code: the prefix of a Realtime reason (<c>InvalidJWTToken</c>), an HTTP status or a close code.</summary>
    public string? ServerCode { get; }
}
