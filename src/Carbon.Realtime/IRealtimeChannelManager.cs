namespace Carbon.Realtime;

/// <summary>One Supabase Realtime socket, and everything that is live on it. Thread-safe; nothing is connected before it is used.</summary>
public interface IRealtimeChannelManager : IChangeSource, IDisposable, IAsyncDisposable
{
    /// <summary>The tenant of tenant-scoped tables.</summary>
    ITenantContext Tenant { get; }

    /// <summary>Where the connection stands.</summary>
    RealtimeStatus Status { get; }

    /// <summary>The connection's status now and every later one, in order.</summary>
    IObservable<RealtimeStatus> StatusChanges { get; }

    /// <summary>"The token changed": asks every provider again, those of tenant scopes too, and pushes the answers on the joined channels; nothing is rejoined for it.</summary>
    /// <remarks>
    /// When the answer is another user's token, or none (signed out), the channels are left and joined again, as the server ignores a token
    /// taken away; their streams get a gap. Called from inside a provider, it does not ask that provider again: its answer is on the way.
    /// </remarks>
    /// <param name="cancellationToken">Ends the wait, not the refresh.</param>
    /// <exception cref="RealtimeException">The provider failed; channels keep the token they have.</exception>
    /// <exception cref="ObjectDisposedException">The manager is disposed.</exception>
    Task RefreshAccessTokenAsync(CancellationToken cancellationToken);

    /// <inheritdoc cref="RefreshAccessTokenAsync(CancellationToken)"/>
    Task RefreshAccessTokenAsync();

    /// <summary>"The network is back": ends all waits for the next try, of the connection and of every channel, and tries now.</summary>
    /// <remarks>
    /// For whoever knows better than a clock when a try is worthwhile. Thread-safe, never waits, and does nothing when nothing waits: while a try is under way,
    /// while all is live, after disposal. Call it as often as you like: tries stay <see cref="RealtimeOptions.ReconnectDelayMin"/> apart,
    /// joins go out a few at a time, and a wait that the server asked for (<see cref="RealtimeErrorReason.RateLimited"/>) is kept.
    /// </remarks>
    void RetryNow();

    /// <summary>Another tenant beside the current one, with the same user's token.</summary>
    /// <exception cref="ObjectDisposedException">The manager is disposed.</exception>
    ITenantScope ForTenant(string tenant);

    /// <summary>Another tenant beside the current one, with a token of its own, on channels of its own.</summary>
    /// <exception cref="ObjectDisposedException">The manager is disposed.</exception>
    ITenantScope ForTenant(string tenant, IAccessTokenProvider accessTokens);
}
