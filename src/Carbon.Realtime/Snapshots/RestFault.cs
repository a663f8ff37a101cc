namespace Carbon.Realtime.Snapshots;

/// <summary>What a reader does about a failure.</summary>
internal enum RestReaction
{
    /// <summary>Ask again, after a wait.</summary>
    Retry,

    /// <summary>Ask again, for fewer rows if that can be.</summary>
    Shrink,

    /// <summary>Ask for a fresh token, and once more.</summary>
    Refresh,

    /// <summary>Somebody must change something first.</summary>
    GiveUp,
}

/// <summary>A failed request: what it means, and what to do.</summary>
/// <param name="Reason">For a program.</param>
/// <param name="Reaction">For the reader.</param>
/// <param name="Message">For a person: no key, no token, no row.</param>
/// <param name="Code">PostgREST's or PostgreSQL's code, or the HTTP status.</param>
/// <param name="RetryAfter">How long the server asks to wait.</param>
internal sealed record RestFault(
    RealtimeErrorReason Reason, RestReaction Reaction, string Message, string? Code = null, TimeSpan? RetryAfter = null)
{
    public RealtimeException ToException() => new(Reason, Message, Reaction is RestReaction.Retry or RestReaction.Shrink, Code);
}

/// <summary>Carries a fault out of where an answer is read, to where is decided what to do about it.</summary>
internal sealed class RestFaultException(RestFault fault) : Exception(fault.Message)
{
    public RestFault Fault => fault;
}
