using Carbon.Realtime.Authentication;
using Carbon.Realtime.Connection;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Channels;

/// <summary>Keeps every channel's token current: refreshes ahead of expiry, pushes what changed, rejoins when the user did. Under the gate.</summary>
/// <remarks>
/// A push is never answered; success shows as a repeated "Subscribed" later. Null is ignored by the server, so signing out means leaving.
/// </remarks>
internal sealed class TokenKeeper(
    ChannelRegistry registry, RealtimeConnection connection, RealtimeEnvironment environment, ChannelOptions options, ILogger logger)
{
    /// <summary>A token with less than this left is not refreshed ahead: the server will end its channel, and that asks for a fresh one.</summary>
    private static readonly TimeSpan TooLate = TimeSpan.FromSeconds(2);

    private readonly Dictionary<TokenSession, SessionUse> _sessions = [];

    /// <summary>One more subscription of this session.</summary>
    public void Use(TokenSession session)
    {
        if (!_sessions.TryGetValue(session, out var use))
        {
            _sessions.Add(session, use = new SessionUse());
            session.Answered = answer => OnAnswered(session, answer);
            ScheduleRefresh(session, use);
        }

        use.Count++;
    }

    /// <summary>One fewer; a session that nobody uses is not refreshed.</summary>
    public void Release(TokenSession session)
    {
        if (_sessions.TryGetValue(session, out var use) && --use.Count == 0)
        {
            use.Refresh?.Cancel();
            _sessions.Remove(session);
        }
    }

    /// <summary>Asks the provider; the answer comes by itself.</summary>
    public static void Ask(TokenSession session, AccessTokenReason reason)
    {
        if (reason == AccessTokenReason.Rejected)
        {
            session.Expire();
        }

        _ = session.AskAsync(reason);
    }

    /// <summary>Asks for every session, before a dial. Takes the gate by itself.</summary>
    public async Task AskAllAsync()
    {
        List<Task<TokenAnswer>> answers;
        lock (connection.Gate)
        {
            answers = [.. _sessions.Keys.Select(static s => s.AskAsync(AccessTokenReason.Connect))];
        }

        // One after another instead of WhenAll, which would finish on the thread pool instead of where this loop runs.
        foreach (var answer in answers)
        {
            await answer;
        }
    }

    /// <summary>Brings a joined channel in line with its session's token.</summary>
    public void Reconcile(Channel channel)
    {
        var token = channel.Session.Current;
        if (channel.State is not (ChannelState.Joined or ChannelState.Live) || token?.Value == channel.Token?.Value)
        {
            return;
        }

        if (token is null || channel.Token is null || !token.Identity.IsSameUser(channel.Token.Identity))
        {
            ChannelsLog.UserChanged(logger, channel.Topic);
            registry.Rejoin(channel);
            return;
        }

        if (channel.State != ChannelState.Live)
        {
            return; // at its first ok: pushed before it, the push's own ok could not be told from the server's subscribing again
        }

        channel.Token = token;
        channel.TokenPushed = true;
        connection.Send(registry.Writer.AccessToken(channel.JoinRef, connection.NextReference(), channel.Topic, token.Value));
        ChannelsLog.TokenPushed(logger, channel.Topic);
    }

    /// <summary>The wall clock is another: every refresh is scheduled anew.</summary>
    public void OnClockChanged()
    {
        foreach (var (session, use) in _sessions)
        {
            ScheduleRefresh(session, use);
        }
    }

    public void Close()
    {
        foreach (var (session, use) in _sessions)
        {
            use.Refresh?.Cancel();
            session.Answered = null; // closed by the manager, outside the gate
        }

        _sessions.Clear();
    }

    private void OnAnswered(TokenSession session, TokenAnswer answer)
    {
        lock (connection.Gate)
        {
            if (!_sessions.TryGetValue(session, out var use))
            {
                return;
            }

            var channels = registry.All.Where(c => c.Session == session).ToList();
            ScheduleRefresh(session, use);
            if (answer.Error is { } error)
            {
                // Joined channels keep the token they have; those that wait for one back off.
                var fault = new ServerFault(error.Reason, Reaction.Retry, error.Message);
                registry.Recover([.. channels.Where(c => connection.State == ConnectionState.Open && c.WantsToJoin)], fault);
                return;
            }

            foreach (var channel in channels)
            {
                Reconcile(channel);
                if (channel is { State: ChannelState.Waiting, WantsToJoin: false } && IsCure(answer, channel))
                {
                    registry.RetryNow(channel);
                }
            }

            registry.Joins.Pump();
        }
    }

    /// <summary>Whether a token may be what a waiting channel lacks.</summary>
    /// <remarks>
    /// Not the answer to the refusal itself: a provider that makes a new bad token each time would drive joins without a pause.
    /// </remarks>
    private static bool IsCure(TokenAnswer answer, Channel channel) => channel.Recovery.Error?.Reason switch
    {
        RealtimeErrorReason.TokenProviderFailed => true,
        RealtimeErrorReason.RateLimited or RealtimeErrorReason.ServerUnavailable => false,
        _ => answer.Reason != AccessTokenReason.Rejected && channel.Token?.Value != answer.Token?.Value,
    };

    private void ScheduleRefresh(TokenSession session, SessionUse use)
    {
        use.Refresh?.Cancel();
        use.Refresh = null;
        if (session.Current?.Identity.ExpiresAt is not { } expiry)
        {
            return;
        }

        // An answer that is no newer, or none at all, leaves half as much time each round: more urgent, and never a busy loop.
        var left = expiry - environment.TimeProvider.GetUtcNow();
        if (left > TooLate)
        {
            var wait = left > options.TokenMargin * 2 ? left - options.TokenMargin : left / 2;
            use.Refresh = connection.Deadlines.Schedule(wait, () => Ask(session, AccessTokenReason.Expiring));
        }
    }

    private sealed class SessionUse
    {
        public int Count { get; set; }

        public Deadlines.Deadline? Refresh { get; set; }
    }
}
