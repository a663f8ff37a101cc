using System.Diagnostics.CodeAnalysis;
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
}
