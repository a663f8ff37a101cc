namespace Carbon.Realtime.Testing;

/// <summary>How much the emulated server allows a project (docs/protocol.md, "Limits").</summary>
/// <remarks>
/// The default of every limit but one is none. What happens to whoever exceeds one is the server's way: a refusal that can be seen, or silence. Rates are
/// counted on the environment's clock.
/// </remarks>
public sealed class EmulatorLimits
{
    /// <summary>Everything is allowed, but for clients that do not read (<see cref="UnsentBytesPerSocket"/>).</summary>
    public static EmulatorLimits None { get; } = new();

    /// <summary>The server's own defaults, which are those of Supabase's free plan.</summary>
    public static EmulatorLimits Supabase { get; } = new()
    {
        ConcurrentUsers = 200,
        ChannelsPerSocket = 100,
        JoinsPerSecond = 100,
        MessagesPerSecond = 100,
        ChangesPerSecond = 100,
        MaxRecordBytes = 1024 * 1024,
    };

    /// <summary>
    /// How many sockets may have joined a channel. A socket beyond it is refused with 429 <c>Too many connected users</c>; one that is open already has
    /// its first join refused with <c>ConnectionRateLimitReached</c>.
    /// </summary>
    /// <value>Default <see langword="null"/>, any number; Supabase's is 200. At least 1.</value>
    public int? ConcurrentUsers { get; init; }

    /// <summary>How many channels a socket may have. A join beyond it is refused with <c>ChannelRateLimitReached</c>.</summary>
    /// <value>Default <see langword="null"/>, any number; Supabase's is 100. At least 1.</value>
    public int? ChannelsPerSocket { get; init; }

    /// <summary>
    /// How many joins and connects a second, on average over the last minute and looked at every five seconds. Beyond it a join is refused with
    /// <c>ClientJoinRateLimitReached</c> and its socket closed with 1001, and connects are refused with 429.
    /// </summary>
    /// <value>Default <see langword="null"/>, any number; Supabase's is 100. At least 1.</value>
    public int? JoinsPerSecond { get; init; }

    /// <summary>
    /// How many broadcasts a second, counted for each receiver, on an average of up to a minute that is worked out every five seconds. A channel that would receive one beyond it is
    /// closed: <c>Too many messages per second</c>.
    /// </summary>
    /// <value>Default <see langword="null"/>, any number; Supabase's is 100. At least 1.</value>
    public int? MessagesPerSecond { get; init; }

    /// <summary>
    /// How many changes a second, counted for each subscription, on an average of up to a minute that is worked out every five seconds. While it is exceeded,
    /// whole polls are lost in silence.
    /// </summary>
    /// <value>
    /// Default <see langword="null"/>, any number; Supabase's is 100. At least 1. Where <see cref="EmulatorFaults.ChangesPerSecond"/> begins, and what
    /// <see cref="EmulatorFaults.HealAll"/> returns to.
    /// </value>
    public int? ChangesPerSecond { get; init; }

    /// <summary>
    /// How much the server keeps for a socket whose client does not read it. The connection of a slower client breaks (1006), for the real server's process ends.
    /// Counted behind a host; in memory a client's frames wait without a limit.
    /// </summary>
    /// <value>Default 50 MB, as Supabase's is, also of <see cref="None"/>; <see langword="null"/> for any size. At least 1.</value>
    public int? UnsentBytesPerSocket { get; init; } = 50_000_000;

    /// <summary>
    /// How large a row's change may be, old and new values together. A larger one comes with <c>Error 413: Payload Too Large</c>, and without the values
    /// whose JSON is over 64 bytes.
    /// </summary>
    /// <value>Default <see langword="null"/>, any size; Supabase's is 1 MiB. At least 1.</value>
    public int? MaxRecordBytes { get; init; }

    internal void Validate()
    {
        AtLeastOne(ConcurrentUsers, nameof(ConcurrentUsers));
        AtLeastOne(ChannelsPerSocket, nameof(ChannelsPerSocket));
        AtLeastOne(JoinsPerSecond, nameof(JoinsPerSecond));
        AtLeastOne(MessagesPerSecond, nameof(MessagesPerSecond));
        AtLeastOne(ChangesPerSecond, nameof(ChangesPerSecond));
        AtLeastOne(MaxRecordBytes, nameof(MaxRecordBytes));
        AtLeastOne(UnsentBytesPerSocket, nameof(UnsentBytesPerSocket));
    }

    private static void AtLeastOne(int? limit, string name) => ArgumentOutOfRangeException.ThrowIfLessThan(limit ?? 1, 1, name);
}
