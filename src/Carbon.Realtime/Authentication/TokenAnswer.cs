namespace Carbon.Realtime.Authentication;

/// <summary>What asking the provider came to.</summary>
/// <param name="Reason">Why it was asked for.</param>
/// <param name="Token">The token; <see langword="null"/> when nobody is signed in, or on failure.</param>
/// <param name="Error">Why there is none, when the provider failed.</param>
internal sealed record TokenAnswer(AccessTokenReason Reason, AccessToken? Token, RealtimeException? Error)
{
    /// <summary>For how long the provider is left alone after its failure: to ask sooner gives this failure again.</summary>
    public TimeSpan RetryIn { get; init; }

    /// <summary>Whether the provider was not asked for it, and the failure is known to everybody.</summary>
    public bool IsRepeated { get; init; }

    /// <summary>Whether the program said that the token changed, and this is the answer; whatever the reason that it was asked for besides.</summary>
    public bool IsOfChange { get; init; }
}
