using Carbon.Realtime.Authentication;
using Carbon.Realtime.Channels;
using Carbon.Realtime.Stores;

namespace Carbon.Realtime;

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
