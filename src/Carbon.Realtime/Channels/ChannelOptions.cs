namespace Carbon.Realtime.Channels;

/// <summary>The limits and timings of channels; their defaults and reasons are documented on <see cref="RealtimeOptions"/>.</summary>
internal sealed record ChannelOptions
{
    /// <summary>Subscriptions made within this time join together.</summary>
    public required TimeSpan GroupWindow { get; init; }

    /// <summary>How long a join may stay unanswered, counted from when the server could have begun with it.</summary>
    public required TimeSpan JoinTimeout { get; init; }

    /// <summary>Past this a later subscription joins an existing channel anew instead of getting one of its own.</summary>
    public required int MaxChannels { get; init; }

    public required TimeSpan ReconnectMin { get; init; }

    public required TimeSpan ReconnectMax { get; init; }

    public required TimeSpan ReturnSpread { get; init; }

    public required bool IsPrivate { get; init; }

    /// <summary>How every topic begins.</summary>
    public required string TopicPrefix { get; init; }

    /// <summary>Joins that wait for their reply at a time: a failing one blocks the socket for five seconds.</summary>
    public int MaxJoinsInFlight { get; init; } = 4;

    /// <summary>
    /// What the bindings of one channel may take of a join, in bytes; the server accepts frames of 5 000 000, and its reply repeats the bindings.
    /// </summary>
    public int MaxJoinBytes { get; init; } = 4_000_000;

    /// <summary>After this without a <c>system</c> ok the wait is logged; it goes on.</summary>
    public TimeSpan ReadyTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>After this without a <c>system</c> ok the channel is joined anew: the server may have given up without a word (docs/protocol.md, "Silent loss").</summary>
    public TimeSpan ReadyPatience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Joins that the server refuses until somebody changes something are tried this far apart, all together: each makes it deaf for five seconds.</summary>
    public TimeSpan RefusedJoinSpacing { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Joins that the server refuses for what passes by itself are tried this far apart, all together, while more than one channel is refused: five
    /// seconds of these the server is deaf.
    /// </summary>
    public TimeSpan PassingRefusalSpacing { get; init; } = TimeSpan.FromSeconds(12);

    /// <summary>A channel that was live for this long was a good one: its back-off starts over.</summary>
    public TimeSpan StableAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>An answer of the token provider this young is used for a join without asking again.</summary>
    public TimeSpan TokenFreshness { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A token is refreshed at a moment drawn from between this and one and a half times this before its expiry; at half of what it has left, if that is less than twice this.</summary>
    public TimeSpan TokenMargin { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>After a refresh that failed, the wait for the next is drawn from between this and its double, later its fourfold; at most half of what the token has left.</summary>
    public TimeSpan TokenRetry { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The first wait after a fault that only somebody's change can cure is drawn from between this and its double; later ones grow.</summary>
    public TimeSpan SlowRetry { get; init; } = TimeSpan.FromSeconds(30);
}
