using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Carbon.Realtime.Hosting;

/// <summary>Registers for one manager: plainly for the default one, keyed for a named one.</summary>
internal sealed class CarbonRealtimeBuilder(IServiceCollection services, string? name) : ICarbonRealtimeBuilder
{
    public IServiceCollection Services => services;

    public string? Name => name;

    public ICarbonRealtimeBuilder UseAccessToken<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TProvider>()
        where TProvider : class, IAccessTokenProvider
    {
        if (name is null)
        {
            services.AddSingleton<IAccessTokenProvider, TProvider>();
        }
        else
        {
            services.AddKeyedSingleton<IAccessTokenProvider, TProvider>(name);
        }

        return this;
    }

    public ICarbonRealtimeBuilder UseAccessToken(Func<IServiceProvider, AccessTokenRequest, CancellationToken, ValueTask<string?>> accessToken)
    {
        ArgumentNullException.ThrowIfNull(accessToken);
        if (name is null)
        {
            services.AddSingleton<IAccessTokenProvider>(provider => new DelegateAccessTokenProvider(provider, accessToken));
        }
        else
        {
            services.AddKeyedSingleton<IAccessTokenProvider>(name, (provider, _) => new DelegateAccessTokenProvider(provider, accessToken));
        }

        return this;
    }

    public ICarbonRealtimeBuilder UseTenant(string tenant)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(tenant);
        services.Configure<RealtimeOptions>(name ?? Options.DefaultName, options => options.Tenant = tenant);
        return this;
    }

    public ICarbonRealtimeBuilder AddHealthCheck(params string[] tags)
    {
        ArgumentNullException.ThrowIfNull(tags);
        services.AddHealthChecks().Add(new HealthCheckRegistration(
            name is null ? "carbon-realtime" : $"carbon-realtime-{name}",
            provider => new RealtimeHealthCheck(name is null
                ? provider.GetRequiredService<IRealtimeChannelManager>()
                : provider.GetRequiredKeyedService<IRealtimeChannelManager>(name)),
            failureStatus: null,
            tags));
        return this;
    }

    private sealed class DelegateAccessTokenProvider(
        IServiceProvider provider, Func<IServiceProvider, AccessTokenRequest, CancellationToken, ValueTask<string?>> accessToken) : IAccessTokenProvider
    {
        public ValueTask<string?> GetAccessTokenAsync(AccessTokenRequest request, CancellationToken cancellationToken) =>
            accessToken(provider, request, cancellationToken);
    }
}
