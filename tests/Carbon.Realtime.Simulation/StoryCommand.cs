using System.Globalization;
using Carbon.Realtime.Simulation.Stories;

namespace Carbon.Realtime.Simulation;

/// <summary>Tells one story with all that happened in it, cut down to what matters if it ends badly.</summary>
internal static class StoryCommand
{
    public const string Usage = "story SEED|FILE [CONTROL]            tells one story with its log, cut down if it ends badly; or tells it to the broken client whose name begins so";

    public static int Run(string[] args)
    {
        if (args is [_, var control] && Sabotage.All.FirstOrDefault(s => s.Key.StartsWith(control, StringComparison.Ordinal)).Value is { } broken)
        {
            return Show(Load(args[0]), broken.TellWithLog);
        }

        if (args.Length != 1)
        {
            Console.Error.WriteLine($"{Usage}\nBroken clients:\n  {string.Join("\n  ", Sabotage.All.Keys)}");
            return 2;
        }

        var story = Load(args[0]);
        if (Stories.Run.Tell(story).Failure is not null)
        {
            story = Shrinker.Shrink(story, static s => Stories.Run.Tell(s).Failure);
        }

        return Show(story, static s => Stories.Run.Tell(s, Sabotage.None, keepsLog: true));
    }

    private static int Show(Story story, Func<Story, Outcome> tell)
    {
        var outcome = tell(story);
        Console.WriteLine($"{story}\n{outcome.Log}\n{outcome.Failure ?? "All is well."}");
        return outcome.Failure is null ? 0 : 1;
    }

    private static Story Load(string name) => int.TryParse(name, CultureInfo.InvariantCulture, out var seed) ? Story.Of(seed) : Story.Parse(File.ReadAllText(name));
}
