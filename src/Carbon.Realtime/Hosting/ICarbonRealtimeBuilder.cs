using System.Diagnostics.CodeAnalysis;
using Carbon.Realtime.CoreStores;
using Microsoft.Extensions.DependencyInjection;

namespace Carbon.Realtime;

/// <summary>Registers what belongs to one manager.</summary>
public interface ICarbonRealtimeBuilder
{
    /// <summary>The services.</summary>
    IServiceCollection Services { get; }

    /// <summary>The manager's key; <see langword="null"/> for the default one.</summary>
    string? Name { get; }

    /// <summary>The signed-in user's token comes from a service of this type, made once by the container.</summary>
    /// <typeparam name="TProvider">Its dependencies are injected.</typeparam>
    ICarbonRealtimeBuilder UseAccessToken<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TProvider>()
        where TProvider : class, IAccessTokenProvider;

    /// <summary>The signed-in user's token comes from a delegate.</summary>
    ICarbonRealtimeBuilder UseAccessToken(Func<IServiceProvider, AccessTokenRequest, CancellationToken, ValueTask<string?>> accessToken);

    /// <summary>The tenant of tenant-scoped tables until <see cref="ITenantContext.Set"/> says otherwise.</summary>
    ICarbonRealtimeBuilder UseTenant(string tenant);

    /// <summary>
    /// Adds a <see cref="RealtimeHealthCheck"/> of this manager to the host's health checks, named <c>carbon-realtime</c>, or
    /// <c>carbon-realtime-</c> and the key of a keyed one.
    /// </summary>
    /// <param name="tags">By which the host's probes choose their checks, such as <c>ready</c>; may be none.</param>
    /// <remarks>Once per manager: a second check of the same name is refused by the health checks. Making the check connects nothing.</remarks>
    ICarbonRealtimeBuilder AddHealthCheck(params string[] tags);

    /// <summary>Registers <see cref="ILiveStore{TKey, TRow}"/> of a table, a singleton that starts and stops with the host.</summary>
    /// <remarks>
    /// Under the manager's key where that has one. Starting connects in the background and never fails the host's start because a server is away. Without a
    /// host the store starts when it is used. Registering the same store twice is once.
    /// </remarks>
    /// <param name="table">The table.</param>
    /// <exception cref="InvalidOperationException">Another store of these types is registered: give one of them a name.</exception>
    ICarbonRealtimeBuilder AddStore<TKey, TRow>(RealtimeTable<TKey, TRow> table)
        where TKey : notnull;

    /// <inheritdoc cref="AddStore{TKey, TRow}(RealtimeTable{TKey, TRow})"/>
    /// <param name="table">The table.</param>
    /// <param name="options">How it reads and listens.</param>
    /// <exception cref="ArgumentException">An option is out of its bounds; the message names it.</exception>
    ICarbonRealtimeBuilder AddStore<TKey, TRow>(RealtimeTable<TKey, TRow> table, StoreOptions<TRow> options)
        where TKey : notnull;

    /// <summary>The same as a keyed service, for several stores of equal types.</summary>
    /// <inheritdoc cref="AddStore{TKey, TRow}(RealtimeTable{TKey, TRow})"/>
    /// <param name="name">The service's key, whatever the manager's is: <c>[FromKeyedServices(name)]</c>.</param>
    /// <param name="table">The table.</param>
    ICarbonRealtimeBuilder AddStore<TKey, TRow>(string name, RealtimeTable<TKey, TRow> table)
        where TKey : notnull;

    /// <inheritdoc cref="AddStore{TKey, TRow}(string, RealtimeTable{TKey, TRow})"/>
    /// <param name="name">The service's key, whatever the manager's is: <c>[FromKeyedServices(name)]</c>.</param>
    /// <param name="table">The table.</param>
    /// <param name="options">How it reads and listens.</param>
    /// <exception cref="ArgumentException">An option is out of its bounds; the message names it.</exception>
    ICarbonRealtimeBuilder AddStore<TKey, TRow>(string name, RealtimeTable<TKey, TRow> table, StoreOptions<TRow> options)
        where TKey : notnull;

    /// <summary>Registers the lists of Carbon's ERP: <see cref="ICoreStores"/>, and each of its stores by itself.</summary>
    /// <inheritdoc cref="AddStore{TKey, TRow}(RealtimeTable{TKey, TRow})" path="/remarks"/>
    ICarbonRealtimeBuilder AddCoreStores();

    /// <summary>Registers the lists of one of Carbon's programs: <see cref="ICoreStores"/> or <see cref="IMesStores"/>, and each of its stores by itself. Both may be.</summary>
    /// <inheritdoc cref="AddStore{TKey, TRow}(RealtimeTable{TKey, TRow})" path="/remarks"/>
    /// <param name="app">Which program's.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such program.</exception>
    ICarbonRealtimeBuilder AddCoreStores(CarbonApp app);
}
