using System.Diagnostics.Metrics;

namespace Carbon.Realtime.Primitives;

/// <summary>What one manager measures. Every member may be called under the gate, on any thread, and throws nothing.</summary>
/// <remarks>docs/observability.md says what each number means.</remarks>
internal sealed class RealtimeInstruments
{
    private readonly RealtimeEnvironment _environment;
    private readonly RealtimeMeter _meter;
    private readonly Tally.Cell _connections;
    private readonly string _host;
    private readonly object _port;

    /// <param name="environment">Clock and scheduler.</param>
    /// <param name="meters">Whose meter; <see langword="null"/> means the one of the process.</param>
    /// <param name="manager">The manager's name; <see langword="null"/> for the default one.</param>
    /// <param name="server">Where it connects; only host and port are looked at.</param>
    public RealtimeInstruments(RealtimeEnvironment environment, IMeterFactory? meters, string? manager, Uri server)
    {
        _environment = environment;
        _meter = RealtimeMeter.Of(meters);
        Manager = string.IsNullOrWhiteSpace(manager) ? TelemetryNames.DefaultManager : manager;
        _host = server.Host;
        _port = server.Port;
        ManagerTag = new(TelemetryNames.Manager, Manager);
        _connections = _meter.Connections.Of(Manager);
        Queue = _meter.Queue.Of(Manager);
    }

    public string Manager { get; }

    public KeyValuePair<string, object?> ManagerTag { get; }

    public TimeProvider Clock => _environment.TimeProvider;

    /// <summary>What all subscribers' buffers hold.</summary>
    public Tally.Cell Queue { get; }

    public void ConnectionOpened() => _connections.Add(1);

    public void ConnectionClosed() => _connections.Add(-1);

    public void Reconnecting(RealtimeErrorReason reason) => _meter.Reconnects.Of(Manager, TagValue.Of(reason)).Add(1);

    /// <summary>A dial begins. Followed.</summary>
    public Operation StartConnect(int attempt) => new(this, _meter.Connect, isFollowed: true,
        ManagerTag, new(TelemetryNames.ServerAddress, _host), new(TelemetryNames.ServerPort, _port), new(TelemetryNames.Attempt, attempt));

    /// <summary>A token provider is asked. Followed.</summary>
    public Operation StartToken(string reason) => new(this, _meter.Token, isFollowed: true, ManagerTag, new(TelemetryNames.TokenReason, reason));

    /// <summary>A join is sent. Told afterwards.</summary>
    public Operation StartJoin(string topic, int bindings) => new(this, _meter.Join, isFollowed: false,
        ManagerTag, new(TelemetryNames.ServerAddress, _host), new(TelemetryNames.ServerPort, _port), new(TelemetryNames.Topic, topic), new(TelemetryNames.Bindings, bindings));

    /// <summary>Rows of a table are to be read. Followed.</summary>
    public Operation StartRead(string kind, string table, Uri server) => new(this, _meter.Read, isFollowed: true,
        ManagerTag, new(TelemetryNames.ServerAddress, server.Host), new(TelemetryNames.ServerPort, server.Port), new(TelemetryNames.Table, table),
        new(TelemetryNames.ReadKind, kind));

    /// <summary>A request for rows is made. Followed; the HTTP client makes the activity of it.</summary>
    public Operation StartRequest() => new(this, _meter.Request, isFollowed: true, ManagerTag);

    /// <summary>Counts the rows that are read of a table.</summary>
    public Tally.Cell RowsRead(string table) => _meter.RowsRead.Of(Manager, table);

    /// <summary>What a store of the table measures.</summary>
    public StoreInstruments Store(string table) => new(_meter, this, table);

    /// <summary>A channel went from one state to another; <see langword="null"/> is before its life and after it.</summary>
    public void ChannelMoved(string? from, string? to)
    {
        if (from is not null)
        {
            _meter.Channels.Of(Manager, from).Add(-1);
        }

        if (to is not null)
        {
            _meter.Channels.Of(Manager, to).Add(1);
        }
    }

    /// <summary>A heartbeat was answered.</summary>
    /// <param name="sentAt">The clock's time stamp of its sending.</param>
    public void HeartbeatAnswered(long sentAt)
    {
        if (_meter.HeartbeatDuration.Enabled)
        {
            var duration = Clock.GetElapsedTime(sentAt);
            Post(() => _meter.HeartbeatDuration.Record(duration.TotalSeconds, ManagerTag));
        }
    }

    public void Dropped(string reason) => _meter.Drops.Of(Manager, reason).Add(1);

    /// <summary>Counts the changes of a table.</summary>
    public Tally.Cell Changes(string table) => _meter.Changes.Of(Manager, table);

    public void GapTold(string table, string reason) => _meter.Gaps.Of(Manager, table, reason).Add(1);

    /// <summary>A change is ready for its subscribers. Not under the gate: the listener runs here, for posting it would cost an allocation per change.</summary>
    public void ChangeReady(string table, DateTimeOffset? committedAt)
    {
        if (committedAt is { } committed && _meter.ChangeLag.Enabled)
        {
            // The server's clock and ours are two: what seems to come from the future came at once.
            var lag = Math.Max(0, (Clock.GetUtcNow() - committed).TotalSeconds);
            Tell((_meter.ChangeLag, lag, ManagerTag, table), static m => m.ChangeLag.Record(m.lag, m.ManagerTag, new(TelemetryNames.Table, m.table)));
        }
    }

    /// <summary>Runs what calls listeners, on the scheduler.</summary>
    public void Post(Action telling) => _environment.Scheduler.Post(() => Tell(telling, static t => t()));

    /// <summary>Runs what calls listeners, here.</summary>
    public static void Tell<TState>(TState state, Action<TState> telling)
    {
        try
        {
            telling(state);
        }
#pragma warning disable CA1031 // A listener that throws loses its measurement; it must not end a connection.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }
}
