using System.Globalization;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>One thing that happens, some time after the one before: a line of a story that a person can read, cut down and keep.</summary>
/// <param name="Pause">Virtual milliseconds since the step before.</param>
/// <param name="Verb">What: one of <see cref="Verbs"/>.</param>
/// <param name="Argument">Which, how many, how bad: each verb has its own use for it.</param>
internal readonly record struct Step(int Pause, string Verb, int Argument)
{
    public static Step Parse(string line)
    {
        var parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return parts is [['+', .. var pause], var verb, var argument]
            ? new Step(int.Parse(pause, CultureInfo.InvariantCulture), verb, int.Parse(argument, CultureInfo.InvariantCulture))
            : throw new FormatException($"'{line}' is no step: +milliseconds verb number.");
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"+{Pause} {Verb} {Argument}");
}
