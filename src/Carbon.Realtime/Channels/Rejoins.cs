using Carbon.Realtime.Connection;
using Carbon.Realtime.Protocol;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Channels;

/// <summary>When channels that do not flow join again: after a fault, a change of user, a cure. Under the gate.</summary>
internal sealed class Rejoins(ChannelRegistry registry, RealtimeEnvironment environment, ChannelOptions options, ILogger logger)
{
    /// <summary>Of joins refused for what somebody has to change.</summary>
    private readonly RefusedJoinPace _lasting = new(environment.TimeProvider, options.RefusedJoinSpacing);

    /// <summary>Of joins refused for what passes by itself.</summary>
    private readonly RefusedJoinPace _passing = new(environment.TimeProvider, options.PassingRefusalSpacing);

    /// <summary>Something ended or refused the channel: says why and schedules the next join.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="fault">What happened.</param>
    /// <param name="serverEnded">Whether the server ended the channel by itself.</param>
    /// <param name="isLogged">Whether the log says it already.</param>
    public void Recover(Channel channel, ServerFault fault, bool serverEnded, bool isLogged = false)
    {
        Postpone(channel, fault, serverEnded, isLogged: isLogged);
        if (fault.Reaction is Reaction.RefreshTokenThenRetry or Reaction.RefreshTokenOnce && !channel.Recovery.IsFaulted)
        {
            registry.Tokens.AskAfterRefusal(channel);
        }

        registry.Joins.Pump();
    }

    /// <summary>The server refused the channel's join, and was deaf to everybody for it (docs/protocol.md, "Joins block the socket").</summary>
    public void RecoverRefused(Channel channel, ServerFault fault)
    {
        channel.IsRefused = true;

        // A token that was replaced while the server looked at it: what it says of the old one passes with the next join. Not twice in a row: beside
        // others whose refusals bring a new bad token each time, every join's token is an old one by then.
        channel.IsSpared = !channel.IsSpared && fault.Reaction is Reaction.RetrySlowly or Reaction.RefreshTokenOnce
            && fault.Reason is RealtimeErrorReason.TokenExpired or RealtimeErrorReason.TokenRejected
            && channel.Session.Current is { } current && current.Value != channel.Token?.Value;
        Recover(channel, channel.IsSpared ? fault with { Reaction = Reaction.Retry } : fault, serverEnded: true);
    }

    /// <summary>The server accepted a channel's join: what it refused others for may have passed.</summary>
    /// <remarks>
    /// One of them tries it; if it is accepted, too, the next does. A server that is well again so has all of them back one after another, and one
    /// that accepts a single channel is not stormed with the others.
    /// </remarks>
    public void OnAccepted(Channel channel)
    {
        channel.IsRefused = false;
        channel.IsSpared = false;
        _passing.Lift();
        if (registry.All.Where(IsUnserved).MinBy(static c => c.Recovery.NextRetry) is { } next)
        {
            next.Recovery.Hasten(() => TakeTurn(next));
            registry.Statuses.Tell(next);
        }
    }

    /// <summary>One fault of several channels that are not joined.</summary>
    /// <param name="channels">The channels.</param>
    /// <param name="faultOf">The fault, as it is each one's.</param>
    /// <param name="wait">A wait that they share; <see langword="null"/> for one of each's own.</param>
    public void Recover(IReadOnlyList<Channel> channels, Func<Channel, ServerFault> faultOf, TimeSpan? wait)
    {
        foreach (var channel in channels)
        {
            Postpone(channel, faultOf(channel), serverEnded: true, wait);
        }

        registry.Joins.Pump();
    }

    /// <summary>Leaves and joins again without a fault: another user, or more bindings.</summary>
    public void Rejoin(Channel channel)
    {
        registry.Detach(channel, serverEnded: false);
        channel.Recovery.EndWait();
        JoinSoon(channel);
    }

    /// <summary>Ends the wait of a channel that backs off.</summary>
    public void RetryNow(Channel channel)
    {
        if (channel.State == ChannelState.Waiting)
        {
            channel.Recovery.EndWait();
            JoinSoon(channel);
        }
    }

    /// <summary>The network may be back: ends every channel's wait, as far as <see cref="Recovery.Hasten"/> may.</summary>
    public void RetryNow() => registry.All.ToList().ForEach(c =>
    {
        c.Recovery.Hasten(() => JoinSoon(c));
        registry.Statuses.Tell(c);
    });

    /// <summary>A channel was removed: one that the server refused for their number may have its place (docs/protocol.md, "Join errors").</summary>
    public void RetryForPlace()
    {
        if (registry.All.FirstOrDefault(static c => c is { State: ChannelState.Waiting, Recovery: { IsFaulted: true, Error.Reason: RealtimeErrorReason.RateLimited } }) is { } refused)
        {
            RetryNow(refused);
        }
    }

    /// <summary>The channel's own wait is over: it joins, unless its last join was refused and others' tries are too close.</summary>
    private void TakeTurn(Channel channel)
    {
        if (!channel.IsRefused || TryTakeTurn(channel, out var left))
        {
            JoinSoon(channel);
        }
        else
        {
            channel.Recovery.Rewait(left, () => TakeTurn(channel));
            registry.Statuses.Tell(channel);
        }
    }

    private bool TryTakeTurn(Channel channel, out TimeSpan left)
    {
        if (channel.Recovery.IsFaulted)
        {
            return _lasting.TryTakeTurn(out left);
        }

        if (!registry.All.Any(c => c != channel && c is { IsRefused: true, Recovery.IsFaulted: false }))
        {
            _passing.Lift(); // nobody to share the socket's time with: its own waits are enough
        }

        return _passing.TryTakeTurn(out left);
    }

    /// <summary>Whether a channel waits because the server could not serve it. What was asked of us (another token, fewer joins) is no matter of others' success.</summary>
    private static bool IsUnserved(Channel channel) =>
        channel is { IsRefused: true, State: ChannelState.Waiting, Recovery: { IsWaiting: true, IsFaulted: false, Error.Reason: RealtimeErrorReason.ServerUnavailable } };

    private void Postpone(Channel channel, ServerFault fault, bool serverEnded, TimeSpan? wait = null, bool isLogged = false)
    {
        if (channel.State == ChannelState.Ended)
        {
            return;
        }

        channel.Join?.Fail(fault.Reason);
        registry.Detach(channel, serverEnded);

        // A provider that fails again and again is one fault, however often it was asked.
        isLogged |= fault.Reason == RealtimeErrorReason.TokenProviderFailed && channel.Recovery.Error?.Message == fault.Message;
        if (!isLogged)
        {
            ChannelsLog.Recovering(logger, channel.Group, ChannelsLog.Tables(channel.Subscriptions), fault.LogText);
        }

        if (wait is { } shared)
        {
            channel.Recovery.Schedule(fault, shared, () => TakeTurn(channel));
        }
        else
        {
            channel.Recovery.Schedule(fault, () => TakeTurn(channel));
        }

        registry.Statuses.Tell(channel);
    }

    private void JoinSoon(Channel channel)
    {
        registry.Statuses.Tell(channel);
        registry.Joins.Pump();
    }
}
