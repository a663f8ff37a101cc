using System.Runtime.CompilerServices;
using Carbon.Realtime.Authentication;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Snapshots;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime;

/// <summary>What rows are read through: one session for each user, made when it is first needed. Thread-safe.</summary>
internal sealed class RestSessions : IDisposable
{
    private readonly RealtimeEnvironment _environment;
    private readonly RealtimeInstruments _instruments;
    private readonly ILogger _logger;
    private readonly SnapshotLimits _limits;
    private readonly RestEndpoint _endpoint;
    private readonly Lazy<HttpMessageHandler> _ownHandler = new(RestHandler.Create);
    private readonly ConditionalWeakTable<TokenSession, RestSession> _sessions = [];

    public RestSessions(RealtimeOptions options, RealtimeDependencies dependencies, RealtimeInstruments instruments, ILogger logger)
    {
        _environment = dependencies.Environment;
        _instruments = instruments;
        _logger = logger;
        _limits = LimitsOf(options);
        _endpoint = new RestEndpoint(RealtimeOptionsValidation.RestAddress(options), options.ApiKey, dependencies.HttpMessageHandler ?? (() => _ownHandler.Value));
    }

    /// <summary>The reads of the user whose tokens these are.</summary>
    public RestSession Of(TokenSession tokens) => _sessions.GetValue(
        tokens, user => new RestSession(_endpoint, user, _environment, _instruments, _limits, _logger));

    /// <summary>Ends the handler, if it is the manager's own: reads that are under way fail.</summary>
    public void Dispose()
    {
        if (_ownHandler.IsValueCreated)
        {
            _ownHandler.Value.Dispose();
        }
    }

    private static SnapshotLimits LimitsOf(RealtimeOptions options) => new()
    {
        PageRows = options.ReadPageRows,
        MaxPageRows = options.ReadPageRows * 4,
        MaxRowBytes = options.MaxMessageBytes,
        MaxPageBytes = Math.Max(SnapshotLimits.Default.MaxPageBytes, 2L * options.MaxMessageBytes),
        RequestTimeout = options.ReadTimeout,
        Retries = options.ReadRetries,
        RetryDelayMin = options.ReconnectDelayMin,
        RetryDelayMax = options.ReconnectDelayMax,
    };
}
