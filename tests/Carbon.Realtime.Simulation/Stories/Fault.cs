namespace Carbon.Realtime.Simulation.Stories;

/// <summary>One kind of fault.</summary>
/// <param name="Begin">Begins it; the number says how bad, how many, how long.</param>
/// <param name="End">Ends it; <see langword="null"/> for what is over at once, or used up.</param>
/// <param name="Silence">
/// How long after its end, or its beginning if it has none, the server may lose changes without a word because of it, also such as are on their way; <see langword="null"/> for never.
/// </param>
internal sealed record Fault(Action<SimulatedWorld, int> Begin, Action<SimulatedWorld>? End = null, TimeSpan? Silence = null)
{
    public void BeginIn(SimulatedWorld world, string name, int argument)
    {
        if (Silence is { } silence && End is null)
        {
            world.Silences.Add(world.Elapsed, silence);
        }
        else if (Silence is not null)
        {
            world.Silences.Begin(name, world.Elapsed);
        }

        Begin(world, argument);
    }

    public void EndIn(SimulatedWorld world, string name)
    {
        End!(world);
        if (Silence is { } silence)
        {
            world.Silences.End(name, world.Elapsed);
            world.Silences.Add(world.Elapsed, silence);
        }
    }
}
