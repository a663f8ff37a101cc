using Carbon.Realtime.Simulation.Stories;

namespace Carbon.Realtime.Simulation;

/// <summary>Tells the stories to clients that lack a rule each, and writes which of them found it out.</summary>
internal static class ControlsCommand
{
    public const string Usage = "controls [--seeds N] [BEGINNING]    tells N stories (default 2000) to each broken client, or to those whose names begin so";

    private const int Seeds = 2_000;

    public static int Run(string[] args)
    {
        var (most, beginning) = args switch
        {
            [] => (Seeds, ""),
            ["--seeds", var seeds] => (Arguments.Count(seeds), ""),
            ["--seeds", var seeds, var name] => (Arguments.Count(seeds), name),
            [var name] => (Seeds, name),
            _ => throw new UsageException("That is too much."),
        };
        var controls = Sabotage.Named(beginning);
        Console.WriteLine("| broken | found out by seed | as |\n|---|--:|---|");
        var survivors = 0;
        foreach (var (name, sabotage) in controls)
        {
            var found = sabotage.FindOut(most);
            survivors += found is null ? 1 : 0;
            Console.WriteLine($"| {name} | {found?.Story.Seed.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "none"} | {found?.Failure.Split(' ')[0]} |");
        }

        return survivors == 0 ? 0 : 1;
    }
}
