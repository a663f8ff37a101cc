namespace Carbon.Realtime.Primitives;

/// <summary>What the meter, the activity source, their instruments, activities and attributes are called. A test holds docs/observability.md to it.</summary>
/// <remarks>OpenTelemetry's way: lower case, dots between namespaces, units apart from the name. A name, once shipped, stays: dashboards are built on it.</remarks>
internal static class TelemetryNames
{
    /// <summary>The meter and the activity source.</summary>
    public const string Source = "Carbon.Realtime";

    public const string Connections = "carbon.realtime.connections";
    public const string Channels = "carbon.realtime.channels";
    public const string QueueElements = "carbon.realtime.queue.elements";
    public const string Connects = "carbon.realtime.connects";
    public const string Reconnects = "carbon.realtime.reconnects";
    public const string Joins = "carbon.realtime.joins";
    public const string TokenRequests = "carbon.realtime.token.requests";
    public const string Changes = "carbon.realtime.changes";
    public const string Gaps = "carbon.realtime.gaps";
    public const string Drops = "carbon.realtime.drops";
    public const string ConnectDuration = "carbon.realtime.connect.duration";
    public const string JoinDuration = "carbon.realtime.join.duration";
    public const string TokenRequestDuration = "carbon.realtime.token.request.duration";
    public const string HeartbeatDuration = "carbon.realtime.heartbeat.duration";
    public const string ChangeLag = "carbon.realtime.change.lag";

    public const string RestRequests = "carbon.realtime.rest.requests";
    public const string RestReads = "carbon.realtime.rest.reads";
    public const string RestRows = "carbon.realtime.rest.rows";
    public const string RestRequestDuration = "carbon.realtime.rest.request.duration";
    public const string RestReadDuration = "carbon.realtime.rest.read.duration";

    public const string StoreRows = "carbon.realtime.store.rows";
    public const string StoreUnverified = "carbon.realtime.store.unverified";
    public const string StoreStaleness = "carbon.realtime.store.staleness";
    public const string StoreEvents = "carbon.realtime.store.events";
    public const string StoreEpochs = "carbon.realtime.store.epochs";
    public const string StoreScans = "carbon.realtime.store.scans";
    public const string StoreScanDuration = "carbon.realtime.store.scan.duration";
    public const string StoreVerifications = "carbon.realtime.store.verifications";
    public const string StoreRepairs = "carbon.realtime.store.repairs";
    public const string StoreOverflows = "carbon.realtime.store.overflows";
    public const string StorePurges = "carbon.realtime.store.purges";
    public const string StoreCacheLoads = "carbon.realtime.store.cache.loads";
    public const string StoreCacheSaves = "carbon.realtime.store.cache.saves";

    public const string ConnectActivity = "carbon.realtime.connect";
    public const string JoinActivity = "carbon.realtime.join";
    public const string TokenActivity = "carbon.realtime.token";
    public const string ReadActivity = "carbon.realtime.rest.read";

    public const string Manager = "carbon.realtime.manager";
    public const string Table = "carbon.realtime.table";
    public const string Outcome = "carbon.realtime.outcome";
    public const string ChannelState = "carbon.realtime.channel.state";
    public const string GapReason = "carbon.realtime.gap.reason";
    public const string DropReason = "carbon.realtime.drop.reason";
    public const string TokenReason = "carbon.realtime.token.reason";
    public const string ReadKind = "carbon.realtime.rest.kind";
    public const string EventKind = "carbon.realtime.store.event.kind";
    public const string EpochReason = "carbon.realtime.store.epoch.reason";
    public const string ScanCause = "carbon.realtime.store.scan.cause";
    public const string RepairKind = "carbon.realtime.store.repair.kind";
    public const string CacheResult = "carbon.realtime.store.cache.result";
    public const string Topic = "carbon.realtime.topic";
    public const string Bindings = "carbon.realtime.bindings";
    public const string Attempt = "carbon.realtime.attempt";
    public const string ErrorType = "error.type";
    public const string ServerAddress = "server.address";
    public const string ServerPort = "server.port";

    /// <summary>The manager that was given no name.</summary>
    public const string DefaultManager = "default";
}
