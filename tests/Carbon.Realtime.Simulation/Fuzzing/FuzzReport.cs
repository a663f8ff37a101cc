using System.Globalization;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>The figures as docs/reliability.md has them.</summary>
internal static class FuzzReport
{
    public static string Markdown(FuzzFigures figures) => string.Join('\n',
    [
        "| target | inputs | got past the outermost layer | findings | most allocated | of what it may | slowest | seconds |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
        .. figures.Targets.Select(static t => Row(t.Key, t.Value)),
        "",
        .. figures.Targets.Select(static t => $"- **{t.Key}**: {Counts(t.Value.Accepted)}. Refused: {Counts(t.Value.Refused)}.{(t.Value.Uncompared == 0 ? "" : $" Not compared: {t.Value.Uncompared:N0}.")}"),
    ]);

    private static string Row(string name, TargetFigures of) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {name} | {of.Inputs:N0} | {of.Accepted.Values.Sum() * 100.0 / Math.Max(1, of.Inputs):F0} % | {of.Findings.Count} | {of.MostAllocated / 1024.0:N0} KiB | {of.MostOfBudget} % | {of.SlowestMilliseconds:N0} ms | {of.Seconds:N0} |");

    private static string Counts(SortedDictionary<string, long> counts) => counts.Count == 0 ? "none"
        : string.Join(", ", counts.OrderByDescending(static c => c.Value).Select(static c => string.Create(CultureInfo.InvariantCulture, $"{c.Key} {c.Value:N0}")));
}
