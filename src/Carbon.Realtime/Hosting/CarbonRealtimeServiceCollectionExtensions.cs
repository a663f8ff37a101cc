using System.Diagnostics.Metrics;
using Carbon.Realtime;
using Carbon.Realtime.Hosting;
using Carbon.Realtime.Snapshots;
using Carbon.Realtime.Transport;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers Carbon.Realtime.</summary>
public static class CarbonRealtimeServiceCollectionExtensions
{
    /// <summary>Registers a singleton <see cref="IRealtimeChannelManager"/> with options from configuration.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configuration">The section that holds <see cref="RealtimeOptions"/>.</param>
    /// <returns>What registers the rest.</returns>
    /// <remarks>
    /// Options are validated when the host starts, or without a host when the manager is first resolved; messages name the option. Nothing
    /// connects before it is used. A <see cref="TimeProvider"/>, <see cref="WorkScheduler"/>, <see cref="IRandomizer"/>,
    /// <see cref="IRealtimeSocketFactory"/>, <see cref="ILoggerFactory"/> or <see cref="IMeterFactory"/> in the container is used.
    /// <para>
    /// Rows are read with the handlers of the named HTTP client <c>Carbon.Realtime</c>, for a keyed manager <c>Carbon.Realtime-</c> and its key:
    /// <c>services.AddHttpClient("Carbon.Realtime").AddHttpMessageHandler(…)</c> adds to them. Of that client only the handlers count, not what is set on
    /// an <see cref="HttpClient"/>; requests are repeated by the manager itself, and the factory's own log of them is off.
    /// </para>
    /// </remarks>
    public static ICarbonRealtimeBuilder AddCarbonRealtime(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var builder = services.Add(name: null);
        services.AddOptions<RealtimeOptions>(Options.Options.DefaultName).Bind(configuration);
        services.AddSingleton(new OptionsSource(Options.Options.DefaultName, configuration));
        return builder;
    }

    /// <summary>Registers a singleton <see cref="IRealtimeChannelManager"/> with options from a delegate.</summary>
    /// <inheritdoc cref="AddCarbonRealtime(IServiceCollection, IConfiguration)"/>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets the options.</param>
    public static ICarbonRealtimeBuilder AddCarbonRealtime(this IServiceCollection services, Action<RealtimeOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var builder = services.Add(name: null);
        services.Configure(Options.Options.DefaultName, configure);
        return builder;
    }

    /// <summary>Registers a keyed <see cref="IRealtimeChannelManager"/> beside others, with options from configuration.</summary>
    /// <inheritdoc cref="AddCarbonRealtime(IServiceCollection, IConfiguration)"/>
    /// <param name="services">The services.</param>
    /// <param name="name">The key of the manager and the name of its options.</param>
    /// <param name="configuration">The section that holds <see cref="RealtimeOptions"/>.</param>
    public static ICarbonRealtimeBuilder AddCarbonRealtime(this IServiceCollection services, string name, IConfiguration configuration)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(configuration);
        var builder = services.Add(name);
        services.AddOptions<RealtimeOptions>(name).Bind(configuration);
        services.AddSingleton(new OptionsSource(name, configuration));
        return builder;
    }

    /// <summary>Registers a keyed <see cref="IRealtimeChannelManager"/> beside others, with options from a delegate.</summary>
    /// <inheritdoc cref="AddCarbonRealtime(IServiceCollection, IConfiguration)"/>
    /// <param name="services">The services.</param>
    /// <param name="name">The key of the manager and the name of its options.</param>
    /// <param name="configure">Sets the options.</param>
    public static ICarbonRealtimeBuilder AddCarbonRealtime(this IServiceCollection services, string name, Action<RealtimeOptions> configure)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(configure);
        var builder = services.Add(name);
        services.Configure(name, configure);
        return builder;
    }

    private static CarbonRealtimeBuilder Add(this IServiceCollection services, string? name)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<RealtimeOptions>, RealtimeOptionsValidator>());
        services.AddOptions<RealtimeOptions>(name ?? Options.Options.DefaultName).ValidateOnStart();
        services.AddHttpClient(HttpClientNameOf(name)).ConfigurePrimaryHttpMessageHandler(RestHandler.Create).RemoveAllLoggers();
        if (name is null)
        {
            services.TryAddSingleton<IRealtimeChannelManager>(provider => Create(provider, null));
            services.TryAddSingleton<ITenantContext>(provider => provider.GetRequiredService<IRealtimeChannelManager>().Tenant);
        }
        else
        {
            services.TryAddKeyedSingleton<IRealtimeChannelManager>(name, (provider, _) => Create(provider, name));
            services.TryAddKeyedSingleton<ITenantContext>(name, (provider, key) => provider.GetRequiredKeyedService<IRealtimeChannelManager>(key).Tenant);
        }

        return new CarbonRealtimeBuilder(services, name);
    }

    private static string HttpClientNameOf(string? manager) => manager is null ? "Carbon.Realtime" : "Carbon.Realtime-" + manager;

    private static RealtimeChannelManager Create(IServiceProvider provider, string? name) => new(
        provider.GetRequiredService<IOptionsMonitor<RealtimeOptions>>().Get(name ?? Options.Options.DefaultName),
        new RealtimeDependencies
        {
            Environment = new RealtimeEnvironment(
                provider.GetService<TimeProvider>(), provider.GetService<WorkScheduler>(), provider.GetService<IRandomizer>()),
            Name = name,
            MeterFactory = provider.GetService<IMeterFactory>(),
            SocketFactory = provider.GetService<IRealtimeSocketFactory>(),
            HttpMessageHandler = () => provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler(HttpClientNameOf(name)),
            AccessTokens = name is null
                ? provider.GetService<IAccessTokenProvider>()
                : provider.GetKeyedService<IAccessTokenProvider>(name),
            StoreCache = name is null ? provider.GetService<IStoreCache>() : provider.GetKeyedService<IStoreCache>(name),
            LoggerFactory = provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance,
        });
}
