namespace Carbon.Realtime.Benchmarks.Race;

/// <summary>All contenders in turn, round after round: what else the machine does meets all of them alike.</summary>
internal static class RaceRounds
{
    /// <exception cref="InvalidOperationException">A run failed, or the contenders did not decode the same rows.</exception>
    public static RaceResult Run(RaceOptions options)
    {
        var runs = options.Contenders.Select(_ => new List<RunFigures>()).ToArray();
        for (var round = 1; round <= options.Runs; round++)
        {
            for (var i = 0; i < runs.Length; i++)
            {
                var figures = RunProcess.Run(options.Contenders[i], options.Load, options.Events, options.Warmup, RaceJson.Default.RunFigures);
                runs[i].Add(figures);
                Console.Error.WriteLine(
                    $"{options.Load} {round}/{options.Runs} {options.Contenders[i],-11} {figures.EventsPerSecond,9:N0} events/s " +
                    $"{figures.CpuMicrosecondsPerEvent,6:F2} µs/event {figures.BytesPerEvent,6:F0} B/event, sender busy {figures.SenderBusy:P0}");
            }
        }

        if (runs.SelectMany(r => r).Select(r => r.Checksum).Where(c => c != 0).Distinct().Count() > 1)
            throw new InvalidOperationException("The contenders did not decode the same rows.");
        return new RaceResult(options, runs);
    }
}
