namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>Chance that is the same for the same seed, on every machine and in every version of .NET (SplitMix64).</summary>
internal sealed class Chance(ulong state)
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    private ulong _state = state;

    /// <summary>The chance of one input: it needs none of those before it.</summary>
    public static Chance Of(string target, int seed, long index)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in target)
        {
            hash = (hash ^ c) * 1099511628211UL;
        }

        var chance = new Chance(hash ^ ((ulong)(uint)seed << 32) ^ ((ulong)index * Step));
        chance.Next();
        return chance;
    }

    /// <summary>A number from 0 on, below another.</summary>
    public int Below(int limit) => (int)(Next() % (ulong)limit);

    public bool OneIn(int times) => Below(times) == 0;

    public byte Byte() => (byte)Next();

    public T Of<T>(IReadOnlyList<T> all) => all[Below(all.Count)];

    private ulong Next()
    {
        var z = _state += Step;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
