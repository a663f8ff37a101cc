namespace Carbon.Realtime.Connection;

/// <summary>Notices from looks at both clocks that the process or the machine stood still, or that somebody set the wall clock. Pure.</summary>
/// <remarks>
/// Platforms differ in what sleep looks like. Where the monotonic clock counts it (Windows), and where only the process stood still (a
/// stop signal, a debugger), the look itself comes late. Where that clock stands still with the machine (Linux, macOS), the look is in time and
/// the wall clock has run ahead. A wall clock that somebody sets forward by as much cannot be told from that, and is taken for it.
/// </remarks>
/// <param name="interval">The time between two looks.</param>
internal sealed class PauseDetector(TimeSpan interval)
{
    /// <summary>Standing still for less is no pause.</summary>
    /// <remarks>
    /// A busy machine is late by seconds (garbage collection, a starved thread pool, a slow disk) and loses nothing by it: what comes meanwhile waits
    /// in buffers. From here on the beat after the usual 25 s comes so late, after 35 s and more, that the server's limit of 60 s without a client
    /// frame is in reach.
    /// </remarks>
    public static readonly TimeSpan PauseFrom = TimeSpan.FromSeconds(10);

    /// <summary>Differences below this, of clocks or of punctuality, are nothing to act on: tokens are refreshed a minute ahead.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);

    private TimeSpan _looked;
    private DateTimeOffset _agreed;

    /// <summary>Takes both clocks as they are.</summary>
    public void Start(TimeSpan monotonic, DateTimeOffset wall)
    {
        _looked = monotonic;
        _agreed = wall - monotonic;
    }

    /// <summary>What happened since the last look.</summary>
    public ClockLook Look(TimeSpan monotonic, DateTimeOffset wall)
    {
        var late = monotonic - _looked - interval;
        _looked = monotonic;

        // Small differences add up (a clock that is slewed) until they are worth telling; then the clocks count as agreed again.
        var step = wall - monotonic - _agreed;
        if (step.Duration() < Tolerance)
        {
            return new ClockLook(late, TimeSpan.Zero);
        }

        _agreed = wall - monotonic;
        return new ClockLook(late, step);
    }
}

/// <summary>What a look at both clocks showed.</summary>
/// <param name="Late">How much later than due it came; negative if it came early.</param>
/// <param name="Step">How much more than elapsed time the wall clock moved on; negative when it was set back; zero when that is not worth telling.</param>
internal readonly record struct ClockLook(TimeSpan Late, TimeSpan Step)
{
    /// <summary>Whether the process or the machine stood still: nobody can vouch for what went between.</summary>
    public bool IsPause => Stillness >= PauseDetector.PauseFrom;

    /// <summary>For how long, at least.</summary>
    public TimeSpan Stillness => Late > Step ? Late : Step;

    /// <summary>Whether times of day that were computed before are wrong now.</summary>
    public bool IsClockChange => Step != TimeSpan.Zero;

    /// <summary>Whether the process was held up, if only for a moment: what arrived meanwhile may be unread.</summary>
    public bool IsLate => Late >= PauseDetector.Tolerance;
}
