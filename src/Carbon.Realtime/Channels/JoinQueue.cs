using Carbon.Realtime.Connection;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Channels;

/// <summary>Sends joins a few at a time and waits for their replies. Under the gate.</summary>
/// <remarks>
/// The server handles the joins of a socket one after another and nothing else meanwhile, so only the oldest one's time runs, and every
/// reply starts the next one's. A join that nobody wants any more is left at once but stays in flight until its reply: the server still has to
/// handle it before those that follow.
/// </remarks>
internal sealed class JoinQueue(
    ChannelRegistry registry, RealtimeConnection connection, FrameWriter writer, ChannelOptions options, ILogger logger)
{
    private readonly List<JoinInFlight> _inFlight = [];
    private Deadlines.Deadline? _oldestIsLate;

    public bool IsJoining => _inFlight.Count > 0;

    /// <summary>Sends the joins that can be sent now.</summary>
    public void Pump()
    {
        if (connection.State != ConnectionState.Open)
        {
            return;
        }

        foreach (var channel in registry.All)
        {
            if (_inFlight.Count >= options.MaxJoinsInFlight)
            {
                return;
            }

            if (!channel.WantsToJoin || !registry.Quarantine.MayTry(channel))
            {
                continue;
            }

            if (channel.Session.IsFresh(options.TokenFreshness))
            {
                Join(channel);
            }
            else
            {
                registry.Tokens.AskToJoin(channel.Session);
            }
        }
    }

    /// <summary>A reply came: is it the answer to a join?</summary>
    public bool TryComplete(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> reference, ReplyPayload reply)
    {
        var index = Find(topic, reference);
        if (index < 0)
        {
            return false;
        }

        var channel = _inFlight[index].Channel;
        _inFlight.RemoveAt(index);
        Watch();
        if (channel is null)
        {
            // Nobody wants it any more; the next one's turn has come.
        }
        else if (!reply.IsOk)
        {
            registry.Rejoins.RecoverRefused(channel, FaultTable.Channel(reply.Reason));
        }
        else if (reply.Bindings.Count != channel.Bindings.Count)
        {
            registry.Rejoins.Recover(channel, new ServerFault(RealtimeErrorReason.ProtocolViolation, Reaction.Retry,
                $"The server confirmed {reply.Bindings.Count} bindings of {channel.Bindings.Count}."), serverEnded: false);
        }
        else
        {
            Joined(channel, reply);
            registry.Rejoins.OnAccepted(channel);
        }

        Pump();
        return true;
    }

    /// <summary>The channel's join no longer matters.</summary>
    /// <param name="channel">The channel, which may not have one.</param>
    /// <param name="serverEnded">Whether no reply is to come.</param>
    public void Forget(Channel channel, bool serverEnded)
    {
        var index = _inFlight.FindIndex(j => j.Channel == channel);
        if (index < 0)
        {
            return;
        }

        _inFlight[index].Channel = null;
        if (serverEnded)
        {
            Remove(index);
        }
    }

    public void ForgetAll()
    {
        _inFlight.Clear();
        Watch();
    }

    private void Join(Channel channel)
    {
        registry.StartJoin(channel);
        channel.TryMove(ChannelState.Waiting, ChannelState.Joining);
        channel.Token = channel.JoinedWith = channel.Session.Current;
        var frame = writer.Join(channel.JoinRef, channel.Topic, options.IsPrivate, channel.Bindings, channel.Token?.Value);
        if (frame.Length > FrameWriter.MaxFrameBytes)
        {
            // It would cost everybody the socket (docs/protocol.md, "Close codes").
            registry.Quarantine.SetApart(channel, FaultTable.TooLarge(frame.Length), serverEnded: true);
            return;
        }

        connection.Send(frame);
        ChannelsLog.Joining(logger, channel.Topic, channel.Bindings.Count);
        channel.Join = connection.Instruments.StartJoin(channel.Topic, channel.Bindings.Count);
        _inFlight.Add(new JoinInFlight(channel));
        if (_inFlight.Count == 1)
        {
            Watch();
        }

        registry.Statuses.Tell(channel);
    }

    private void Joined(Channel channel, ReplyPayload reply)
    {
        channel.TryMove(ChannelState.Joining, ChannelState.Joined);
        channel.Routes = ChannelRoutes.Create(channel, reply.Bindings);
        channel.WatchUntil(connection.Deadlines.Schedule(options.ReadyTimeout, () =>
        {
            ChannelsLog.SlowToSubscribe(logger, channel.Topic, options.ReadyTimeout);
            AwaitOk(channel, new ServerFault(RealtimeErrorReason.ServerUnavailable, Reaction.Retry,
                $"The server accepted the channel but did not say within {options.ReadyPatience.TotalSeconds:0.#} s that changes flow."));
        }));

        // The token may have changed while the join was under way.
        registry.Tokens.Reconcile(channel);
    }

    /// <summary>Joins a channel anew if the server's ok does not come at all: it may have given up without a word.</summary>
    /// <param name="channel">Joined, and not live.</param>
    /// <param name="fault">Why, then.</param>
    public void AwaitOk(Channel channel, ServerFault fault)
    {
        // The first fault's time runs: a server that complains again and again is given no longer than one that is silent.
        if (channel.OkIsLate is null)
        {
            channel.AwaitOkUntil(connection.Deadlines.Schedule(options.ReadyPatience, () => registry.Rejoins.Recover(channel, fault, serverEnded: false)));
        }
    }

    private void Watch()
    {
        _oldestIsLate?.Cancel();
        _oldestIsLate = _inFlight.Count == 0 ? null : connection.Deadlines.Schedule(options.JoinTimeout, () =>
        {
            var late = _inFlight[0].Channel;
            Remove(0);
            if (late is null)
            {
                Pump();
                return;
            }

            registry.Rejoins.Recover(late, new ServerFault(RealtimeErrorReason.ServerUnavailable, Reaction.Retry,
                $"The server did not answer a join within {options.JoinTimeout.TotalSeconds:0.#} s."), serverEnded: false);
        });
    }

    private void Remove(int index)
    {
        _inFlight.RemoveAt(index);
        if (index == 0)
        {
            Watch(); // the oldest one's time runs on, whatever becomes of the others
        }
    }

    private int Find(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> reference)
    {
        for (var i = 0; i < _inFlight.Count; i++)
        {
            if (topic.SequenceEqual(_inFlight[i].Topic) && reference.SequenceEqual(_inFlight[i].Reference))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>A join that the server has not answered.</summary>
    private sealed class JoinInFlight(Channel channel)
    {
        /// <summary>Who wants it; <see langword="null"/> for nobody any more.</summary>
        public Channel? Channel { get; set; } = channel;

        public byte[] Topic { get; } = channel.TopicUtf8;

        public byte[] Reference { get; } = System.Text.Encoding.UTF8.GetBytes(channel.JoinRef);
    }
}
