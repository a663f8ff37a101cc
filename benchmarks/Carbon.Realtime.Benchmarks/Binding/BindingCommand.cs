using System.Globalization;
using System.Text;
using Carbon.Realtime.Benchmarks.Race;
using Carbon.Realtime.Benchmarks.Store;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Benchmarks.Binding;

/// <summary>How a bound list is measured.</summary>
internal sealed record BindingBenchOptions
{
    public required int Rows { get; init; }

    public required int ChangesPerSecond { get; init; }

    public required int Seconds { get; init; }

    public required int Runs { get; init; }

    public string? Date { get; init; }

    public string? Out { get; init; }

    public bool Check { get; init; }
}

/// <summary>
/// How busy a bound list of many rows keeps the interface's thread. Changes come one by one in virtual time, and what the thread does about them takes the time it takes: a busy machine makes its share
/// of the virtual seconds greater, never smaller.
/// </summary>
internal static class BindingCommand
{
    /// <summary>The interface's thread may be busy with a list for this share of the time.</summary>
    private const double MostBusy = 0.05;

    private static readonly (string Name, bool Moves, StoreBindingOptions Options)[] Lists =
    [
        ("rows change in their places, by default", false, StoreBindingOptions.Default),
        ("rows change in their places, each told by itself", false, new StoreBindingOptions { ResetThreshold = int.MaxValue }),
        ("each row that changes moves to another place, by default", true, StoreBindingOptions.Default),
        ("each row that changes moves, each told by itself", true, new StoreBindingOptions { ResetThreshold = int.MaxValue }),
    ];

    public static int Run(BindingBenchOptions options)
    {
        var load = Machine.LoadAverage();
        var items = Enumerable.Range(0, options.Rows).Select(static i => StoreItem.Create(i, change: 0)).ToArray();
        var runs = Lists.Select(static _ => new List<BindingRun>()).ToArray();
        for (var run = -1; run < options.Runs; run++)
        {
            for (var i = 0; i < Lists.Length; i++)
            {
                var measured = Measure(options, items, Lists[i].Moves, Lists[i].Options);
                if (run >= 0) runs[i].Add(measured);
            }
        }

        var text = Markdown(options, load, runs);
        Console.WriteLine(text);
        if (options.Out is { } file) ReportFile.Write(file, "binding", text);
        return options.Check ? Floors.Check(Misses(runs)) : 0;
    }

    private static BindingRun Measure(BindingBenchOptions options, StoreItem[] items, bool moves, StoreBindingOptions binding)
    {
        var world = new ManualEnvironment();
        var store = new FakeLiveStore<string, StoreItem>(static i => i.Id, world);
        store.Reset(items);
        var thread = new InterfaceThread();
        Comparison<StoreItem> order = moves ? ByChange : ByName;
        using var rows = store.OrderBy(order).BindTo(thread, binding);
        var list = new DrawnList(rows);
        world.RunUntilIdle();
        thread.Run();
        thread.Begin();
        list.Events = 0;
        var random = new Random(1);
        var step = TimeSpan.FromSeconds(1.0 / options.ChangesPerSecond);
        var changes = options.ChangesPerSecond * options.Seconds;
        for (var change = 1; change <= changes; change++)
        {
            store.Set(items[random.Next(items.Length)] with { Change = change });
            world.Advance(step);
            thread.Run();
        }

        world.Advance(binding.BatchWindow + binding.BatchWindow);
        thread.Run();
        if (list.Events == 0 || !rows.SequenceEqual(store.Current.Select(static r => r.Value).Order(Comparer<StoreItem>.Create(order)))) throw new InvalidOperationException("The list does not show what the store has.");
        return new BindingRun(thread.Busy / TimeSpan.FromSeconds(options.Seconds), thread.Longest.TotalMilliseconds, (double)list.Events / options.Seconds);

        static int ByName(StoreItem x, StoreItem y) => string.CompareOrdinal(x.ReadableId, y.ReadableId);

        static int ByChange(StoreItem x, StoreItem y) => y.Change.CompareTo(x.Change) is not 0 and var changed ? changed : string.CompareOrdinal(x.Id, y.Id);
    }

    private static string Markdown(BindingBenchOptions options, string load, IReadOnlyList<List<BindingRun>> runs)
    {
        var text = new StringBuilder();
        Add(text, $"{options.Rows:N0} sorted rows, {options.ChangesPerSecond:N0} changes a second for {options.Seconds} virtual seconds; {options.Runs} interleaved runs each, medians (lowest–highest).\n\n");
        text.Append("| list | interface's thread busy | its longest piece of work, ms | events a second |\n|---|--:|--:|--:|\n");
        foreach (var (list, measured) in Lists.Zip(runs))
        {
            var (busy, longest) = (Spread.Of(measured.Select(static r => r.Busy * 100)), Spread.Of(measured.Select(static r => r.LongestMilliseconds)));
            Add(text, $"| {list.Name} | **{busy.Median:F2} %** ({busy.Low:F2}–{busy.High:F2}) | {longest.Median:F2} ({longest.Low:F2}–{longest.High:F2}) | {measured[0].EventsPerSecond:F0} |\n");
        }

        Add(text, $"\nLoad average before {load}, after {Machine.LoadAverage()}. {options.Date ?? "Undated"}.\n");
        return text.ToString();
    }

    private static IEnumerable<string> Misses(IReadOnlyList<List<BindingRun>> runs)
    {
        foreach (var (list, measured) in Lists.Zip(runs))
        {
            var busy = Spread.Of(measured.Select(static r => r.Busy)).Median;
            if (Floors.IsAbove(busy, MostBusy)) yield return string.Create(CultureInfo.InvariantCulture, $"{list.Name}: the interface's thread is busy for {busy:P1} of the time, at most {MostBusy:P0} is wanted");
        }
    }

    private static void Add(StringBuilder to, FormattableString text) => to.Append(text.ToString(CultureInfo.InvariantCulture));

    /// <summary>One run.</summary>
    /// <param name="Busy">The share of the time in which the interface's thread had to do with the list.</param>
    /// <param name="LongestMilliseconds">The most that it did at once.</param>
    /// <param name="EventsPerSecond">What the control was told.</param>
    private sealed record BindingRun(double Busy, double LongestMilliseconds, double EventsPerSecond);
}
