using Carbon.Realtime.Connection;
using Carbon.Realtime.Protocol;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Channels;

/// <summary>Takes every frame in arrival order: changes to their subscriptions, all else to <see cref="ChannelMessages"/>. On the reader's loop.</summary>
internal sealed class FrameRouter(ChannelRegistry registry, RealtimeConnection connection, ILogger logger) : IConnectionHandler
{
    /// <summary>Frames after which a burst ends although more are there: a table that is written without a pause must not keep another one's change waiting.</summary>
    private const int MostFrames = 1024;

    /// <summary>Bytes of payloads after which it ends: what is gathered is memory, and long rows take longer.</summary>
    private const int MostBytes = 1 << 20;

    private readonly ChannelMessages _messages = new(registry, connection, logger);
    private readonly ChangeReader _changes = new();
    private readonly List<Subscription> _matched = [];
    private readonly List<ISubscriptionSink> _dirty = [];
    private long _frame;
    private int _burstFrames;
    private int _burstBytes;

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
        Route(frame);
        _burstBytes += frame.Payload.Length;
        if (++_burstFrames >= MostFrames || _burstBytes >= MostBytes)
        {
            OnBurstEnd();
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
        Live().ForEach(static s => s.Sink.OnUnreadable());
    }

    public void OnSuspended() => Live().ForEach(static s => s.Sink.OnSuspended());

    public void OnClockChanged() => registry.Tokens.OnClockChanged();

    public void OnBurstEnd()
    {
        if (_dirty.Count > 0)
        {
            _dirty.ForEach(static sink => sink.OnBurstEnd());
            _dirty.Clear();
        }

        _burstFrames = 0;
        _burstBytes = 0;
    }

    private void Route(in Frame frame)
    {
        switch (frame.Event)
        {
            case FrameEvent.PostgresChanges:
                OnPostgresChanges(frame);
                break;
            case FrameEvent.Reply:
                _messages.OnReply(frame);
                break;
            case FrameEvent.System:
                _messages.OnSystem(frame);
                break;
            case FrameEvent.Error:
                _messages.OnEnded(frame, new ServerFault(RealtimeErrorReason.ServerUnavailable, Reaction.Retry, "The channel's process crashed on the server."));
                break;
            case FrameEvent.Close:
                _messages.OnEnded(frame, new ServerFault(RealtimeErrorReason.ServerUnavailable, Reaction.Retry, "The server closed the channel."));
                break;
            default:
                registry.Drops.Count(FrameDropReason.UnknownEvent);
                break;
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
            routes.ForEach(static s => s.Sink.OnUnreadable());
            return;
        }

        Match(routes, change);
        foreach (var subscription in _matched)
        {
            var sink = subscription.Sink;
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
}
