namespace Carbon.Realtime.Primitives;

/// <summary>Exponential back-off with full jitter: each wait is drawn evenly from between the shortest and a ceiling that doubles.</summary>
/// <param name="shortest">The shortest wait.</param>
/// <param name="longest">Where the ceiling stops to double.</param>
/// <param name="spread">The least ceiling where many clients were told the same in the same moment: theirs must not begin at a second.</param>
/// <param name="randomizer">What the waits are drawn with.</param>
internal sealed class Backoff(TimeSpan shortest, TimeSpan longest, TimeSpan spread, IRandomizer randomizer)
{
    private int _failures;

    /// <summary>No wait is shorter.</summary>
    public TimeSpan Shortest => shortest;

    /// <summary>Counts a failure and says how long to wait.</summary>
    /// <param name="spreadOut">Whether everybody else waits too, so that the first waits have to be drawn from a wider window.</param>
    public TimeSpan Next(bool spreadOut)
    {
        _failures++;
        var ceiling = Math.Min(longest.TotalMilliseconds, shortest.TotalMilliseconds * Math.Pow(2, Math.Min(_failures, 30)));
        ceiling = spreadOut ? Math.Max(ceiling, spread.TotalMilliseconds) : ceiling;
        return Between(shortest, TimeSpan.FromMilliseconds(Math.Max(ceiling, shortest.TotalMilliseconds)), randomizer);
    }

    public void Reset() => _failures = 0;

    /// <summary>A wait drawn evenly from between two.</summary>
    public static TimeSpan Between(TimeSpan from, TimeSpan to, IRandomizer randomizer) =>
        from + ((to - from) * randomizer.NextDouble());
}
