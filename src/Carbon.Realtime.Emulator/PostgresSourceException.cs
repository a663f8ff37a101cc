namespace Carbon.Realtime.Emulator;

/// <summary>An emulator cannot stand on a database; the message says what to do.</summary>
public sealed class PostgresSourceException : Exception
{
    internal PostgresSourceException(PostgresSourceReason reason, string message, Exception? innerException = null)
        : base(message, innerException) =>
        Reason = reason;

    /// <summary>What is in the way.</summary>
    public PostgresSourceReason Reason { get; }
}
