namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>The inputs of a target: by their numbers, each the same for ever.</summary>
internal static class Inputs
{
    /// <summary>Every fourth is written by the grammar, another fourth is such a one with damage, half is a recorded one with damage.</summary>
    public static byte[] Of(FuzzTarget target, int seed, long index)
    {
        var chance = Chance.Of(target.Name, seed, index);
        var written = index % 4 <= 1 || target.Recorded.Count == 0 ? target.Write(chance) : chance.Of(target.Recorded);
        if (index % 4 == 0)
        {
            return written.Length <= Mutations.MaxLength ? written : written[..Mutations.MaxLength];
        }

        var other = target.Recorded.Count == 0 ? target.Write(chance) : chance.Of(target.Recorded);
        return target.Damage(written, other, chance);
    }
}
