using Carbon.Realtime.Connection;
using Carbon.Realtime.Protocol;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Channels;

/// <summary>What the server says of channels, and what it does to their state: replies, system messages, ends. On the reader's loop; takes the gate.</summary>
internal sealed class ChannelMessages(ChannelRegistry registry, RealtimeConnection connection, ILogger logger)
{
    /// <summary>The answer to a push of ours: to a join, a leave, or nothing any more.</summary>
    public void OnReply(in Frame frame)
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

    /// <summary>What the server says of a joined channel by itself (docs/protocol.md, "System messages").</summary>
    public void OnSystem(in Frame frame)
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

    /// <summary>The channel is over; what a <c>system</c> error said before it explains why.</summary>
    /// <param name="frame">The frame that says so.</param>
    /// <param name="otherwise">What it means where nothing was said.</param>
    public void OnEnded(in Frame frame, ServerFault otherwise)
    {
        lock (connection.Gate)
        {
            if (!registry.Farewells.TryEnd(frame.Topic) && TryFind(frame, out var channel))
            {
                registry.Rejoins.Recover(channel, channel.Fault ?? otherwise, serverEnded: true);
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
        channel.Subscriptions.ForEach(s => s.Sink.OnReady(cause));
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
