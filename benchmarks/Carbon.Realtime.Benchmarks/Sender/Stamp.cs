using System.Globalization;

namespace Carbon.Realtime.Benchmarks.Sender;

/// <summary>
/// The moment at which a frame was handed to the kernel, as the digits of a row's name. <see cref="System.Diagnostics.Stopwatch"/> reads
/// the system's monotonic clock, which all processes share.
/// </summary>
internal static class Stamp
{
    /// <summary>A name to be stamped: as many digits as every timestamp has.</summary>
    public const string Blank = "0000000000000000000";

    public static void Write(Span<byte> digits, long timestamp) => timestamp.TryFormat(digits, out _, "D19", CultureInfo.InvariantCulture);

    public static long Read(string name) => long.Parse(name, NumberStyles.None, CultureInfo.InvariantCulture);
}
