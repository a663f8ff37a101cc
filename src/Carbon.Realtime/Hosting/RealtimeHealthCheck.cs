using System.Globalization;
using Carbon.Realtime.Stores;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Carbon.Realtime;

/// <summary>Whether a manager, its streams and its stores do what they are there for. <see cref="ICarbonRealtimeBuilder.AddHealthCheck"/> adds one to a host.</summary>
/// <remarks>
/// <para>
/// Healthy: changes flow wherever somebody subscribed, or have not for no longer than the grace. Degraded: they have not for longer, the
/// connection's or a stream's, or a stream is faulted, or a store has not been live for longer, or is degraded; the client tries again by itself. Unhealthy
/// (or the registration's failure status): the connection is faulted, or a store, or a store lacks a token, and somebody must change what
/// the description says (a token provider that fails may recover within the grace); or the manager is disposed.
/// </para>
/// <para>
/// Reads statuses and connects nothing: a manager that nobody uses is healthy. Texts and data contain no key, token, tenant, filter or row. The
/// streams and stores of an <see cref="IRealtimeChannelManager"/> that is not the library's own are not seen.
/// </para>
/// </remarks>
public sealed class RealtimeHealthCheck : IHealthCheck
{
    private const int MostNamed = 10;

    /// <summary>A server with a store for each of its tenants has many.</summary>
    private const int MostListed = 50;

    private readonly IRealtimeChannelManager _manager;
    private readonly TimeSpan _grace;

    /// <summary>A check with a grace of 30 s: a reconnect to a server that restarts takes less.</summary>
    [ActivatorUtilitiesConstructor]
    public RealtimeHealthCheck(IRealtimeChannelManager manager)
        : this(manager, TimeSpan.FromSeconds(30))
    {
    }

    /// <summary>A check.</summary>
    /// <param name="manager">What is looked at.</param>
    /// <param name="grace">How long changes may not flow before that counts; zero or more. A fault that somebody must mend counts at once.</param>
    /// <exception cref="ArgumentOutOfRangeException">The grace is negative.</exception>
    public RealtimeHealthCheck(IRealtimeChannelManager manager, TimeSpan grace)
    {
        ArgumentNullException.ThrowIfNull(manager);
        ArgumentOutOfRangeException.ThrowIfLessThan(grace, TimeSpan.Zero);
        _manager = manager;
        _grace = grace;
    }

    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var ours = _manager as RealtimeChannelManager;
        var now = (ours?.Clock ?? TimeProvider.System).GetUtcNow();
        var status = _manager.Status;
        var streams = ours?.Streams ?? [];
        var stores = ours?.Stores ?? [];
        var broken = stores.Where(s => IsBroken(s, now)).ToList();
        var behind = stores.Where(s => s.Status.State == StoreState.Degraded || IsLate(s.NotLiveSince, now)).ToList();
        var troubled = streams.Where(s => IsFaulted(s.Status) || IsLate(s.Status, now)).ToList();
        var (health, text) = status switch
        {
            { State: RealtimeState.Closed } => (context.Registration.FailureStatus, "The manager is disposed."),
            _ when IsFaulted(status) => (context.Registration.FailureStatus, status.Error!.Message),
            _ when broken.Count > 0 => (context.Registration.FailureStatus, $"Somebody must change something for {Names(broken)}; {broken.Count} of {stores.Count} stores."),
            _ when IsLate(status, now) => (HealthStatus.Degraded, $"Not connected since {Time(status.NotLiveSince!.Value)}: {status}"),
            _ when troubled.Count > 0 => (HealthStatus.Degraded, $"Changes do not flow for {Names(troubled)}; {troubled.Count} of {streams.Count} streams."),
            _ when behind.Count > 0 => (HealthStatus.Degraded, $"Not live: {Names(behind)}; {behind.Count} of {stores.Count} stores."),
            _ => (HealthStatus.Healthy, status.ToString()),
        };
        var data = Data(status, streams.Count, troubled);
        Add(data, stores);
        return Task.FromResult(new HealthCheckResult(health, text, exception: null, data));
    }

    /// <summary>Somebody must change something. While the client looks whether they did, the state says so, and the error still tells.</summary>
    private static bool IsFaulted(RealtimeStatus status) =>
        status.State is not (RealtimeState.Live or RealtimeState.Idle or RealtimeState.Closed) && status.Error is { IsTransient: false };

    /// <summary>The same of a store. A provider that fails for a moment is asked again: then there is no token, and nobody has to change anything.</summary>
    private bool IsBroken(StoreReport store, DateTimeOffset now) => store.Status switch
    {
        { State: StoreState.Faulted } => true,
        { State: StoreState.NeedsAuth, Error.IsTransient: true } => IsLate(store.NotLiveSince, now),
        { State: StoreState.NeedsAuth } => true,
        _ => false,
    };

    private bool IsLate(RealtimeStatus status, DateTimeOffset now) => IsLate(status.NotLiveSince, now);

    private bool IsLate(DateTimeOffset? notLiveSince, DateTimeOffset now) => notLiveSince is { } since && now - since > _grace;

    /// <summary>Tables and reasons; not the errors' messages, in which the server may quote a filter.</summary>
    private static string Names(List<(string Table, RealtimeStatus Status)> streams) => Names(streams.Select(Name));

    private static string Names(List<StoreReport> stores) => Names(stores.Select(static s => $"{s.Table} ({StateOf(s.Status)})"));

    private static string Names(IEnumerable<string> all)
    {
        var names = all.Distinct().ToList();
        return string.Join(", ", names.Take(MostNamed)) + (names.Count > MostNamed ? $" and {names.Count - MostNamed} more" : "");
    }

    private static string Name((string Table, RealtimeStatus Status) stream) =>
        $"{stream.Table} ({stream.Status.State}{(stream.Status.Error is { } error ? $", {error.Reason}" : "")})";

    private static string StateOf(StoreStatus status) =>
        $"{status.State}{(status.Reason == StoreReason.None ? "" : $", {status.Reason}")}{(status.Error is { } error ? $", {error.Reason}" : "")}";

    /// <summary>One line for each store. Stores of one table that the program did not name are numbered: whose they are would be a tenant's name.</summary>
    private static void Add(Dictionary<string, object> data, IReadOnlyList<StoreReport> stores)
    {
        data["stores"] = stores.Count;
        foreach (var same in stores.Take(MostListed).GroupBy(static s => s.Table))
        {
            var number = 0;
            foreach (var store in same)
            {
                var asOf = store.Status.AsOf is { } time ? Time(time) : "never";
                data[$"store {store.Table}{(++number == 1 ? "" : $" {number}")}"] =
                    $"{StateOf(store.Status)}; as of {asOf}; {store.Status.Unverified} unverified; {store.Rows} rows";
            }
        }
    }

    private static string Time(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static Dictionary<string, object> Data(RealtimeStatus status, int streams, List<(string Table, RealtimeStatus Status)> troubled)
    {
        var data = new Dictionary<string, object>
        {
            ["state"] = status.State.ToString(),
            ["since"] = status.Since,
            ["attempt"] = status.Attempt,
            ["streams"] = streams,
            ["troubledStreams"] = string.Join(", ", troubled.ConvertAll(Name)),
        };
        if (status.NextRetry is { } retry)
        {
            data["nextRetry"] = retry;
        }

        if (status.NotLiveSince is { } since)
        {
            data["notLiveSince"] = since;
        }

        if (status.Error is { } error)
        {
            data["reason"] = error.Reason.ToString();
        }

        return data;
    }
}
