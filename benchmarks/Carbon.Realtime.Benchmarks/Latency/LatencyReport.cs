using System.Globalization;
using System.Text;
using Carbon.Realtime.Benchmarks.Race;
using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Latency;

/// <summary>What the delays were. Of the limit and carbon, in this order.</summary>
internal sealed class LatencyReport(LatencyOptions options, IReadOnlyList<IReadOnlyList<LatencyFigures>> runs, string load)
{
    /// <summary>Half of carbon's changes come within so many times what half of the limit's come within.</summary>
    private const double MostTimes = 3;

    private double P50Ratio => Of(1, static r => r.P50).Median / Of(0, static r => r.P50).Median;

    public string Markdown()
    {
        var text = new StringBuilder();
        Add(text, $"{options.Rate:N0} frames a second of {new ChangeFrames(LatencyCommand.Load).AverageBytes():N0} bytes ({LatencyCommand.Load}), one by one; ");
        Add(text, $"{options.Runs} interleaved runs each of {options.Seconds} s after {options.WarmupSeconds} s of warm-up. Microseconds, medians (lowest–highest).\n\n");
        text.Append("| | p50 | p99 | p99.9 | frames sent per second |\n|---|--:|--:|--:|--:|\n");
        for (var i = 0; i < runs.Count; i++)
        {
            Add(text, $"| {LatencyCommand.Names[i]} | {Figure(Of(i, static r => r.P50))} | {Figure(Of(i, static r => r.P99))} | {Figure(Of(i, static r => r.P999))} ");
            Add(text, $"| {Of(i, static r => r.SentPerSecond).Median:N0} |\n");
        }

        Add(text, $"| **carbon ÷ limit** | **{P50Ratio:F2}** | **{Of(1, static r => r.P99).Median / Of(0, static r => r.P99).Median:F2}** ");
        Add(text, $"| **{Of(1, static r => r.P999).Median / Of(0, static r => r.P999).Median:F2}** | |\n");
        Add(text, $"\n{Machine.Describe(load, options.Date)}");
        return text.ToString();
    }

    public IEnumerable<string> Misses()
    {
        if (Floors.IsAbove(P50Ratio, MostTimes))
            yield return FormattableString.Invariant($"carbon's p50 is {P50Ratio:F2} of the limit's, at most {MostTimes:F2} are wanted");
    }

    private static string Figure(Spread spread) => string.Create(CultureInfo.InvariantCulture, $"{spread.Median:N0} ({spread.Low:N0}–{spread.High:N0})");

    private static void Add(StringBuilder to, FormattableString text) => to.Append(FormattableString.Invariant(text));

    private Spread Of(int contender, Func<LatencyFigures, double> figure) => Spread.Of(runs[contender].Select(figure));
}
