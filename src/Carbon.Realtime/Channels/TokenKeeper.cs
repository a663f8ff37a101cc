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
    /// <summary>So many refusals in a row of a token that the provider gives again and again are left to pass by themselves.</summary>
    private const int RefusedAgainAtMost = 4;

    private readonly Dictionary<TokenSession, SessionUse> _sessions = [];

    /// <summary>One more subscription of this session.</summary>
    public void Use(TokenSession session)
    {
        if (!_sessions.TryGetValue(session, out var use))
        {
            _sessions.Add(session, use = new SessionUse(
                new TokenRefresh(session, connection.Deadlines, environment, options)));
            session.Answered = answer => OnAnswered(session, answer);
            use.Refresh.Schedule();
        }

        use.Count++;
    }

    /// <summary>One fewer; a session that nobody uses is not refreshed.</summary>
    public void Release(TokenSession session)
    {
        if (_sessions.TryGetValue(session, out var use) && --use.Count == 0)
        {
            use.Refresh.Cancel();
            _sessions.Remove(session);
        }
    }

    /// <summary>Asks the provider; the answer comes by itself.</summary>
    public static void Ask(TokenSession session, AccessTokenReason reason) => _ = session.AskAsync(reason);

    /// <summary>Asks for the token of a join: a fresh one, while the last is known to be refused.</summary>
    public void AskToJoin(TokenSession session) =>
        Ask(session, _sessions.GetValueOrDefault(session)?.Refused is null ? AccessTokenReason.Join : AccessTokenReason.Rejected);

    /// <summary>The server refused the channel's token: asks for a fresh one, unless one has just come.</summary>
    public void AskAfterRefusal(Channel channel)
    {
        var session = channel.Session;
        if (!_sessions.TryGetValue(session, out var use))
        {
            return;
        }

        // At an expiry a user's channels end one after another, and the first one's refusal brings a token for all. It may even have been pushed on
        // a channel that was ending already: what was pushed need not be what was refused.
        var hasOther = session.Current?.Value != channel.Token?.Value
            || (use.LastReason == AccessTokenReason.Rejected && session.Current?.Value != channel.JoinedWith?.Value);
        if (hasOther && session.IsFresh(options.TokenFreshness))
        {
            if (use.LastReason == AccessTokenReason.Rejected)
            {
                channel.Recovery.NoteFreshToken(); // as if it had asked by itself: else others' questions would spare it the slow wait for ever
            }

            return;
        }

        use.Refused = new Refusal(channel.Token, channel.Recovery.Error!);
        session.Expire();
        Ask(session, AccessTokenReason.Rejected);
    }

    /// <summary>Asks for every session, before a dial. Takes the gate by itself.</summary>
    /// <remarks>
    /// Does not wait for the answers: the dial needs none, each join waits for its own session's, and so one user's slow provider does not keep
    /// the channels of the others from coming back.
    /// </remarks>
    public async Task AskAllAsync()
    {
        lock (connection.Gate)
        {
            foreach (var session in _sessions.Keys)
            {
                Ask(session, AccessTokenReason.Connect);
            }
        }

        await Task.Yield(); // the questions go first
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
            registry.Rejoins.Rejoin(channel);
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
        foreach (var use in _sessions.Values)
        {
            use.Refresh.Schedule();
        }
    }

    public void Close()
    {
        foreach (var (session, use) in _sessions)
        {
            use.Refresh.Cancel();
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
            var refused = use.Refused;
            use.LastReason = answer.Reason;
            use.Refresh.OnAnswered(answer);
            if (answer.Error is { } error)
            {
                OnFailed(answer, channels, new ServerFault(error.Reason, Reaction.Retry, error.Message));
                return;
            }

            use.Refused = null;
            if (refused is not null)
            {
                channels.FindAll(static c => c.State == ChannelState.Waiting).ForEach(static c => c.Recovery.NoteFreshToken());
            }

            if (refused is not null && refused.Token?.Value == answer.Token?.Value)
            {
                channels.ForEach(Reconcile);
                session.Expire(); // a fresh one is still wanted
                OnRefusedAgain(channels, refused.ToFault());
                return;
            }

            // Before anything joins, which tells where it stands.
            var cured = channels.FindAll(c => IsBackingOff(c) && IsCure(answer, c));
            channels.FindAll(c => IsExcused(answer, c)).ForEach(Excuse);
            channels.ForEach(Reconcile);
            cured.ForEach(registry.Rejoins.RetryNow);
            registry.Joins.Pump();
        }
    }

    /// <summary>What was wrong with the last token is not told of this one, wherever the channel is on its way to the next join.</summary>
    private void Excuse(Channel channel)
    {
        channel.Recovery.Excuse();
        registry.Statuses.Tell(channel);
    }

    /// <summary>Asked for a fresh token, the provider returned the one that the server had refused.</summary>
    /// <remarks>
    /// To join with it at once would be refused again, and would make the whole socket deaf for five seconds (docs/protocol.md, "Joins block the
    /// socket"). After the back-off the server is asked all the same: it, too, may have had the wrong time or key.
    /// </remarks>
    private void OnRefusedAgain(List<Channel> channels, ServerFault fault)
    {
        // Now and again a provider's cache is late; one that goes on like this needs somebody to sign in.
        ServerFault FaultOf(Channel channel) => channel.Recovery.Attempt > RefusedAgainAtMost ? fault with { Reaction = Reaction.RetrySlowly } : fault;
        foreach (var channel in channels)
        {
            if (channel is { State: ChannelState.Waiting, WantsToJoin: false, Recovery: { IsFaulted: false, Error.Reason: RealtimeErrorReason.TokenExpired } })
            {
                channel.Recovery.Note(FaultOf(channel));
                registry.Statuses.Tell(channel);
            }
        }

        registry.Rejoins.Recover([.. channels.Where(c => connection.State == ConnectionState.Open && c.WantsToJoin)], FaultOf, wait: null);
    }

    /// <summary>The provider failed: joined channels keep the token they have, and those that lack one wait together, so that one question serves them all.</summary>
    private void OnFailed(TokenAnswer answer, List<Channel> channels, ServerFault fault)
    {
        // A failure that is told again is what the others wait for already.
        if (connection.State == ConnectionState.Open
            && channels.FindAll(c => c.WantsToJoin || (!answer.IsRepeated && c.State == ChannelState.Waiting && LacksToken(c))) is { Count: > 0 } waiting)
        {
            registry.Rejoins.Recover(waiting, _ => fault, answer.RetryIn);
        }
    }

    private static bool LacksToken(Channel channel) => channel.Recovery.Error?.Reason == RealtimeErrorReason.TokenProviderFailed;

    /// <summary>Whether the channel waits for a time, and not for its turn or a token.</summary>
    private static bool IsBackingOff(Channel channel) => channel is { State: ChannelState.Waiting, WantsToJoin: false };

    /// <summary>Whether what a channel that is not live tells is of another token, or of none; but the answer to its own refusal has yet to prove its worth.</summary>
    private static bool IsExcused(TokenAnswer answer, Channel channel) => channel.State != ChannelState.Live
        && channel.Recovery.Error?.Reason is RealtimeErrorReason.TokenExpired or RealtimeErrorReason.TokenRejected or RealtimeErrorReason.TokenProviderFailed
        && IsCure(answer, channel);

    /// <summary>Whether a token may be what a waiting channel lacks.</summary>
    /// <remarks>
    /// Not the answer to the refusal itself, unless the program told of it or somebody else signed in meanwhile: a provider that makes a new bad token
    /// each time would drive joins without a pause.
    /// </remarks>
    private static bool IsCure(TokenAnswer answer, Channel channel) => channel.Recovery.Error?.Reason switch
    {
        RealtimeErrorReason.TokenProviderFailed => true,
        RealtimeErrorReason.RateLimited or RealtimeErrorReason.ServerUnavailable => false,
        _ => channel.Token?.Value != answer.Token?.Value
            && (answer.Reason != AccessTokenReason.Rejected || answer.IsOfChange || !IsSameUser(channel.Token, answer.Token)),
    };

    private static bool IsSameUser(AccessToken? one, AccessToken? other) =>
        one is null || other is null ? one == other : one.Identity.IsSameUser(other.Identity);

    private sealed class SessionUse(TokenRefresh refresh)
    {
        public int Count { get; set; }

        public TokenRefresh Refresh => refresh;

        /// <summary>Why the last answer was asked for.</summary>
        public AccessTokenReason? LastReason { get; set; }

        /// <summary>What the running question is to replace, if the server refused it.</summary>
        public Refusal? Refused { get; set; }
    }

    /// <summary>A token that the server refused; none stands for the API key's role.</summary>
    private sealed record Refusal(AccessToken? Token, RealtimeException Error)
    {
        /// <summary>What it means that there is no other.</summary>
        public ServerFault ToFault() => (Token, Error.Reason) switch
        {
            (null, _) => new ServerFault(RealtimeErrorReason.InvalidApiKey, Reaction.RetrySlowly,
                $"{FaultWords.RefusedKey}. Nobody is signed in, so that the key stands in a token's place: change it, or sign somebody in. {Error.Message}", Error.ServerCode),
            (_, RealtimeErrorReason.TokenExpired) => new ServerFault(Error.Reason, Reaction.Retry, Advice + Error.Message, Error.ServerCode),
            _ => new ServerFault(Error.Reason, Reaction.RetrySlowly, Advice + Error.Message, Error.ServerCode),
        };

        private const string Advice =
            "Asked for a fresh access token, the provider returned the refused one again; it must not answer from a cache when MustBeFresh is set, or the user has to sign in again. ";
    }
}
