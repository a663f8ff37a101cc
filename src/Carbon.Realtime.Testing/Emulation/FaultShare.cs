namespace Carbon.Realtime.Testing.Emulation;

/// <summary>Checks shares of a whole.</summary>
internal static class FaultShare
{
    /// <exception cref="ArgumentOutOfRangeException">It is not between 0 and 1.</exception>
    public static void Check(double share, string name)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(share, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(share, 1, name);
    }
}
