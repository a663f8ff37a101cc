using System.Globalization;
using System.Text;
using Carbon.Realtime.Benchmarks.Race;

namespace Carbon.Realtime.Benchmarks.Emulator;

/// <summary>One figure's runs, and what is wanted of their median.</summary>
internal sealed record EmulatorFigure(string What, string Unit, params IReadOnlyList<double> Values)
{
    public double? AtMost { get; init; }

    public double? AtLeast { get; init; }
}

/// <summary>What the emulator's benchmark says.</summary>
internal sealed class EmulatorReport(EmulatorBenchOptions options, string load, IReadOnlyList<EmulatorFigure> figures)
{
    /// <summary>How far times may be above what is wanted: they are orders of magnitude, for the machines are shared.</summary>
    private const double Tolerance = 2;

    public string Markdown()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{options.Runs} runs, medians (lowest–highest); each cold start in a process of its own.\n\n");
        text.Append("| what | measured | wanted |\n|---|--:|--:|\n");
        foreach (var figure in figures)
        {
            var spread = Spread.Of(figure.Values);
            var range = figure.Values.Count > 1 ? $" ({Number(spread.Low)}–{Number(spread.High)})" : "";
            text.Append(CultureInfo.InvariantCulture, $"| {figure.What} | {Number(spread.Median)} {figure.Unit}{range} | {Wanted(figure)} |\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"\nLoad average before {load}, after {Machine.LoadAverage()}. {options.Date ?? "Undated"}.\n");
        return text.ToString();
    }

    public IEnumerable<string> Misses() =>
        from figure in figures
        let median = Spread.Of(figure.Values).Median
        where median > figure.AtMost * Tolerance || median < figure.AtLeast
        select $"{figure.What}: {Number(median)} {figure.Unit}; wanted are {Wanted(figure)}";

    private static string Wanted(EmulatorFigure figure) =>
        figure.AtMost is { } most ? $"at most {Number(most)} {figure.Unit}" : figure.AtLeast is { } least ? $"at least {Number(least)} {figure.Unit}" : "";

    private static string Number(double value) => value.ToString(value < 10 ? "0.##" : "N0", CultureInfo.InvariantCulture);
}
