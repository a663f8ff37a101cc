namespace Carbon.Realtime.Protocol;

/// <summary>What the client does about something the server said.</summary>
internal enum Reaction
{
    /// <summary>Back off and try again.</summary>
    Retry,

    /// <summary>As <see cref="Retry"/>, but the first waits come from a wider window: many clients were told the same in the same moment.</summary>
    RetrySpread,

    /// <summary>Ask the provider for a fresh token, then try again.</summary>
    RefreshTokenThenRetry,

    /// <summary>Ask the provider for a fresh token and try again, once; after that as <see cref="RetrySlowly"/>.</summary>
    RefreshTokenOnce,

    /// <summary>Tell the user, and try again now and then: only somebody changing something can cure it.</summary>
    RetrySlowly,
}

/// <summary>A classified fault: what to tell the user and what to do.</summary>
internal sealed record ServerFault(RealtimeErrorReason Reason, Reaction Reaction, string Message, string? Code = null)
{
    /// <summary>What the log says: not the server's words where they quote what the program asked for.</summary>
    public string LogText { get; init; } = Message;

    public RealtimeException ToException() =>
        new(Reason, Message, isTransient: Reaction != Reaction.RetrySlowly, Code);
}
