using System.Globalization;
using System.Text;
using Carbon.Realtime.Benchmarks.Race;

namespace Carbon.Realtime.Benchmarks.Growth;

/// <summary>What the growth says: a chart and a table for each number that may grow, and the two ratios that have a floor.</summary>
internal sealed class GrowthReport(
    GrowthOptions options, string load, GrowthLine spread, GrowthLine subscriptions, GrowthLine channels, GrowthLine subscribers, IReadOnlyList<GrowthLine> rowSizes, IReadOnlyList<GrowthLine> rows)
{
    /// <summary>Events spread over a thousand subscriptions on fifty channels: at least this share of a single binding's events per second of a processor …</summary>
    private const double SpreadFloor = 0.9;

    /// <summary>… and a further subscriber of a stream costs an event at most this share of what one alone costs.</summary>
    private const double FanOutCeiling = 0.05;

    public IReadOnlyList<GrowthChart> Charts { get; } =
    [
        new("growth-subscriptions", "An event, by subscriptions, each to a row of its own", "subscriptions", [subscriptions],
            "A frame's ids lead to its subscription by a dictionary; that a row is within the filter is looked at again. What bends it is memory: each stream's state and queue, and the frames themselves, which are other ones from event to event; and each is handed to an observer of its own."),
        new("growth-channels", "An event, by channels that carry 1,000 subscriptions", "channels", [channels],
            "A topic leads to its channel by a dictionary of bytes. A burst ends for every stream that it touched, whichever channels they are on."),
        new("growth-subscribers", "An event that all subscribers of one stream are told", "subscribers", [subscribers],
            "A change is decoded once. Each further subscriber costs a place in its queue and a call; they are told in bursts, so waking them is shared by the changes of a burst."),
        new("growth-row-size", "An event, by the length of its row's text", "bytes", rowSizes,
            "Short rows cost what frames cost; long ones are copied into a string, which from 85,000 bytes on is the collector's large heap."),
        new("growth-rows", "A change of a store, by its rows", "rows", rows,
            "Rows are met at random: from 10,000 on it is memory that is in no cache, for a dictionary as for a store, which has a tree of pages beside its index."),
    ];

    /// <summary>Events per second of a processor, spread over a thousand subscriptions on fifty channels, to those of a single binding.</summary>
    private double SpreadRatio => spread.At(1) / spread.At(1000);

    /// <summary>What a further subscriber costs, to what an event to one costs.</summary>
    private double FanOut => (subscribers.At(10_000) - subscribers.At(1)) / 9_999 / subscribers.At(1);

    public string Markdown()
    {
        var text = new StringBuilder();
        Add(text, $"Item INSERT frames out of memory, without a kernel or a WebSocket; processor time of all threads; {options.Runs} interleaved runs at each size, medians (lowest–highest).\n\n");
        Add(text, $"| | measured | wanted |\n|---|--:|--:|\n| events spread over 1,000 subscriptions on 50 channels ÷ a single binding, by events per processor second | **{SpreadRatio:F2}** | at least {SpreadFloor} |\n");
        Add(text, $"| a further subscriber of a stream (of 10,000) ÷ an event to one | **{FanOut:P1}** | at most {FanOutCeiling:P0} |\n");
        foreach (var chart in Charts)
        {
            Add(text, $"\n![{chart.Title}](charts/{chart.Name}.svg)\n\n{chart.Bends}\n\n| {chart.Unit} |");
            foreach (var line in chart.Lines) Add(text, $" {line.Name}, ns |");
            Add(text, $"\n|--:|{string.Concat(Enumerable.Repeat("--:|", chart.Lines.Count))}\n");
            foreach (var (size, _) in chart.Lines[0].Points)
            {
                Add(text, $"| {size:N0} |");
                foreach (var line in chart.Lines)
                {
                    var cost = line.Spreads.First(s => s.Size.Equals(size)).Cost;
                    Add(text, $" {cost.Median:N0} ({cost.Low:N0}–{cost.High:N0}) |");
                }

                text.Append('\n');
            }
        }

        Add(text, $"\nLoad average before {load}, after {Machine.LoadAverage()}. {options.Date ?? "Undated"}.\n");
        return text.ToString();
    }

    public IEnumerable<string> Misses()
    {
        if (Floors.IsBelow(SpreadRatio, SpreadFloor)) yield return Format($"events spread over all are {SpreadRatio:F2} of a single binding's, their floor {SpreadFloor:F2}");
        if (Floors.IsAbove(FanOut, FanOutCeiling)) yield return Format($"a further subscriber costs {FanOut:P1} of an event to one, at most {FanOutCeiling:P0} is allowed");
    }

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static void Add(StringBuilder to, FormattableString text) => to.Append(Format(text));
}
