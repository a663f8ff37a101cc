using Carbon.Realtime.Connection;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Channels;

/// <summary>Sends joins a few at a time and waits for their replies. Under the gate.</summary>
/// <remarks>
/// The server handles the joins of a socket one after another and nothing else meanwhile, so only the oldest one's time runs, and every
/// reply starts the next one's.
/// </remarks>
internal sealed class JoinQueue(
    ChannelRegistry registry, RealtimeConnection connection, FrameWriter writer, ChannelOptions options, ILogger logger)
{
    private readonly List<Channel> _inFlight = [];
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

            if (!channel.WantsToJoin)
            {
                continue;
            }

            if (channel.Session.IsFresh(options.TokenFreshness))
            {
                Join(channel);
            }
            else
            {
                TokenKeeper.Ask(channel.Session, AccessTokenReason.Join);
            }
        }
    }

    /// <summary>A reply came: is it a join's?</summary>
    public bool TryComplete(Channel channel, ReadOnlySpan<byte> reference, ReplyPayload reply)
    {
        var index = _inFlight.IndexOf(channel);
        if (index < 0 || !reference.SequenceEqual(System.Text.Encoding.UTF8.GetBytes(channel.JoinRef)))
        {
            return false;
        }

        _inFlight.RemoveAt(index);
        Watch();
        if (!reply.IsOk)
        {
            registry.Recover(channel, FaultTable.Channel(reply.Reason), serverEnded: true);
        }
        else if (reply.Bindings.Count != channel.Bindings.Count)
        {
            registry.Recover(channel, new ServerFault(RealtimeErrorReason.ProtocolViolation, Reaction.Retry,
                $"The server confirmed {reply.Bindings.Count} bindings of {channel.Bindings.Count}."), serverEnded: false);
        }
        else
        {
            Joined(channel, reply);
        }

        Pump();
        return true;
    }

    /// <summary>The channel's join no longer matters.</summary>
    public void Forget(Channel channel)
    {
        // The oldest one's time runs on, whatever becomes of the others.
        var index = _inFlight.IndexOf(channel);
        if (index >= 0)
        {
            _inFlight.RemoveAt(index);
            if (index == 0)
            {
                Watch();
            }
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
        channel.Token = channel.Session.Current;
        connection.Send(writer.Join(channel.JoinRef, channel.Topic, options.IsPrivate, channel.Bindings, channel.Token?.Value));
        ChannelsLog.Joining(logger, channel.Topic, channel.Bindings.Count);
        channel.Join = connection.Instruments.StartJoin(channel.Topic, channel.Bindings.Count);
        _inFlight.Add(channel);
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
        channel.Watch = connection.Deadlines.Schedule(options.ReadyTimeout, () => ChannelsLog.SlowToSubscribe(logger, channel.Topic, options.ReadyTimeout));

        // The token may have changed while the join was under way.
        registry.Tokens.Reconcile(channel);
    }

    private void Watch()
    {
        _oldestIsLate?.Cancel();
        _oldestIsLate = _inFlight.Count == 0 ? null : connection.Deadlines.Schedule(options.JoinTimeout, () =>
        {
            var late = _inFlight[0];
            registry.Recover(late, new ServerFault(RealtimeErrorReason.ServerUnavailable, Reaction.Retry,
                $"The server did not answer a join within {options.JoinTimeout.TotalSeconds:0.#} s."), serverEnded: false);
        });
    }
}
