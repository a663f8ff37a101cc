using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Race;

/// <summary>The race: all contenders in turn, round after round, then the report.</summary>
internal static class RaceCommand
{
    public static int Run(RaceOptions options)
    {
        var rowBytes = RowGraph.BytesPerRow();
        var load = RaceReport.LoadAverage();
        var runs = options.Contenders.Select(_ => new List<RunFigures>()).ToArray();
        for (var round = 1; round <= options.Runs; round++)
        {
            for (var i = 0; i < runs.Length; i++)
            {
                var figures = RunProcess.Run(options.Contenders[i], options);
                runs[i].Add(figures);
                Console.Error.WriteLine(
                    $"round {round}/{options.Runs} {options.Contenders[i],-8} {figures.EventsPerSecond,9:N0} events/s " +
                    $"{figures.CpuMicrosecondsPerEvent,6:F2} µs/event {figures.BytesPerEvent,6:F0} B/event, sender busy {figures.SenderBusy:P0}");
            }
        }

        RequireEqualRows(runs);
        var report = new RaceReport(options, rowBytes, load, runs);
        var text = report.Markdown();
        Console.WriteLine(text);
        if (options.Out is { } file) ReportFile.Write(file, "race", text);
        if (!options.Check) return 0;
        var misses = report.Misses().ToArray();
        foreach (var miss in misses) Console.Error.WriteLine($"FLOOR MISSED: {miss}");
        return misses.Length == 0 ? 0 : 1;
    }

    private static void RequireEqualRows(IEnumerable<List<RunFigures>> runs)
    {
        if (runs.SelectMany(r => r).Select(r => r.Checksum).Where(c => c != 0).Distinct().Count() > 1)
            throw new InvalidOperationException("The contenders did not decode the same rows.");
    }
}
