namespace Carbon.Realtime.Testing;

/// <summary>Makes <see cref="RealtimeException"/>s, whose constructor is not public, for tests of what a program does about them.</summary>
public static class RealtimeErrors
{
    /// <summary>One that passes by itself: the client tries again, and nobody has to change anything.</summary>
    /// <param name="reason">What went wrong.</param>
    /// <param name="message">What a person is told.</param>
    public static RealtimeException Transient(RealtimeErrorReason reason, string message) => new(reason, message, isTransient: true);

    /// <inheritdoc cref="Transient(RealtimeErrorReason, string)"/>
    /// <param name="reason">What went wrong.</param>
    /// <param name="message">What a person is told.</param>
    /// <param name="serverCode">The server's own code.</param>
    public static RealtimeException Transient(RealtimeErrorReason reason, string message, string serverCode) => new(reason, message, isTransient: true, serverCode);

    /// <summary>One that somebody must mend first: it ends waits.</summary>
    /// <inheritdoc cref="Transient(RealtimeErrorReason, string)"/>
    public static RealtimeException Lasting(RealtimeErrorReason reason, string message) => new(reason, message, isTransient: false);

    /// <inheritdoc cref="Lasting(RealtimeErrorReason, string)"/>
    /// <param name="reason">What went wrong.</param>
    /// <param name="message">What a person is told.</param>
    /// <param name="serverCode">The server's own code.</param>
    public static RealtimeException Lasting(RealtimeErrorReason reason, string message, string serverCode) => new(reason, message, isTransient: false, serverCode);
}
