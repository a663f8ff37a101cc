namespace Carbon.Realtime.Testing;

/// <summary>Chance from a seed: equal seeds give equal runs.</summary>
/// <param name="seed">Any number.</param>
public sealed class SeededRandomizer(int seed = 1) : IRandomizer
{
    private readonly Lock _gate = new();
#pragma warning disable RS0030 // The seed makes this one deterministic, which is what the ban is for.
    private readonly Random _random = new(seed);
#pragma warning restore RS0030

    /// <inheritdoc/>
    public double NextDouble()
    {
        lock (_gate)
        {
            return _random.NextDouble();
        }
    }

    /// <inheritdoc/>
    public string NextNonce()
    {
        lock (_gate)
        {
            return _random.NextInt64().ToString("x16", System.Globalization.CultureInfo.InvariantCulture);
        }
    }
}
