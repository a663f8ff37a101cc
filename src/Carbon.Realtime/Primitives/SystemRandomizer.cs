using System.Security.Cryptography;

namespace Carbon.Realtime.Primitives;

/// <summary>The default: the operating system's generator, so that two processes started together do not share their jitter.</summary>
internal sealed class SystemRandomizer : IRandomizer
{
    public static SystemRandomizer Instance { get; } = new();

    public double NextDouble() => RandomNumberGenerator.GetInt32(int.MaxValue) / (double)int.MaxValue;

    public string NextNonce() => RandomNumberGenerator.GetHexString(16, lowercase: true);
}
