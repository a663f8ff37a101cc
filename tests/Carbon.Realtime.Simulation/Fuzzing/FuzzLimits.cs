namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>What no input may take. All are generous: the machine may be doing much else.</summary>
/// <param name="Time">An input that took longer is tried again, alone: if the process then takes so much of a processor's time, it is a finding.</param>
/// <param name="NoEnd">An input that has been under way for so long will not end: the run ends, and names it.</param>
/// <param name="Kept">What a run may leave in memory between its first quarter, and that of the first run on the same target, and its end.</param>
internal sealed record FuzzLimits(TimeSpan Time, TimeSpan NoEnd, long Kept)
{
    public static FuzzLimits Default { get; } = new(TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(2), 16 * 1024 * 1024);
}
