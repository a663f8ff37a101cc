using Carbon.Realtime.Benchmarks.Clients;
using Carbon.Realtime.Benchmarks.Race;
using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Latency;

/// <summary>How the delay of a change is measured.</summary>
internal sealed record LatencyOptions
{
    /// <summary>Rounds; each contender runs once in each.</summary>
    public required int Runs { get; init; }

    /// <summary>Events per second.</summary>
    public required long Rate { get; init; }

    /// <summary>How long is measured.</summary>
    public required long Seconds { get; init; }

    /// <summary>And how long events come before.</summary>
    public required long WarmupSeconds { get; init; }

    public required string? Date { get; init; }

    public required string? Out { get; init; }

    public required bool Check { get; init; }
}

/// <summary>From the kernel's hands to the row's handler, at a rate that all bear with ease.</summary>
internal static class LatencyCommand
{
    /// <summary>In the order of every round; the ratio is of the second to the first.</summary>
    public static IReadOnlyList<string> Names { get; } = [Contenders.Limit, Contenders.Carbon];

    public static Workload Load { get; } = new(RowSize.Item, ChangeKind.Insert);

    public static int Run(LatencyOptions options)
    {
        var load = Machine.LoadAverage();
        var runs = Names.Select(_ => new List<LatencyFigures>()).ToArray();
        for (var round = 1; round <= options.Runs; round++)
        {
            for (var i = 0; i < runs.Length; i++)
            {
                var contender = Names[i];
                var figures = RunProcess.Run(
                    contender, Load, options.Seconds * options.Rate, options.WarmupSeconds * options.Rate, RaceJson.Default.LatencyFigures,
                    "--pace", $"{options.Rate}");
                runs[i].Add(figures);
                Console.Error.WriteLine(
                    $"round {round}/{options.Runs} {contender,-7} p50 {figures.P50,8:F1} µs, p99 {figures.P99,8:F1} µs, p99.9 {figures.P999,9:F1} µs, " +
                    $"sent {figures.SentPerSecond:N0}/s");
            }
        }

        var report = new LatencyReport(options, runs, load);
        var text = report.Markdown();
        Console.WriteLine(text);
        if (options.Out is { } file) ReportFile.Write(file, "latency", text);
        return options.Check ? Floors.Check(report.Misses()) : 0;
    }
}
