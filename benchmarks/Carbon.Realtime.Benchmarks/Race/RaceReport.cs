using System.Globalization;
using System.Runtime;
using System.Runtime.InteropServices;
using System.Text;
using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Race;

/// <summary>What a race says. The ratios are the message: the absolute figures are this machine's, at that hour.</summary>
internal sealed class RaceReport(RaceOptions options, double rowBytes, string load, IReadOnlyList<IReadOnlyList<RunFigures>> runs)
{
    /// <summary>From the start at least this share of the limit's events/s …</summary>
    private const double RatioFloor = 0.8;

    /// <summary>… and at most this much allocated per event beside the row.</summary>
    private const double BytesBesideRow = 150;

    /// <summary>A ratio is missed when it is below its floor by more than this: the machine's noise.</summary>
    private const double Tolerance = 0.1;

    public string Markdown()
    {
        var text = new StringBuilder();
        Add(text, $"Item {options.Kind.ToString().ToUpperInvariant()} frames of {FrameBytes():F0} bytes over loopback to one subscriber; {options.Runs} interleaved runs each, ");
        Add(text, $"{options.Events:N0} events after {options.Warmup:N0} of warm-up. Medians (lowest–highest).\n\n");
        text.Append("| | events/s | CPU µs/event | bytes/event | bytes beside the row | sender busy |\n|---|--:|--:|--:|--:|--:|\n");
        for (var i = 0; i < runs.Count; i++)
        {
            var (speed, cpu, bytes) = (Of(i, r => r.EventsPerSecond), Of(i, r => r.CpuMicrosecondsPerEvent), Of(i, r => r.BytesPerEvent));
            Add(text, $"| {Name(i)} | {speed.Median:N0} ({speed.Low:N0}–{speed.High:N0}) | {cpu.Median:F2} ({cpu.Low:F2}–{cpu.High:F2}) ");
            Add(text, $"| {bytes.Median:F1} ({bytes.Low:F1}–{bytes.High:F1}) | {(Decodes(i) ? $"{bytes.Median - rowBytes:F1}" : "–")} ");
            Add(text, $"| {Of(i, r => r.SenderBusy).Median:P0} |\n");
        }

        text.Append("\n| ratio of medians (of single rounds) | events/s | CPU/event | bytes/event |\n|---|--:|--:|--:|\n");
        for (var i = 1; i < runs.Count; i++)
        {
            Add(text, $"| **{Name(i)} ÷ {Name(0)}** | {Ratio(i, r => r.EventsPerSecond)} | {Ratio(i, r => r.CpuMicrosecondsPerEvent)} | {Ratio(i, r => r.BytesPerEvent)} |\n");
        }

        Add(text, $"\nThe row's object graph is {rowBytes:F1} bytes (average over the {ItemFrames.PoolSize} rows of the pool).\n");
        Add(text, $"\nMachine: {Environment.ProcessorCount} cores ({Processor()}), {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}, ");
        Add(text, $"{(GCSettings.IsServerGC ? "server" : "workstation")} GC; load average before {load}, after {LoadAverage()}. {options.Date ?? "Undated"}.\n");
        return text.ToString();
    }

    /// <summary>The floors that carbon missed; none where it did not race against the limit.</summary>
    public IEnumerable<string> Misses()
    {
        var (limit, carbon) = (IndexOf("limit"), IndexOf("carbon"));
        if (limit < 0 || carbon < 0)
        {
            yield return "carbon did not race against the limit";
            yield break;
        }

        var ratio = Of(carbon, r => r.EventsPerSecond).Median / Of(limit, r => r.EventsPerSecond).Median;
        if (ratio < RatioFloor * (1 - Tolerance)) yield return Format($"carbon ÷ limit is {ratio:F2} events/s, its floor {RatioFloor:F2}");
        var beside = Of(carbon, r => r.BytesPerEvent).Median - rowBytes;
        if (beside > BytesBesideRow) yield return Format($"carbon allocates {beside:F0} bytes per event beside the row, at most {BytesBesideRow:F0} are allowed");
    }

    public static string LoadAverage() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";

    private static string Processor() => (File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo") : [])
        .FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static void Add(StringBuilder to, FormattableString text) => to.Append(Format(text));

    private double FrameBytes() => Enumerable.Range(0, ItemFrames.PoolSize).Average(i => ItemFrames.Frame(options.Kind, "realtime:race", [1], i).Length);

    private Spread Of(int contender, Func<RunFigures, double> figure) => Spread.Of(runs[contender].Select(figure));

    private string Ratio(int contender, Func<RunFigures, double> figure)
    {
        var ratio = Of(contender, figure).Median / Of(0, figure).Median;
        var rounds = Spread.Of(runs[contender].Zip(runs[0], (a, b) => figure(a) / figure(b)));
        return Format($"**{ratio:F2}** ({rounds.Low:F2}–{rounds.High:F2})");
    }

    private bool Decodes(int contender) => runs[contender][0].Checksum != 0;

    private int IndexOf(string contender) => options.Contenders.ToList().IndexOf(contender);

    /// <summary>A contender's name; one that races against itself (which shows the noise) gets a number.</summary>
    private string Name(int contender)
    {
        var name = options.Contenders[contender];
        var earlier = options.Contenders.Take(contender).Count(c => c == name);
        return earlier == 0 ? name : Format($"{name} #{earlier + 1}");
    }
}
