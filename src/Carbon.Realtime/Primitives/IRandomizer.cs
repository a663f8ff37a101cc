namespace Carbon.Realtime;

/// <summary>The library's only source of chance: jitter and nonces. A parameter, so that equal seeds give equal runs in tests.</summary>
/// <remarks>Implementations must be thread-safe.</remarks>
public interface IRandomizer
{
    /// <summary>A number in [0, 1).</summary>
    double NextDouble();

    /// <summary>A token of 16 lower-case hexadecimal digits that does not repeat.</summary>
    string NextNonce();
}
