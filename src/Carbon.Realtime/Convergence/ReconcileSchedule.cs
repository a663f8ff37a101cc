namespace Carbon.Realtime.Convergence;

/// <summary>When everything is read again although all seems well. Pure state: time is told.</summary>
/// <remarks>
/// Soon after each ok, for the server can say it before it captures changes (docs/convergence.md, "Schedule"). Then again and again, for it can lose changes
/// without a word (docs/protocol.md, "Silent loss"): twice as often after a read that found something, more rarely after each that did not.
/// </remarks>
internal sealed class ReconcileSchedule(IRandomizer randomizer, TimeSpan? fixedPeriod)
{
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(30);

    private static readonly TimeSpan[] Settling = [TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(60)];

    private readonly Queue<TimeSpan> _settle = [];
    private TimeSpan? _period;
    private TimeSpan _last;

    /// <summary>How long after a pass the next one comes.</summary>
    public TimeSpan Period => _period ?? Shortest;

    /// <summary>Whether the stream has proven unreliable: then as often as may be.</summary>
    public bool IsLossy { get; set; }

    /// <summary>When the next pass is due.</summary>
    public TimeSpan NextDue
    {
        get
        {
            var periodic = _last + (IsLossy ? Shortest : Period);
            return _settle.TryPeek(out var settle) && settle < periodic ? settle : periodic;
        }
    }

    /// <summary>The server said ok.</summary>
    public void OnEpoch(TimeSpan now)
    {
        _settle.Clear();
        foreach (var wait in Settling)
        {
            // Jitter, so that all that came back together does not read together.
            _settle.Enqueue(now + wait + (randomizer.NextDouble() * Settling[0]));
        }
    }

    /// <summary>Changes do not flow any more: a period that grew because nothing was ever lost says nothing of reads without a stream.</summary>
    public void OnEpochEnded() => _period = null;

    /// <summary>Everything was read.</summary>
    /// <param name="started">When that began.</param>
    /// <param name="now">When it ended.</param>
    /// <param name="rows">How many rows there are.</param>
    /// <param name="isPolling">Whether there is no stream: then a pass that found nothing proves nothing, and the period does not grow.</param>
    public void OnPass(TimeSpan started, TimeSpan now, int rows, bool isPolling = false)
    {
        var isSettling = _settle.Count > 0;
        while (_settle.TryPeek(out var settle) && settle <= started)
        {
            _settle.Dequeue();
        }

        _period = fixedPeriod ?? (_period is not { } period ? Base(rows) : isSettling || isPolling ? period : Cap(period * 1.5));
        _last = now + ((randomizer.NextDouble() - 0.5) * 0.2 * Period);
    }

    /// <summary>A change had been lost.</summary>
    public void OnLoss() => _period = fixedPeriod ?? Cap(Period / 2);

    private static TimeSpan Cap(TimeSpan period) => period < Shortest ? Shortest : period > Longest ? Longest : period;

    private static TimeSpan Base(int rows) => TimeSpan.FromMinutes(rows switch
    {
        <= 1_000 => 2,
        <= 10_000 => 5,
        <= 100_000 => 15,
        _ => 30,
    });
}
