using System.Diagnostics.Metrics;
using Carbon.Realtime.Convergence;
using Carbon.Realtime.Transport;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Carbon.Realtime;

/// <summary>What a manager that is made by hand may be given; dependency injection fills it from the container.</summary>
public sealed class RealtimeDependencies
{
    /// <summary>Clock, scheduler and chance. Default: the system's.</summary>
    public RealtimeEnvironment Environment { get; init; } = RealtimeEnvironment.Default;

    /// <summary>The socket. Default: <see cref="System.Net.WebSockets.ClientWebSocket"/>. Not disposed by the manager.</summary>
    public IRealtimeSocketFactory? SocketFactory { get; init; }

    /// <summary>
    /// Gives the handler of each request that reads rows. Default: one pooled <see cref="System.Net.Http.SocketsHttpHandler"/> (HTTP/2, all compressions) of the
    /// manager's own, which goes with it; in browsers the platform's. Dependency injection gives those of the named client
    /// <c>Carbon.Realtime</c>, or <c>Carbon.Realtime-</c> and the key of a keyed manager.
    /// </summary>
    /// <remarks>
    /// Asked once for each request, on any thread; the handler stays its giver's and is not disposed by the manager. It must not follow redirects:
    /// it would carry the API key and the user's token to wherever it is sent. An answer from another host is refused, but comes too late.
    /// </remarks>
    public Func<HttpMessageHandler>? HttpMessageHandler { get; init; }

    /// <summary>The signed-in user's token. Default none: everything is done in the API key's role.</summary>
    public IAccessTokenProvider? AccessTokens { get; init; }

    /// <summary>
    /// What the manager is called in metrics and activities (<c>carbon.realtime.manager</c>), where several in one process are to be told
    /// apart; dependency injection gives the key of a keyed one. Managers of one name are counted together. Default none, which reads
    /// <c>default</c>.
    /// </summary>
    public string? Name { get; init; }

    /// <summary>Makes the meter <c>Carbon.Realtime</c>. Default none: one meter of the process. Not disposed by the manager.</summary>
    public IMeterFactory? MeterFactory { get; init; }

    /// <summary>Keeps what stores held until the next start of the program. Default none. Not disposed by the manager.</summary>
    public IStoreCache? StoreCache { get; init; }

    /// <summary>The convergence algorithm's rules, for tests that show what becomes of a store without one.</summary>
    internal ConvergencePolicy Policy { get; init; } = ConvergencePolicy.Full;

    /// <summary>Where to log. Default nowhere. No message contains a key, a token or row data.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;
}
