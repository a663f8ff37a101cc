using Carbon.Realtime.Simulation.Stories;

namespace Carbon.Realtime.Simulation;

/// <summary>Tells the stories to clients that lack a rule each, and writes which of them found it out.</summary>
internal static class ControlsCommand
{
    public const string Usage = "controls [--seeds N] [BEGINNING]    tells N stories (default 2000) to each broken client, or to those whose names begin so";

    public static int Run(string[] args)
    {
        var most = args is ["--seeds", var seeds, ..] ? int.Parse(seeds, System.Globalization.CultureInfo.InvariantCulture) : 2_000;
        var beginning = args.Length % 2 == 1 ? args[^1] : "";
        var controls = Sabotage.All.Where(c => c.Key.StartsWith(beginning, StringComparison.Ordinal)).ToList();
        if (controls.Count == 0)
        {
            Console.Error.WriteLine($"{Usage}\nBroken clients:\n  {string.Join("\n  ", Sabotage.All.Keys)}");
            return 2;
        }

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
