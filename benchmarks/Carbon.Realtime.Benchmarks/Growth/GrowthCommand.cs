using Carbon.Realtime.Benchmarks.Charts;
using Carbon.Realtime.Benchmarks.Race;

namespace Carbon.Realtime.Benchmarks.Growth;

/// <summary>How the growth is measured.</summary>
internal sealed record GrowthOptions
{
    public required int Runs { get; init; }

    public required int Events { get; init; }

    public required string? Date { get; init; }

    public required string? Out { get; init; }

    public required bool Check { get; init; }
}

/// <summary>How costs grow: with subscriptions, channels, subscribers, the size of a row and the number of rows. A chart for each, and a table.</summary>
internal static class GrowthCommand
{
    private static readonly int[] Subscriptions = [1, 10, 100, 1000, 10_000];
    private static readonly int[] Channels = [1, 5, 20, 50, 99];
    private static readonly int[] Subscribers = [1, 10, 100, 1000, 10_000];
    private static readonly int[] RowBytes = [100, 1000, 10_000, 100_000, 1_000_000];
    private static readonly int[] Rows = [1000, 10_000, 100_000, 1_000_000];

    public static async Task<int> RunAsync(GrowthOptions options)
    {
        var load = Machine.LoadAverage();
        var subjects = new GrowthSubjects(options.Runs, options.Events);
        var report = new GrowthReport(
            options,
            load,
            spread: await Told("one binding, and a thousand", subjects.SpreadAsync()),
            subscriptions: await Told("subscriptions", subjects.SubscriptionsAsync(Subscriptions)),
            channels: await Told("channels", subjects.ChannelsAsync(Channels)),
            subscribers: await Told("subscribers", subjects.SubscribersAsync(Subscribers)),
            rowSizes: await Told("row sizes", subjects.RowSizesAsync(RowBytes)),
            rows: await Told("rows", Task.Run(() => subjects.Rows(Rows))));
        var text = report.Markdown();
        Console.WriteLine(text);
        if (options.Out is { } file)
        {
            ReportFile.Write(file, "growth", text);
            var folder = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!, "charts");
            Directory.CreateDirectory(folder);
            foreach (var chart in report.Charts) File.WriteAllText(Path.Combine(folder, $"{chart.Name}.svg"), Drawn(chart));
        }

        return options.Check ? Floors.Check(report.Misses()) : 0;
    }

    private static async Task<T> Told<T>(string what, Task<T> measuring)
    {
        Console.Error.WriteLine($"measuring {what}");
        return await measuring;
    }

    private static string Drawn(GrowthChart chart)
    {
        var drawing = new LineChart(chart.Title, chart.Unit, "ns of processor time for an event");
        foreach (var line in chart.Lines) drawing.Add(line.Name, line.Spreads.Select(static s => new LineChart.Point(s.Size, s.Cost.Median, s.Cost.Low, s.Cost.High)));
        return drawing.Svg();
    }
}
