using System.Globalization;
using System.Runtime;
using System.Runtime.InteropServices;

namespace Carbon.Realtime.Benchmarks.Race;

/// <summary>What every report says of the machine that it was made on.</summary>
internal static class Machine
{
    public static string LoadAverage() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";

    /// <summary>The last line of a report.</summary>
    /// <param name="load">The load average before it was measured.</param>
    /// <param name="date">When that was, as the caller said.</param>
    public static string Describe(string load, string? date) => string.Create(CultureInfo.InvariantCulture,
        $"Machine: {Environment.ProcessorCount} cores ({Processor()}), {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}, " +
        $"{(GCSettings.IsServerGC ? "server" : "workstation")} GC; load average before {load}, after {LoadAverage()}. {date ?? "Undated"}.\n");

    private static string Processor() => (File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo") : [])
        .FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
}
