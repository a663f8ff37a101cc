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

    /// <summary>Another tenant beside the current one, with the same user's token.</summary>
    /// <exception cref="ObjectDisposedException">The manager is disposed.</exception>
    ITenantScope ForTenant(string tenant);

    /// <summary>Another tenant beside the current one, with a token of its own, on channels of its own.</summary>
    /// <exception cref="ObjectDisposedException">The manager is disposed.</exception>
    ITenantScope ForTenant(string tenant, IAccessTokenProvider accessTokens);
}
