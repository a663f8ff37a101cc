using System.Globalization;
using Carbon.Realtime.Simulation.Stories;

namespace Carbon.Realtime.Simulation;

/// <summary>Tells one story with all that happened in it, cut down to what matters if it ends badly.</summary>
internal static class StoryCommand
{
    public const string Usage = "story SEED|FILE [CONTROL]            tells one story with its log, cut down if it ends badly; or tells it to the broken client whose name begins so";

    public static int Run(string[] args)
    {
        switch (args)
        {
            case [var name]:
                return Tell(Load(name));
            case [var name, var control]:
                return TellTo(Sabotage.Named(control)[0].Value, Load(name));
            default:
                Console.Error.WriteLine(Usage);
                return 2;
        }
    }

    private static int Tell(Story story)
    {
        if (Stories.Run.Tell(story).Failure is not null)
        {
            story = Shrinker.Shrink(story, static s => Stories.Run.Tell(s).Failure);
        }

        var outcome = Stories.Run.Tell(story, Sabotage.None, keepsLog: true);
        Console.WriteLine($"{story}\n{outcome.Log}\n{outcome.Failure ?? "All is well."}");
        return outcome.Failure is null ? 0 : 1;
    }

    /// <returns>0 where the story finds it out.</returns>
    private static int TellTo(Sabotage client, Story story)
    {
        var (outcome, isFoundOut) = client.Try(story, keepsLog: true);
        Console.WriteLine($"{story}\n{outcome.Log}\n{outcome.Failure ?? "All is well."}");
        Console.WriteLine(isFoundOut ? "Found out." : $"Not found out: it would have to break {client.Breaks}, in a story that the client beside it gets through.");
        return isFoundOut ? 0 : 1;
    }

    private static Story Load(string name) => int.TryParse(name, CultureInfo.InvariantCulture, out var seed) ? Story.Of(seed) : Arguments.Read(name, Story.Parse);
}
