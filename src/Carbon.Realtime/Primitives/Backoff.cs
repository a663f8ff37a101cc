namespace Carbon.Realtime.Primitives;

/// <summary>Exponential back-off with full jitter: each wait is drawn evenly from between the shortest and a ceiling that doubles.</summary>
/// <remarks>Full jitter spreads clients that were dropped together (close 1012 drops everybody at once).</remarks>
internal sealed class Backoff(TimeSpan shortest, TimeSpan longest, IRandomizer randomizer)
{
    /// <summary>Failures since the last success.</summary>
    public int Attempt { get; private set; }

    /// <summary>Counts a failure and says how long to wait.</summary>
    public TimeSpan Next()
    {
        Attempt++;
        var ceiling = Math.Min(longest.TotalMilliseconds, shortest.TotalMilliseconds * Math.Pow(2, Math.Min(Attempt, 30)));
        return Between(shortest, TimeSpan.FromMilliseconds(ceiling), randomizer);
    }

    public void Reset() => Attempt = 0;

    /// <summary>A wait drawn evenly from between two.</summary>
    public static TimeSpan Between(TimeSpan from, TimeSpan to, IRandomizer randomizer) =>
        from + ((to - from) * randomizer.NextDouble());
}
