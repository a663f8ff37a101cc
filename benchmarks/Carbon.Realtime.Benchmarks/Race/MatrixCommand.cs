using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Race;

/// <summary>The race of every row and every kind of change, short, into one table.</summary>
internal static class MatrixCommand
{
    /// <param name="options">Of each race; its events are those of items, large rows come in a tenth of them.</param>
    public static int Run(RaceOptions options)
    {
        var load = Machine.LoadAverage();
        var races =
            from row in new[] { RowSize.Small, RowSize.Item, RowSize.Large }
            from kind in Enum.GetValues<ChangeKind>()
            let workload = new Workload(row, kind)
            select RaceRounds.Run(options with { Load = workload, Events = workload.Events(options.Events), Warmup = workload.Events(options.Warmup) });
        var text = new MatrixReport(options, [.. races], load).Markdown();
        Console.WriteLine(text);
        if (options.Out is { } file) ReportFile.Write(file, "race-all", text);
        return 0;
    }
}
