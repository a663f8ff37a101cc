using System.Globalization;
using System.Text;
using Carbon.Realtime.Benchmarks.Race;

namespace Carbon.Realtime.Benchmarks.Store;

/// <summary>One contender's runs at one size: nanoseconds per change, and bytes allocated per change, publications included.</summary>
internal sealed record StoreTimes(string Name, IReadOnlyList<double> Nanoseconds, double Bytes);

/// <summary>One size. The dictionary is the first contender.</summary>
internal sealed record StoreFigures(int Rows, double BytesBesideRow, IReadOnlyList<StoreTimes> Contenders);

/// <summary>What the store's benchmark says.</summary>
internal sealed class StoreReport(StoreBenchOptions options, string load, IReadOnlyList<StoreFigures> sizes)
{
    /// <summary>A change costs at most so many of a dictionary's updates …</summary>
    /// <remarks>Who looks at a publication has it copied as far as the next changes go: that is shown, and no floor, for it is paid by look, not by change.</remarks>
    private const double MostTimes = 2;

    /// <summary>… and at most so many where each is published alone, …</summary>
    private const double MostTimesAlone = 2.5;

    /// <summary>… and a row at most so many bytes beside itself, at a million rows.</summary>
    private const double MostBytes = 100;

    public string Markdown()
    {
        var text = new StringBuilder();
        Add(text, $"Updates of random rows of a settled store without subscribers, {options.Changes:N0} per run; {options.Runs} interleaved runs each, ");
        text.Append("medians (lowest–highest); ratios of medians. A store publishes after every burst.\n\n");
        text.Append("| rows | | CPU ns/change | ÷ dictionary | bytes/change | bytes/publication |\n|--:|---|--:|--:|--:|--:|\n");
        foreach (var size in sizes)
        {
            foreach (var contender in size.Contenders)
            {
                var spread = Spread.Of(contender.Nanoseconds);
                Add(text, $"| {size.Rows:N0} | {contender.Name} | {spread.Median:F0} ({spread.Low:F0}–{spread.High:F0}) ");
                Add(text, $"| {(contender == size.Contenders[0] ? "" : Format($"**{Ratio(size, contender):F2}**"))} | {contender.Bytes:F0} | {PublicationBytes(contender)} |\n");
            }
        }

        text.Append("\n| rows | bytes per row beside the row and its key |\n|--:|--:|\n");
        foreach (var size in sizes) Add(text, $"| {size.Rows:N0} | {size.BytesBesideRow:F1} |\n");
        Add(text, $"\nLoad average before {load}, after {Machine.LoadAverage()}. {options.Date ?? "Undated"}.\n");
        return text.ToString();
    }

    public IEnumerable<string> Misses()
    {
        foreach (var size in sizes)
        {
            foreach (var contender in size.Contenders.Skip(1).Where(static c => !c.Name.Contains("read", StringComparison.Ordinal)))
            {
                var ratio = Ratio(size, contender);
                var most = contender.Name.EndsWith(" 1", StringComparison.Ordinal) ? MostTimesAlone : MostTimes;
                if (Floors.IsAbove(ratio, most)) yield return Format($"{contender.Name} at {size.Rows:N0} rows takes {ratio:F2} times a dictionary's update; {most} are allowed");
            }

            if (size.Rows >= 1_000_000 && Floors.IsAbove(size.BytesBesideRow, MostBytes)) yield return Format($"a row costs {size.BytesBesideRow:F0} bytes beside itself; {MostBytes} are allowed");
        }
    }

    private static double Ratio(StoreFigures size, StoreTimes contender) =>
        Spread.Of(contender.Nanoseconds).Median / Spread.Of(size.Contenders[0].Nanoseconds).Median;

    private static string PublicationBytes(StoreTimes contender) =>
        contender.Name.Split(' ')[^1] is var burst && int.TryParse(burst, CultureInfo.InvariantCulture, out var changes) ? Format($"{contender.Bytes * changes:N0}") : "";

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static void Add(StringBuilder to, FormattableString text) => to.Append(Format(text));
}
