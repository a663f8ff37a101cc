using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace Carbon.Realtime.Primitives;

/// <summary>The instruments of one meter. All managers on it share them, told apart by their names.</summary>
/// <remarks>
/// A meter of a factory lives as long as the factory, which is the container's; the one for everybody else as long as the process. No manager
/// disposes either: it is not its own.
/// </remarks>
internal sealed class RealtimeMeter
{
    private static readonly string? Version = typeof(RealtimeMeter).Assembly.GetName().Version?.ToString(3);
    private static readonly Lock Gate = new();
    private static readonly ConditionalWeakTable<Meter, RealtimeMeter> Known = [];
    private static readonly Meter Shared = new(new MeterOptions(TelemetryNames.Source) { Version = Version });

    /// <summary>From a local round trip to the server's slowest answers: a refused connect takes 2 s, a refused join 5 s.</summary>
    private static readonly double[] AnswerSeconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30];

    /// <summary>From what the server's poll interval allows to a backlog that somebody should look at.</summary>
    private static readonly double[] LagSeconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

    /// <summary>From a small table near by to a million rows from far away.</summary>
    private static readonly double[] ScanSeconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

    private readonly Meter _meter;

    private RealtimeMeter(Meter meter)
    {
        _meter = meter;
        Level(TelemetryNames.Connections, "{connection}", "Open sockets.", Connections);
        Level(TelemetryNames.Channels, "{channel}", "Channels, by where they stand.", Channels);
        Level(TelemetryNames.QueueElements, "{element}", "Elements that subscribers have not handled yet.", Queue);
        Count(TelemetryNames.Reconnects, "{reconnect}", "Times that a lost or refused connection is to be tried again.", Reconnects);
        Count(TelemetryNames.Changes, "{change}", "Changes told to streams.", Changes);
        Count(TelemetryNames.Gaps, "{gap}", "Gaps told to streams.", Gaps);
        Count(TelemetryNames.Drops, "{drop}", "Messages and changes from the server that were not used.", Drops);
        HeartbeatDuration = Seconds(TelemetryNames.HeartbeatDuration, "From a heartbeat to its reply.", AnswerSeconds);
        ChangeLag = Seconds(TelemetryNames.ChangeLag, "From a change's commit to its being ready for subscribers.", LagSeconds);
        Connect = Operation(
            TelemetryNames.ConnectActivity, ActivityKind.Client, (TelemetryNames.Connects, "{connect}", "Attempts to open a socket."),
            (TelemetryNames.ConnectDuration, "From dialling to an open socket or a refusal."));
        Join = Operation(
            TelemetryNames.JoinActivity, ActivityKind.Client, (TelemetryNames.Joins, "{join}", "Attempts to join a channel."),
            (TelemetryNames.JoinDuration, "From a join to the server's word that changes flow, or to a refusal."));
        Token = Operation(
            TelemetryNames.TokenActivity, ActivityKind.Internal, (TelemetryNames.TokenRequests, "{request}", "Questions to access-token providers."),
            (TelemetryNames.TokenRequestDuration, "From a question to the access-token provider to its answer."));
        Count(TelemetryNames.RestRows, "{row}", "Rows that were read.", RowsRead);
        Read = Operation(
            TelemetryNames.ReadActivity, ActivityKind.Client, (TelemetryNames.RestReads, "{read}", "Reads of a table's rows."),
            (TelemetryNames.RestReadDuration, "From the beginning of a read to its last page."));
        Request = Operation(
            activity: null, ActivityKind.Client, (TelemetryNames.RestRequests, "{request}", "Requests for rows."),
            (TelemetryNames.RestRequestDuration, "From a request for rows to the last byte of its answer."));
        Level(TelemetryNames.StoreRows, "{row}", "Rows that stores show.", StoreRows);
        Level(TelemetryNames.StoreUnverified, "{key}", "Keys whose rows may be older than the database's.", StoreUnverified);
        Count(TelemetryNames.StoreEvents, "{event}", "Changes that stores applied.", StoreEvents);
        Count(TelemetryNames.StoreEpochs, "{epoch}", "Times that stores had to read everything anew to be sure.", StoreEpochs);
        Count(TelemetryNames.StoreScans, "{scan}", "Reads of all rows of stores.", StoreScans);
        Count(TelemetryNames.StoreVerifications, "{key}", "Keys that stores read by themselves.", StoreVerifications);
        Count(TelemetryNames.StoreRepairs, "{row}", "Rows that a read put right and no change had told of.", StoreRepairs);
        Count(TelemetryNames.StoreOverflows, "{overflow}", "Times that changes came faster than a store applied them.", StoreOverflows);
        Count(TelemetryNames.StorePurges, "{purge}", "Times that a store emptied itself because its user may not read the table any more.", StorePurges);
        Count(TelemetryNames.StoreCacheLoads, "{load}", "Looks into the local cache.", StoreCacheLoads);
        Count(TelemetryNames.StoreCacheSaves, "{save}", "Saves into the local cache.", StoreCacheSaves);
        _meter.CreateObservableGauge(TelemetryNames.StoreStaleness, StoreStaleness.Read, "s", "Age of the last complete read of a store.");
        StoreScanDuration = Seconds(TelemetryNames.StoreScanDuration, "From the beginning of a read of all rows to its end.", ScanSeconds);
    }

    public static ActivitySource Activities { get; } = new(TelemetryNames.Source, Version);

    public Tally Connections { get; } = new();

    public Tally Channels { get; } = new(TelemetryNames.ChannelState);

    public Tally Queue { get; } = new();

    public Tally Reconnects { get; } = new(TelemetryNames.ErrorType);

    public Tally Changes { get; } = new(TelemetryNames.Table);

    public Tally Gaps { get; } = new(TelemetryNames.Table, TelemetryNames.GapReason);

    public Tally Drops { get; } = new(TelemetryNames.DropReason);

    public Tally RowsRead { get; } = new(TelemetryNames.Table);

    public Tally StoreRows { get; } = new(TelemetryNames.Table);

    public Tally StoreUnverified { get; } = new(TelemetryNames.Table);

    public Ages StoreStaleness { get; } = new(TelemetryNames.Table);

    public Tally StoreEvents { get; } = new(TelemetryNames.Table, TelemetryNames.EventKind);

    public Tally StoreEpochs { get; } = new(TelemetryNames.Table, TelemetryNames.EpochReason);

    public Tally StoreScans { get; } = new(TelemetryNames.Table, TelemetryNames.ScanCause, TelemetryNames.Outcome);

    public Tally StoreVerifications { get; } = new(TelemetryNames.Table);

    public Tally StoreRepairs { get; } = new(TelemetryNames.Table, TelemetryNames.RepairKind);

    public Tally StoreOverflows { get; } = new(TelemetryNames.Table);

    public Tally StorePurges { get; } = new(TelemetryNames.Table);

    public Tally StoreCacheLoads { get; } = new(TelemetryNames.Table, TelemetryNames.CacheResult);

    public Tally StoreCacheSaves { get; } = new(TelemetryNames.Table, TelemetryNames.CacheResult);

    public Histogram<double> StoreScanDuration { get; }

    public Histogram<double> HeartbeatDuration { get; }

    public Histogram<double> ChangeLag { get; }

    public OperationKind Connect { get; }

    public OperationKind Join { get; }

    public OperationKind Token { get; }

    public OperationKind Read { get; }

    public OperationKind Request { get; }

    /// <summary>The instruments on the factory's meter; without a factory, on the one of the process.</summary>
    public static RealtimeMeter Of(IMeterFactory? factory)
    {
        // A factory hands out one meter for one name, so keyed managers of a container meet here.
        var meter = factory?.Create(new MeterOptions(TelemetryNames.Source) { Version = Version }) ?? Shared;
        lock (Gate)
        {
            return Known.GetValue(meter, static m => new RealtimeMeter(m));
        }
    }

    private OperationKind Operation(
        string? activity, ActivityKind kind, (string Name, string Unit, string Text) outcomes, (string Name, string Text) duration)
    {
        var tally = new Tally(TelemetryNames.Outcome, TelemetryNames.ErrorType);
        Count(outcomes.Name, outcomes.Unit, outcomes.Text, tally);
        return new OperationKind(activity, kind, tally, Seconds(duration.Name, duration.Text, AnswerSeconds));
    }

    private void Count(string name, string unit, string description, Tally tally) => _meter.CreateObservableCounter(name, tally.Read, unit, description);

    private void Level(string name, string unit, string description, Tally tally) => _meter.CreateObservableUpDownCounter(name, tally.Read, unit, description);

    private Histogram<double> Seconds(string name, string description, double[] buckets) => _meter.CreateHistogram(
        name, "s", description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = buckets });
}

/// <summary>How one kind of operation is observed.</summary>
/// <param name="Activity">The activity's name; <see langword="null"/> for what has none of its own.</param>
/// <param name="ActivityKind">The activity's kind.</param>
/// <param name="Outcomes">Counts ends.</param>
/// <param name="Duration">Measures those that were not given up.</param>
internal sealed record OperationKind(string? Activity, ActivityKind ActivityKind, Tally Outcomes, Histogram<double> Duration);
