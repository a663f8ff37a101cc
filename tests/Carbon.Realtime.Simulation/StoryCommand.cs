using System.Globalization;
using Carbon.Realtime.Simulation.Stories;

namespace Carbon.Realtime.Simulation;

/// <summary>Tells one story with all that happened in it, cut down to what matters if it ends badly.</summary>
internal static class StoryCommand
{
    public const string Usage = "story SEED | story FILE              tells one story with its log, cut down if it ends badly";

    public static int Run(string[] args)
    {
        if (args.Length != 1)
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        var story = int.TryParse(args[0], CultureInfo.InvariantCulture, out var seed) ? Story.Of(seed) : Story.Parse(File.ReadAllText(args[0]));
        if (Stories.Run.Tell(story).Failure is not null)
        {
            story = Shrinker.Shrink(story, static s => Stories.Run.Tell(s).Failure);
        }

        var outcome = Stories.Run.Tell(story, Sabotage.None, keepsLog: true);
        Console.WriteLine($"{story}\n{outcome.Log}\n{outcome.Failure ?? "All is well."}");
        return outcome.Failure is null ? 0 : 1;
    }
}
