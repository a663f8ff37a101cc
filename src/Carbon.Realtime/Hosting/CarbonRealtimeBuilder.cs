using System.Diagnostics.CodeAnalysis;
using Carbon.Realtime.CoreStores;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
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
            provider => new RealtimeHealthCheck(Get<IRealtimeChannelManager>(provider, name)),
            failureStatus: null,
            tags));
        return this;
    }

    public ICarbonRealtimeBuilder AddStore<TKey, TRow>(RealtimeTable<TKey, TRow> table)
        where TKey : notnull => AddStore(table, new StoreOptions<TRow>());

    public ICarbonRealtimeBuilder AddStore<TKey, TRow>(RealtimeTable<TKey, TRow> table, StoreOptions<TRow> options)
        where TKey : notnull => Register(name, table, options);

    public ICarbonRealtimeBuilder AddStore<TKey, TRow>(string name, RealtimeTable<TKey, TRow> table)
        where TKey : notnull => AddStore(name, table, new StoreOptions<TRow>());

    public ICarbonRealtimeBuilder AddStore<TKey, TRow>(string name, RealtimeTable<TKey, TRow> table, StoreOptions<TRow> options)
        where TKey : notnull
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(options);
        return Register(name, table, options with { Name = options.Name ?? (RealtimeOptionsValidation.IsPlainName(name) ? name : null) });
    }

    public ICarbonRealtimeBuilder AddCoreStores() => AddCoreStores(CarbonApp.Erp);

    public ICarbonRealtimeBuilder AddCoreStores(CarbonApp app)
    {
        switch (app)
        {
            case CarbonApp.Erp:
                AddStore(CarbonTables.Items, CarbonStoreOptions.Items);
                AddStore(CarbonTables.Customers, CarbonStoreOptions.Customers);
                AddStore(CarbonTables.Suppliers, CarbonStoreOptions.Suppliers);
                AddStore(CarbonTables.People, CarbonStoreOptions.People);
                return TryAdd<ICoreStores>(provider => new CoreStoreSet(
                    Get<ILiveStore<string, Item>>(provider, name), Get<ILiveStore<string, Customer>>(provider, name),
                    Get<ILiveStore<string, Supplier>>(provider, name), Get<ILiveStore<string, Person>>(provider, name)));
            case CarbonApp.Mes:
                AddStore(CarbonTables.MesItems, CarbonStoreOptions.MesItems);
                AddStore(CarbonTables.People, CarbonStoreOptions.People);
                return TryAdd<IMesStores>(provider => new MesStoreSet(
                    Get<ILiveStore<string, MesItem>>(provider, name), Get<ILiveStore<string, Person>>(provider, name)));
            default:
                throw new ArgumentOutOfRangeException(nameof(app), app, "There is no such program.");
        }
    }

    private static TService Get<TService>(IServiceProvider provider, string? key)
        where TService : notnull => key is null ? provider.GetRequiredService<TService>() : provider.GetRequiredKeyedService<TService>(key);

    private CarbonRealtimeBuilder TryAdd<TService>(Func<IServiceProvider, TService> create)
        where TService : class
    {
        services.TryAdd(name is null
            ? ServiceDescriptor.Singleton(create)
            : ServiceDescriptor.KeyedSingleton(name, (provider, _) => create(provider)));
        return this;
    }

    private CarbonRealtimeBuilder Register<TKey, TRow>(string? key, RealtimeTable<TKey, TRow> table, StoreOptions<TRow> options)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(options);
        if (RealtimeOptionsValidation.Validate(options) is { Count: > 0 } faults)
        {
            throw new ArgumentException(string.Join(" ", faults), nameof(options));
        }

        var registration = new StoreRegistration(
            typeof(ILiveStore<TKey, TRow>), key, name, table, options, provider => Get<ILiveStore<TKey, TRow>>(provider, key));
        var known = services.Where(static service => !service.IsKeyedService).Select(static service => service.ImplementationInstance)
            .OfType<StoreRegistration>().FirstOrDefault(registration.IsNamedLike);
        if (known?.IsSameStore(registration) == false)
        {
            throw new InvalidOperationException(
                $"A store of {typeof(TRow).Name} is registered{(key is null ? "" : $" as '{key}'")}, and {table.Schema}.{table.Name} would be another one: "
                + "give one of them a name of its own, AddStore(name, table).");
        }

        if (known is null)
        {
            services.AddSingleton(registration);
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, HostedStores>());
            if (key is null)
            {
                services.AddSingleton(provider => Get<IRealtimeChannelManager>(provider, name).Store(table, options));
            }
            else
            {
                services.AddKeyedSingleton(key, (provider, _) => Get<IRealtimeChannelManager>(provider, name).Store(table, options));
            }
        }

        return this;
    }

    private sealed class DelegateAccessTokenProvider(
        IServiceProvider provider, Func<IServiceProvider, AccessTokenRequest, CancellationToken, ValueTask<string?>> accessToken) : IAccessTokenProvider
    {
        public ValueTask<string?> GetAccessTokenAsync(AccessTokenRequest request, CancellationToken cancellationToken) =>
            accessToken(provider, request, cancellationToken);
    }
}
