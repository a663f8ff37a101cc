using System.Globalization;
using System.Text;
using Carbon.Realtime.Benchmarks.Clients;
using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Race;

/// <summary>What a race says. The ratios are the message: the absolute figures are this machine's, at that hour.</summary>
/// <param name="race">The runs.</param>
/// <param name="load">The load average before them.</param>
internal sealed class RaceReport(RaceResult race, string load)
{
    public string Markdown()
    {
        var options = race.Options;
        var text = new StringBuilder();
        Add(text, $"{options.Load} frames of {new ChangeFrames(options.Load).AverageBytes():F0} bytes over loopback to one subscriber; {options.Runs} interleaved runs each, ");
        Add(text, $"{options.Events:N0} events after {options.Warmup:N0} of warm-up. Medians (lowest–highest).\n\n");
        text[0] = char.ToUpperInvariant(text[0]);
        text.Append("| | events/s | CPU µs/event | bytes/event | bytes beside the row | sender busy |\n|---|--:|--:|--:|--:|--:|\n");
        for (var i = 0; i < race.Runs.Count; i++)
        {
            Add(text, $"| {race.Name(i)} | {Figure(race.Of(i, RaceResult.Speed), "N0")} | {Figure(race.Of(i, RaceResult.Cpu), "F2")} ");
            Add(text, $"| {Figure(race.Of(i, RaceResult.Bytes), "F1")} | {Figure(race.BytesBesideRows(i), "F1")} ");
            Add(text, $"| {race.Of(i, r => r.SenderBusy).Median:P0} |\n");
        }

        text.Append("\n| ratio of medians (of single rounds) | events/s | CPU/event | bytes/event |\n|---|--:|--:|--:|\n");
        foreach (var (contender, other) in Pairs())
        {
            Add(text, $"| **{race.Name(contender)} ÷ {race.Name(other)}** | {Ratio(contender, other, RaceResult.Speed)} ");
            Add(text, $"| {Ratio(contender, other, RaceResult.Cpu)} | {Ratio(contender, other, RaceResult.Bytes)} |\n");
        }

        Add(text, $"\nThe row's object graph is {race.RowBytes:F1} bytes (average over the {ChangeFrames.PoolSize} rows of the pool).\n");
        foreach (var note in RaceNotes.Of(options)) Add(text, $"{note}\n");
        Add(text, $"\n{Machine.Describe(load, options.Date)}");
        return text.ToString();
    }

    internal static string Figure(double figure, string format) => double.IsNaN(figure) ? "–" : figure.ToString(format, CultureInfo.InvariantCulture);

    private static string Figure(Spread spread, string format) =>
        Figure(spread.Median, format) + (double.IsNaN(spread.Median) ? "" : $" ({Figure(spread.Low, format)}–{Figure(spread.High, format)})");

    private static void Add(StringBuilder to, FormattableString text) => to.Append(FormattableString.Invariant(text));

    /// <summary>Everyone to the first; but who is slower than carbon is there for carbon's sake.</summary>
    private IEnumerable<(int Contender, int Other)> Pairs()
    {
        var carbon = race.IndexOf(Contenders.Carbon);
        for (var i = 1; i < race.Runs.Count; i++)
            yield return carbon >= 0 && race.Options.Contenders[i] == Contenders.RealtimeJs ? (carbon, i) : (i, 0);
    }

    private string Ratio(int contender, int other, Func<RunFigures, double> figure)
    {
        var rounds = race.RoundRatios(contender, other, figure);
        return double.IsNaN(rounds.Median)
            ? "–"
            : $"**{Figure(race.Ratio(contender, other, figure), "F2")}** ({Figure(rounds.Low, "F2")}–{Figure(rounds.High, "F2")})";
    }
}
