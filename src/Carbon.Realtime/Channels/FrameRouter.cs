using Carbon.Realtime.Connection;
using Carbon.Realtime.Protocol;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Channels;

/// <summary>Takes every frame in arrival order: changes to their subscriptions, control messages to the channels' state. On the reader's loop.</summary>
internal sealed class FrameRouter(ChannelRegistry registry, RealtimeConnection connection, ILogger logger) : IConnectionHandler
{
    private readonly ChangeReader _changes = new();
    private readonly List<Subscription> _matched = [];
    private readonly List<ISubscriptionSink> _dirty = [];
    private long _frame;

    public bool IsJoining => registry.Joins.IsJoining;

    public Task PrepareAsync() => registry.Tokens.AskAllAsync();

    public void OnOpened()
    {
        registry.Statuses.TellAll(registry);
        registry.Joins.Pump();
    }

    public void OnChanged(bool wasOpen)
    {
        if (wasOpen)
        {
            registry.OnConnectionLost();
        }

        registry.Statuses.TellAll(registry);
    }

    public void OnFrame(in Frame frame)
    {
        switch (frame.Event)
        {
            case FrameEvent.PostgresChanges:
                OnPostgresChanges(frame);
                break;
            case FrameEvent.Reply:
                OnReply(frame);
                break;
            case FrameEvent.System:
                OnSystem(frame);
                break;
            case FrameEvent.Error:
                OnEnded(frame, new ServerFault(RealtimeErrorReason.ServerUnavailable, Reaction.Retry, "The channel's process crashed on the server."));
                break;
            case FrameEvent.Close:
                OnEnded(frame, new ServerFault(RealtimeErrorReason.ServerUnavailable, Reaction.Retry, "The server closed the channel."));
                break;
            default:
                registry.Drops.Count(FrameDropReason.UnknownEvent);
                break;
        }
    }

    public void OnUnreadable(FrameDropReason reason)
    {
        if (reason == FrameDropReason.Binary)
        {
            registry.Drops.Count(reason);
            return; // broadcast's; changes are always text
        }

        CountUnreadable(reason);
        Live().ForEach(static s => s.Request.Sink.OnUnreadable());
    }

    public void OnSuspended() => Live().ForEach(static s => s.Request.Sink.OnSuspended());

    public void OnClockChanged() => registry.Tokens.OnClockChanged();

    public void OnBurstEnd()
    {
        if (_dirty.Count > 0)
        {
            _dirty.ForEach(static sink => sink.OnBurstEnd());
            _dirty.Clear();
        }
    }

    /// <summary>Everybody to whom changes flow.</summary>
    private List<Subscription> Live()
    {
        lock (connection.Gate)
        {
            return [.. registry.All.Where(static c => c.State == ChannelState.Live).SelectMany(static c => c.Subscriptions)];
        }
    }

    private void OnPostgresChanges(in Frame frame)
    {
        ChannelRoutes routes;
        lock (connection.Gate)
        {
            if (registry.Find(frame.Topic) is not { } channel)
            {
                registry.Drops.Count(FrameDropReason.UnknownTopic);
                return;
            }

            routes = channel.Routes;
        }

        if (!_changes.TryRead(frame.Payload, out var change, out var error))
        {
            CountUnreadable(error);
            routes.ForEach(static s => s.Request.Sink.OnUnreadable());
            return;
        }

        Match(routes, change);
        foreach (var subscription in _matched)
        {
            var sink = subscription.Request.Sink;
            if (sink.OnChange(change, subscription.LastVerified))
            {
                _dirty.Add(sink);
            }
        }
    }

    /// <summary>One frame may list several ids, and an id may stand for several bindings: each subscription still gets the change once.</summary>
    private void Match(ChannelRoutes routes, in ChangeFrame change)
    {
        _frame++;
        _matched.Clear();
        foreach (var id in change.Ids)
        {
            if (routes.Find(id) is not { } found)
            {
                registry.Drops.Count(FrameDropReason.UnknownBinding);
                continue;
            }

            foreach (var route in found)
            {
                if (route.Subscription.LastFrame != _frame)
                {
                    route.Subscription.LastFrame = _frame;
                    route.Subscription.LastVerified = route.Verified;
                    _matched.Add(route.Subscription);
                }
                else
                {
                    route.Subscription.LastVerified |= route.Verified;
                }
            }
        }
    }

    /// <summary>Said at the first and whenever their number doubles: a server that sends nothing but nonsense must not fill the log as well.</summary>
    private void CountUnreadable(FrameDropReason reason)
    {
        var count = registry.Drops.Count(reason);
        if (System.Numerics.BitOperations.IsPow2(count))
        {
            ChannelsLog.Unreadable(logger, reason, count);
        }
    }

    private void OnReply(in Frame frame)
    {
        if (ReplyPayload.TryParse(frame.Payload) is not { } reply)
        {
            registry.Drops.Count(FrameDropReason.Malformed);
            return;
        }

        lock (connection.Gate)
        {
            // A reply counts only on the topic it was sent to.
            if (!registry.Joins.TryComplete(frame.Topic, frame.Ref, reply) && !registry.Farewells.IsReply(frame.Topic, frame.Ref))
            {
                registry.Drops.Count(registry.Find(frame.Topic) is null ? FrameDropReason.UnknownTopic : FrameDropReason.StaleReference);
            }
        }
    }

    private void OnSystem(in Frame frame)
    {
        if (SystemPayload.TryParse(frame.Payload) is not { } system)
        {
            registry.Drops.Count(FrameDropReason.Malformed);
            return;
        }

        lock (connection.Gate)
        {
            if (!TryFind(frame, out var channel))
            {
                return;
            }

            if (system.Extension != SystemPayload.PostgresChanges)
            {
                if (!system.IsOk)
                {
                    channel.Fault = FaultTable.Channel(system.Message); // its phx_close follows
                }
            }
            else if (system.IsOk)
            {
                OnSubscribed(channel);
            }
            else
            {
                OnSubscriptionError(channel, system.Message);
            }
        }
    }

    private void OnSubscribed(Channel channel)
    {
        if (channel.State == ChannelState.Joined && registry.Quarantine.TryTakeBack(channel))
        {
            return;
        }

        ReadyCause cause;
        if (channel.TryMove(ChannelState.Joined, ChannelState.Live))
        {
            cause = ReadyCause.Joined;
            channel.Join?.Succeed();
            channel.AwaitOkUntil(null);
            channel.WatchUntil(connection.Deadlines.Schedule(registry.StableAfter, channel.Recovery.Reset));
            channel.Recovery.Overcome();
        }
        else if (channel.State == ChannelState.Live)
        {
            cause = channel.TokenPushed ? ReadyCause.TokenPushed : ReadyCause.Resubscribed;
        }
        else
        {
            registry.Drops.Count(FrameDropReason.StaleReference);
            return;
        }

        channel.TokenPushed = false;
        channel.Fault = null;
        ChannelsLog.Subscribed(logger, channel.Topic, cause);
        channel.Subscriptions.ForEach(s => s.Request.Sink.OnReady(cause));
        registry.Statuses.Tell(channel);
        registry.Tokens.Reconcile(channel);
    }

    private void OnSubscriptionError(Channel channel, string message)
    {
        if (channel.State is not (ChannelState.Joined or ChannelState.Live))
        {
            registry.Drops.Count(FrameDropReason.StaleReference); // a channel says nothing before its join's reply
            return;
        }

        var (fault, serverRetries) = FaultTable.Subscription(message);
        if (serverRetries && channel.IsSetApart)
        {
            registry.Quarantine.SetApart(channel, fault, serverEnded: false); // its turn is over: others wait for theirs
        }
        else if (serverRetries)
        {
            // Not the end: the server says ok when it succeeds, and what was missed until then is a gap.
            channel.TryMove(ChannelState.Live, ChannelState.Joined);
            channel.Recovery.Note(fault);
            registry.Joins.AwaitOk(channel, fault);
            registry.Statuses.Tell(channel);
        }
        else if (fault.Reason == RealtimeErrorReason.SubscriptionRefused)
        {
            registry.Quarantine.Refuse(channel, message, fault);
        }
        else
        {
            registry.Rejoins.Recover(channel, fault, serverEnded: false); // no binding's fault
        }
    }

    private void OnEnded(in Frame frame, ServerFault otherwise)
    {
        lock (connection.Gate)
        {
            if (!registry.Farewells.TryEnd(frame.Topic) && TryFind(frame, out var channel))
            {
                registry.Rejoins.Recover(channel, channel.Fault ?? otherwise, serverEnded: true);
            }
        }
    }

    private bool TryFind(in Frame frame, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Channel? channel)
    {
        channel = registry.Find(frame.Topic);
        if (channel is null)
        {
            registry.Drops.Count(FrameDropReason.UnknownTopic);
        }
        else if (!frame.JoinRef.IsEmpty && !frame.JoinRef.SequenceEqual(System.Text.Encoding.UTF8.GetBytes(channel.JoinRef)))
        {
            registry.Drops.Count(FrameDropReason.StaleReference);
            channel = null;
        }

        return channel is not null;
    }
}
