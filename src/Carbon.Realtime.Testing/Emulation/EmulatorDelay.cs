namespace Carbon.Realtime.Testing;

/// <summary>How long something takes: a time drawn evenly from a range. Zero means "as soon as the scheduler runs".</summary>
/// <param name="Minimum">The shortest time.</param>
/// <param name="Maximum">The longest time; not less than <paramref name="Minimum"/>.</param>
public readonly record struct EmulatorDelay(TimeSpan Minimum, TimeSpan Maximum)
{
    /// <summary>No time at all.</summary>
    public static EmulatorDelay None => default;

    /// <summary>A range given in milliseconds.</summary>
    public static EmulatorDelay Milliseconds(double minimum, double maximum) =>
        new(TimeSpan.FromMilliseconds(minimum), TimeSpan.FromMilliseconds(maximum));

    /// <summary>Always the same time.</summary>
    public static EmulatorDelay Exactly(TimeSpan time) => new(time, time);

    internal TimeSpan Draw(IRandomizer randomizer) => Maximum <= Minimum ? Minimum : At(randomizer.NextDouble());

    /// <summary>The time at a share of the way from the shortest to the longest.</summary>
    internal TimeSpan At(double share) => Maximum <= Minimum ? Minimum : Minimum + ((Maximum - Minimum) * share);
}
