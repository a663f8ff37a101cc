using System.Globalization;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>All that happens in one run: the seed of every chance that is not a step, and the steps. The same story is the same run.</summary>
internal sealed record Story(int Seed, IReadOnlyList<Step> Steps)
{
    /// <summary>How many steps a lasting fault lasts, on average.</summary>
    private const int Duration = 10;

    /// <summary>A story by chance: a few kinds of faults out of all, so that they meet often, many at once; each that lasts has its own end, and what is left of them ends in any order.</summary>
    public static Story Of(int seed)
    {
        var chance = new SeededRandomizer(seed);
        var faults = Several(Stories.Faults.Names, 2 + Next(7));
        var acts = Several(Verbs.Acts, 1 + Next(5));
        var steps = new List<Step>();
        var ends = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var pace = 30 + Next(600);
        for (var left = 20 + Next(50); left > 0; left--)
        {
            foreach (var (end, _) in ends.Where(e => e.Value >= left).ToList())
            {
                End(end);
            }

            var kind = chance.NextDouble();
            var verb = kind < 0.65 ? Pick(Verbs.Writes) : kind < 0.9 ? Pick(faults) : Pick(acts);
            Add(verb);
            if (Stories.Faults.All.ContainsKey(verb) && Verbs.EndOf(verb) is { } ending)
            {
                ends[ending] = left - 1 - (int)Exponential(Duration);
            }
        }

        while (ends.Count > 0)
        {
            End(Pick([.. ends.Keys]));
        }

        return new Story(seed, steps);

        int Next(int end) => (int)(chance.NextDouble() * end);

        double Exponential(double mean) => -Math.Log(1 - chance.NextDouble()) * mean;

        T Pick<T>(IReadOnlyList<T> all) => all[Next(all.Count)];

        List<string> Several(IReadOnlyList<string> all, int count) => [.. Enumerable.Range(0, count).Select(_ => Pick(all))];

        void Add(string verb) => steps.Add(new Step((int)Exponential(pace), verb, Next(1000)));

        void End(string verb)
        {
            ends.Remove(verb);
            Add(verb);
        }
    }

    public static Story Parse(string text)
    {
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(static l => l[0] != '#').ToList();
        return lines is [['s', 'e', 'e', 'd', ' ', .. var seed], .. var steps]
            ? new Story(int.Parse(seed, CultureInfo.InvariantCulture), [.. steps.Select(Step.Parse)])
            : throw new FormatException("A story begins with its seed.");
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"seed {Seed}\n{string.Join('\n', Steps)}\n");
}
