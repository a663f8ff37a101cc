using System.Text;
using Carbon.Realtime.Benchmarks.Clients;
using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Race;

/// <summary>What carbon's ratios are over all rows and kinds of change.</summary>
internal sealed class MatrixReport(RaceOptions options, IReadOnlyList<RaceResult> races, string load)
{
    public string Markdown()
    {
        var text = new StringBuilder();
        Add(text, $"{options.Runs} interleaved runs each, {options.Events:N0} events after {options.Warmup:N0} of warm-up (of large rows a tenth). Ratios of medians, carbon ÷ the other.\n\n");
        text.Append("| row | change | bytes/frame | carbon events/s | ÷ limit events/s | ÷ limit CPU/event | ÷ realtime-js events/s | ÷ realtime-js CPU/event | bytes beside the rows |\n");
        text.Append("|---|---|--:|--:|--:|--:|--:|--:|--:|\n");
        foreach (var race in races)
        {
            var (workload, carbon) = (race.Options.Load, race.IndexOf(Contenders.Carbon));
            Add(text, $"| {workload.Row.ToString().ToLowerInvariant()} | {workload.KindText} | {new ChangeFrames(workload).AverageBytes():N0} ");
            Add(text, $"| {race.Of(carbon, RaceResult.Speed).Median:N0} | {Ratio(race, Contenders.Limit, RaceResult.Speed)} | {Ratio(race, Contenders.Limit, RaceResult.Cpu)} ");
            Add(text, $"| {Ratio(race, Contenders.RealtimeJs, RaceResult.Speed)} | {Ratio(race, Contenders.RealtimeJs, RaceResult.Cpu)} ");
            Add(text, $"| {RaceReport.Figure(race.BytesBesideRows(carbon), "F1")} |\n");
        }

        text.Append('\n').Append(RaceNotes.UpdateFull).Append('\n');
        text.Append("Of a delete all decode the whole old record; carbon makes its key's text once more.\n");
        foreach (var note in RaceNotes.Absent(options.Contenders)) text.Append(note).Append('\n');
        Add(text, $"\n{Machine.Describe(load, options.Date)}");
        return text.ToString();
    }

    private static string Ratio(RaceResult race, string other, Func<RunFigures, double> figure) =>
        race.IndexOf(other) is >= 0 and var index ? RaceReport.Figure(race.Ratio(race.IndexOf(Contenders.Carbon), index, figure), "F2") : "–";

    private static void Add(StringBuilder to, FormattableString text) => to.Append(FormattableString.Invariant(text));
}
