namespace Carbon.Realtime.Testing;

/// <summary>How long the emulated server takes for what the real one takes time for.</summary>
/// <remarks>
/// The default of every property is no time at all: what is due happens as soon as the environment's scheduler runs. All times are spent on the
/// environment's <see cref="TimeProvider"/>, so under a <see cref="ManualEnvironment"/> even <see cref="Realistic"/> costs no real time.
/// </remarks>
public sealed class EmulatorTiming
{
    /// <summary>Everything happens as soon as the scheduler runs, and an idle socket stays open.</summary>
    public static EmulatorTiming Instant { get; } = new();

    /// <summary>What was measured on server 2.129.8
    /// (docs/protocol.md, "Refused upgrades", "Joins block the socket", "From join to changes", "Thirty facts" and "Silent loss").</summary>
    public static EmulatorTiming Realistic { get; } = new()
    {
        PollDelay = EmulatorDelay.Milliseconds(100, 500),
        SubscribeDelay = EmulatorDelay.Milliseconds(1, 4),
        ColdStartDelay = EmulatorDelay.Milliseconds(1100, 2400),
        ResubscribeDelay = EmulatorDelay.Milliseconds(1000, 3000),
        SubscribeRetryDelay = EmulatorDelay.Milliseconds(5000, 10_000),
        PublicationCheckInterval = TimeSpan.FromSeconds(60),
        JoinErrorDelay = TimeSpan.FromSeconds(5),
        ConnectErrorDelay = TimeSpan.FromSeconds(2),
        IdleTimeout = TimeSpan.FromSeconds(60),
    };

    /// <summary>From a commit to the poll that reads it.</summary>
    /// <value>Default none; realistic 100 to 500 ms.</value>
    public EmulatorDelay PollDelay { get; init; }

    /// <summary>From a join's reply to its subscription and the "Subscribed" message, on a warm server.</summary>
    /// <value>Default none; realistic 1 to 4 ms.</value>
    public EmulatorDelay SubscribeDelay { get; init; }

    /// <summary>Takes the place of <see cref="SubscribeDelay"/> for the first subscription of a cold server.</summary>
    /// <value>Default none; realistic 1.1 to 2.4 s.</value>
    /// <remarks>Rows committed and polled in that time are not delivered to the new channel.</remarks>
    public EmulatorDelay ColdStartDelay { get; init; }

    /// <summary>From an accepted token push to the repeated "Subscribed" message. Until then the old claims apply.</summary>
    /// <value>Default none; realistic 1 to 3 s.</value>
    public EmulatorDelay ResubscribeDelay { get; init; }

    /// <summary>From a <c>system</c> error of <c>postgres_changes</c> that is not final to the server's next try.</summary>
    /// <value>Default none; realistic 5 to 10 s.</value>
    public EmulatorDelay SubscribeRetryDelay { get; init; }

    /// <summary>
    /// How often the server looks whether other tables are published than before. Where they are, it deletes all subscriptions and makes them anew after
    /// <see cref="ResubscribeDelay"/>: "Subscribed" is repeated, and who asked for a table that is not published any more is refused.
    /// </summary>
    /// <value>Default <see langword="null"/>, never; realistic 60 s. More than zero.</value>
    public TimeSpan? PublicationCheckInterval { get; init; }

    /// <summary>How long a failing join takes, and blocks its whole socket.</summary>
    /// <value>Default none; realistic 5 s.</value>
    public TimeSpan JoinErrorDelay { get; init; }

    /// <summary>How long a refused connect takes.</summary>
    /// <value>Default none; realistic 2 s.</value>
    public TimeSpan ConnectErrorDelay { get; init; }

    /// <summary>From a read's arrival to the instant of the database that it reads.</summary>
    /// <value>Default none; realistic none, for it was not measured.</value>
    public EmulatorDelay ReadDelay { get; init; }

    /// <summary>From that instant to the arrival of the answer: changes committed meanwhile are delivered first, and are not in the answer.</summary>
    /// <value>Default none; realistic none, for it was not measured.</value>
    public EmulatorDelay AnswerDelay { get; init; }

    /// <summary>After how long without a frame from the client the server closes the socket with 1000.</summary>
    /// <value>Default <see langword="null"/>, never; realistic 60 s.</value>
    public TimeSpan? IdleTimeout { get; init; }

    internal void Validate() =>
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(PublicationCheckInterval ?? TimeSpan.MaxValue, TimeSpan.Zero, nameof(PublicationCheckInterval));
}
