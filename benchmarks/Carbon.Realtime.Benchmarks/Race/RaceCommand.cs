namespace Carbon.Realtime.Benchmarks.Race;

/// <summary>The race of one workload, its report and its floors.</summary>
internal static class RaceCommand
{
    public static int Run(RaceOptions options)
    {
        var load = Machine.LoadAverage();
        var race = RaceRounds.Run(options);
        var text = new RaceReport(race, load).Markdown();
        Console.WriteLine(text);
        if (options.Out is { } file) ReportFile.Write(file, "race", text);
        return options.Check ? Floors.Check(RaceFloors.Misses(race)) : 0;
    }
}
