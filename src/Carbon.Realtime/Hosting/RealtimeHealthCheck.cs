using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Carbon.Realtime;

/// <summary>Whether a manager and its streams do what they are there for. <see cref="ICarbonRealtimeBuilder.AddHealthCheck"/> adds one to a host.</summary>
/// <remarks>
/// <para>
/// Healthy: changes flow wherever somebody subscribed, or have not for no longer than the grace. Degraded: they have not for longer, the
/// connection's or a stream's, or a stream is faulted; the client tries again by itself. Unhealthy (or the registration's failure status):
/// the connection is faulted, and somebody must change what the description says; or the manager is disposed.
/// </para>
/// <para>
/// Reads statuses and connects nothing: a manager that nobody uses is healthy. Texts and data contain no key, token, filter or row. The
/// streams of an <see cref="IRealtimeChannelManager"/> that is not the library's own are not seen.
/// </para>
/// </remarks>
public sealed class RealtimeHealthCheck : IHealthCheck
{
    private const int MostNamed = 10;

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
        var troubled = streams.Where(s => IsFaulted(s.Status) || IsLate(s.Status, now)).ToList();
        var (health, text) = status switch
        {
            { State: RealtimeState.Closed } => (context.Registration.FailureStatus, "The manager is disposed."),
            _ when IsFaulted(status) => (context.Registration.FailureStatus, status.Error!.Message),
            _ when IsLate(status, now) => (HealthStatus.Degraded, $"Not connected since {Time(status.NotLiveSince!.Value)}: {status}"),
            _ when troubled.Count > 0 => (HealthStatus.Degraded, $"Changes do not flow for {Names(troubled)}; {troubled.Count} of {streams.Count} streams."),
            _ => (HealthStatus.Healthy, status.ToString()),
        };
        return Task.FromResult(new HealthCheckResult(health, text, exception: null, Data(status, streams.Count, troubled)));
    }

    /// <summary>Somebody must change something. While the client looks whether they did, the state says so, and the error still tells.</summary>
    private static bool IsFaulted(RealtimeStatus status) =>
        status.State is not (RealtimeState.Live or RealtimeState.Idle or RealtimeState.Closed) && status.Error is { IsTransient: false };

    private bool IsLate(RealtimeStatus status, DateTimeOffset now) => status.NotLiveSince is { } since && now - since > _grace;

    /// <summary>Tables and reasons; not the errors' messages, in which the server may quote a filter.</summary>
    private static string Names(List<(string Table, RealtimeStatus Status)> streams)
    {
        var names = streams.Select(Name).Distinct().ToList();
        return string.Join(", ", names.Take(MostNamed)) + (names.Count > MostNamed ? $" and {names.Count - MostNamed} more" : "");
    }

    private static string Name((string Table, RealtimeStatus Status) stream) =>
        $"{stream.Table} ({stream.Status.State}{(stream.Status.Error is { } error ? $", {error.Reason}" : "")})";

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
