using System.Security.Cryptography;

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

/// <summary>The default: the operating system's generator, so that two processes started together do not share their jitter.</summary>
internal sealed class SystemRandomizer : IRandomizer
{
    public static SystemRandomizer Instance { get; } = new();

    public double NextDouble() => RandomNumberGenerator.GetInt32(int.MaxValue) / (double)int.MaxValue;

    public string NextNonce() => RandomNumberGenerator.GetHexString(16, lowercase: true);
}
