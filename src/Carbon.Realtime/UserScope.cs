using Carbon.Realtime.Authentication;
using Carbon.Realtime.Channels;
using Carbon.Realtime.Convergence;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Stores;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime;

/// <summary>What a manager gives to all its stores.</summary>
/// <param name="Cache">The local cache, if there is one.</param>
/// <param name="Project">The project's address, which tells caches apart.</param>
/// <param name="Logger">The log.</param>
/// <param name="Instruments">What is measured.</param>
/// <param name="Policy">The algorithm's rules.</param>
internal sealed record StoreDefaults(IStoreCache? Cache, string Project, ILogger Logger, RealtimeInstruments Instruments, ConvergencePolicy Policy);

/// <summary>For whom a tenant scope's stores work.</summary>
internal sealed class UserScope(RealtimeEnvironment environment, TimeSpan linger, ChannelUser user, Func<string?> tenant, bool isTenantScoped) : IStoreScope
{
    public StoreIdentity? Identity =>
        !isTenantScoped ? StoreIdentity.Of(null, user.Tokens.Identity)
        : tenant() is { } current ? StoreIdentity.Of(current, user.Tokens.Identity)
        : null;

    public TimeSpan Linger => linger;

    public ChannelUser User => user;

    public bool IsTenantScoped => isTenantScoped;

    public Task<TokenAnswer?> PrepareAsync() => user.Tokens.IdentifyAsync();

    public IDisposable Later(TimeSpan wait, Action action)
    {
        using (ExecutionContext.IsFlowSuppressed() ? default(AsyncFlowControl?) : ExecutionContext.SuppressFlow())
        {
            return environment.TimeProvider.CreateTimer(_ => environment.Scheduler.Post(action), null, wait, Timeout.InfiniteTimeSpan);
        }
    }
}
