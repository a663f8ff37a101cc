using Carbon.Realtime.Connection;
using Carbon.Realtime.Primitives;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Channels;

/// <summary>Says where the connection and each subscription stand. Under the gate.</summary>
internal sealed class StatusTeller : IStatusOwner
{
    private readonly RealtimeConnection _connection;
    private readonly ILogger _logger;

    public StatusTeller(RealtimeConnection connection, RealtimeEnvironment environment, ILogger logger)
    {
        _connection = connection;
        _logger = logger;
        Connection = new StatusSource(environment, this);
    }

    /// <summary>Where the connection stands, for everybody.</summary>
    public StatusSource Connection { get; }

    /// <summary>The connection changed: everybody who depends on it is told.</summary>
    public void TellAll(ChannelRegistry registry)
    {
        var (state, error) = OfConnection();
        Connection.Set(state, error, state == RealtimeState.Live ? 0 : _connection.Recovery.Attempt, _connection.Recovery.NextRetry);
        foreach (var channel in registry.All)
        {
            Tell(channel);
        }

        foreach (var subscription in registry.Gathering)
        {
            Tell(subscription);
        }
    }

    public void Tell(Channel channel) => channel.Subscriptions.ForEach(Tell);

    public void Tell(Subscription subscription)
    {
        var (state, error, attempt, nextRetry) = subscription.Channel switch
        {
            { State: ChannelState.Live } => (RealtimeState.Live, null, 0, null),
            { State: ChannelState.Joining or ChannelState.Joined, Recovery.Error: null } => (RealtimeState.Joining, null, 0, null),
            { Recovery: { Error: { } fault } recovery } =>
                (recovery.IsFaulted ? RealtimeState.Faulted : RealtimeState.Recovering, fault, recovery.Attempt, recovery.NextRetry),
            _ => OfWaiting(),
        };
        subscription.Sink.OnStatus(state, error, attempt, nextRetry);
    }

    public void End() => Connection.End(null);

    void IStatusOwner.OnStatusObserverThrew(Exception error) => ChannelsLog.StatusObserverThrew(_logger, error);

    void IStatusOwner.OnStatusFollowed(bool isFollowed)
    {
    }

    /// <summary>Of a subscription that waits for nothing but the connection.</summary>
    private (RealtimeState State, RealtimeException? Error, int Attempt, DateTimeOffset? NextRetry) OfWaiting()
    {
        var (state, error) = OfConnection();
        return state == RealtimeState.Live
            ? (RealtimeState.Joining, null, 0, null)
            : (state, error, _connection.Recovery.Attempt, _connection.Recovery.NextRetry);
    }

    private (RealtimeState State, RealtimeException? Error) OfConnection() => _connection.State switch
    {
        ConnectionState.Idle or ConnectionState.Closing => (RealtimeState.Idle, null),
        ConnectionState.Dialing => (RealtimeState.Connecting, _connection.Recovery.Error),
        ConnectionState.Open => (RealtimeState.Live, null),
        ConnectionState.Waiting => (_connection.Recovery.IsFaulted ? RealtimeState.Faulted : RealtimeState.Recovering, _connection.Recovery.Error),
        _ => (RealtimeState.Closed, null),
    };
}
