using System.Globalization;
using System.Text.Json;
using Carbon.Realtime.Simulation.Stories;

namespace Carbon.Realtime.Simulation;

/// <summary>Tells stories by the thousand (docs/reliability.md, "The simulation").</summary>
internal static class SimulateCommand
{
    public const string Usage = "simulate --seeds N [--state FILE]    tells N stories; with a file it goes on where it was stopped";

    private const int Batch = 2_000;
    private const int MostFailuresTold = 10;

    public static int Run(string[] args)
    {
        switch (args)
        {
            case ["--seeds", var seeds]:
                return Tell(Arguments.Count(seeds), file: null);
            case ["--seeds", var seeds, "--state", var file]:
                return Tell(Arguments.Count(seeds), file);
            default:
                Console.Error.WriteLine(Usage);
                return 2;
        }
    }

    private static int Tell(int seeds, string? file)
    {
        var figures = file is not null && File.Exists(file) ? Arguments.Read(file, static text => JsonSerializer.Deserialize<Figures>(text)!) : new Figures();
        if (figures.Build != Figures.OfThisBuild)
        {
            throw new UsageException($"{file} is another build's: its figures are not this one's. Move it away to begin anew.");
        }

        while (figures.Seeds < seeds)
        {
            Campaign.Tell(figures.First + figures.Seeds, Math.Min(Batch, seeds - figures.Seeds), figures);
            if (file is not null)
            {
                File.WriteAllText($"{file}.new", JsonSerializer.Serialize(figures));
                File.Move($"{file}.new", file, overwrite: true); // whole, or as it was
            }

            Console.Error.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{figures.Seeds:N0} of {seeds:N0} stories, {figures.Failures.Count} failed, {figures.Seconds / figures.Seeds * 1000:F1} ms each"));
        }

        Console.WriteLine(Campaign.Markdown(figures));
        foreach (var failure in figures.Failures.Take(MostFailuresTold))
        {
            Console.WriteLine($"FAILED {failure}\n{Shrinker.Shrink(Story.Of(Figures.SeedOf(failure)), static s => Stories.Run.Tell(s).Failure)}");
        }

        return figures.Failures.Count == 0 ? 0 : 1;
    }
}
