using Carbon.Realtime.Authentication;
using Carbon.Realtime.Connection;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Channels;

/// <summary>All subscriptions and the channels that carry them. Every member is called under the connection's gate unless it says otherwise.</summary>
internal sealed class ChannelRegistry
{
    private readonly RealtimeConnection _connection;
    private readonly RealtimeEnvironment _environment;
    private readonly ChannelOptions _options;
    private readonly List<Channel> _channels = [];
    private readonly Dictionary<byte[], Channel> _byTopic = new(Utf8Keys.Comparer);
    private readonly Dictionary<byte[], Channel>.AlternateLookup<ReadOnlySpan<byte>> _byTopicBytes;
    private readonly GroupWindows _windows;

    public ChannelRegistry(RealtimeConnection connection, FrameWriter writer, RealtimeEnvironment environment, ChannelOptions options, ILogger logger)
    {
        Writer = writer;
        _connection = connection;
        _environment = environment;
        _options = options;
        _byTopicBytes = _byTopic.GetAlternateLookup<ReadOnlySpan<byte>>();
        Drops = new DropCounter(connection.Instruments);
        Rejoins = new Rejoins(this, environment, options, logger);
        Placement = new Placement(this, options);
        Quarantine = new Quarantine(this, logger);
        _windows = new GroupWindows(connection.Deadlines, options.GroupWindow, Placement.Place);
        Statuses = new StatusTeller(connection, environment, logger);
        Tokens = new TokenKeeper(this, connection, environment, options, logger);
        Joins = new JoinQueue(this, connection, writer, options, logger);
        connection.Attach(new FrameRouter(this, connection, logger));
    }

    public IReadOnlyList<Channel> All => _channels;

    /// <summary>A channel that was live for this long was a good one: its back-off starts over.</summary>
    public TimeSpan StableAfter => _options.StableAfter;

    /// <summary>Subscriptions whose group window is still open.</summary>
    public IEnumerable<Subscription> Gathering => _windows.Gathered;

    public TokenKeeper Tokens { get; }

    public JoinQueue Joins { get; }

    /// <summary>When channels that do not flow join again.</summary>
    public Rejoins Rejoins { get; }

    /// <summary>Which channel carries which subscription.</summary>
    public Placement Placement { get; }

    /// <summary>What becomes of refused subscriptions.</summary>
    public Quarantine Quarantine { get; }

    /// <summary>The leaves whose answers are still to come.</summary>
    public Farewells Farewells { get; } = new();

    public DropCounter Drops { get; }

    public RealtimeInstruments Instruments => _connection.Instruments;

    /// <summary>Tells everybody where they stand.</summary>
    public StatusTeller Statuses { get; }

    public FrameWriter Writer { get; }

    /// <summary>Subscribes: onto a channel that has the bindings already, or with others of its group that come within the window.</summary>
    public Subscription Subscribe(SubscriptionRequest request)
    {
        var subscription = new Subscription(request);
        Tokens.Use(request.User.Tokens);
        if (!TryShare(subscription))
        {
            _windows.Add(subscription);
            Statuses.Tell(subscription);
        }

        _connection.Need();
        return subscription;
    }

    /// <summary>Ends a subscription; the last one's channel is left, the last channel's connection may close.</summary>
    public void Unsubscribe(Subscription subscription)
    {
        if (subscription.IsEnded)
        {
            return;
        }

        subscription.IsEnded = true;
        if (subscription.Channel is { } channel)
        {
            channel.Subscriptions.Remove(subscription);
            channel.Routes = channel.Routes.Without(subscription);
            if (channel.Subscriptions.Count == 0)
            {
                var hadPlace = channel.State != ChannelState.Waiting;
                End(channel);
                if (hadPlace)
                {
                    Rejoins.RetryForPlace();
                }
            }
        }
        else
        {
            _windows.Remove(subscription);
        }

        Tokens.Release(subscription.Request.User.Tokens);
        if (_channels.Count == 0 && !_windows.Gathered.Any())
        {
            _connection.NeedNot();
        }

        Joins.Pump();
    }

    public Channel? Find(ReadOnlySpan<byte> topic) => _byTopicBytes.TryGetValue(topic, out var channel) ? channel : null;

    /// <summary>Gives the channel the topic of its next join.</summary>
    public void StartJoin(Channel channel)
    {
        // The group names the topic for whoever reads the server's log; the nonce is what makes it this join's.
        channel.StartJoin($"realtime:{_options.TopicPrefix}-{channel.Group}-{_environment.Randomizer.NextNonce()}", _connection.NextReference());
        _byTopic.Add(channel.TopicUtf8, channel);
    }

    /// <summary>Takes a channel off its topic, telling the server if it may still be there.</summary>
    /// <param name="channel">A channel in any state; it wants to join again afterwards.</param>
    /// <param name="serverEnded">Whether the server ended the channel by itself.</param>
    public void Detach(Channel channel, bool serverEnded)
    {
        if (!serverEnded && channel.State is ChannelState.Joining or ChannelState.Joined or ChannelState.Live)
        {
            var reference = _connection.NextReference();
            _connection.Send(Writer.Leave(channel.JoinRef, reference, channel.Topic));
            Farewells.Add(channel.TopicUtf8, reference);
        }

        _byTopic.Remove(channel.TopicUtf8);
        Joins.Forget(channel, serverEnded);
        channel.Reset();
    }

    /// <summary>A new channel, which joins as soon as it can.</summary>
    public Channel Open(string group, TokenSession session, List<Subscription> subscriptions)
    {
        var backoff = new Backoff(_options.ReconnectMin, _options.ReconnectMax, _options.ReturnSpread, _environment.Randomizer);
        var channel = new Channel(group, session, new Recovery(_connection.Deadlines, _environment, backoff, _options.SlowRetry), Instruments);
        Carry(channel, subscriptions);
        _channels.Add(channel);
        return channel;
    }

    /// <summary>Takes more subscriptions into a channel, which joins anew: a gap for those it has.</summary>
    public void Adopt(Channel channel, List<Subscription> subscriptions)
    {
        Carry(channel, subscriptions);
        if (channel.Recovery.IsWaiting && (!channel.Recovery.IsFaulted || channel.Recovery.Error?.Reason == RealtimeErrorReason.RateLimited))
        {
            // It joins soon anyhow, or later because the server asked for that: whoever subscribes is no reason to hurry.
            Statuses.Tell(channel);
            return;
        }

        Rejoins.Rejoin(channel);
    }

    /// <summary>Leaves a channel that carries nothing any more.</summary>
    public void End(Channel channel)
    {
        Detach(channel, serverEnded: false);
        channel.End();
        _channels.Remove(channel);
    }

    /// <summary>What the subscription brought was proven incomplete: its channel joins anew, or everything does on a new socket.</summary>
    public void Renew(Subscription subscription, bool socket)
    {
        if (subscription.Channel is not { State: ChannelState.Live } channel)
        {
            return;
        }

        if (socket)
        {
            _connection.Drop(new ServerFault(RealtimeErrorReason.ConnectionLost, Reaction.Retry, "Changes were lost although the connection seemed well."));
        }
        else
        {
            Rejoins.Rejoin(channel);
        }
    }

    /// <summary>The socket is gone: every channel wants to join again on the next one.</summary>
    public void OnConnectionLost()
    {
        foreach (var channel in _channels)
        {
            if (channel.State != ChannelState.Waiting)
            {
                _byTopic.Remove(channel.TopicUtf8);
                channel.Reset();
            }

            // What matters now is why the connection is gone, unless somebody has to act on the channel's own fault.
            if (!channel.Recovery.IsFaulted)
            {
                channel.Recovery.Overcome();
                channel.IsRefused = false;
            }
        }

        Joins.ForgetAll();
        Farewells.Clear();
    }

    /// <summary>Leaves everything; the connection is closed by its owner.</summary>
    public void EndAll()
    {
        foreach (var channel in _channels.ToList())
        {
            channel.Subscriptions.ForEach(static s => s.IsEnded = true);
            End(channel);
        }

        _windows.Clear();
        Tokens.Close();
        Statuses.End();
    }

    private bool TryShare(Subscription subscription)
    {
        foreach (var channel in _channels.Where(c => c.Session == subscription.Request.User.Tokens))
        {
            var like = channel.Subscriptions.Find(s => s.Request.Asked == subscription.Request.Asked);
            if (like is null)
            {
                continue;
            }

            subscription.Channel = channel;
            channel.Subscriptions.Add(subscription);
            channel.Routes = channel.Routes.With(subscription, like);
            Statuses.Tell(subscription);
            if (channel.State == ChannelState.Live)
            {
                subscription.Sink.OnShared();
            }

            return true;
        }

        return false;
    }

    private static void Carry(Channel channel, List<Subscription> subscriptions)
    {
        subscriptions.ForEach(s => s.Channel = channel);
        channel.Subscriptions.AddRange(subscriptions);
    }
}
