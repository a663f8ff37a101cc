using System.Globalization;

namespace Carbon.Realtime.Interleavings;

/// <summary>What was found when the orders of steps of a program were tried.</summary>
/// <param name="Runs">How many.</param>
/// <param name="Points">The most places in one run where another strand could have gone on.</param>
/// <param name="Fault">What was wrong, and in which order; <see langword="null"/> for nothing.</param>
/// <param name="IsComplete">Whether all was tried that was to be.</param>
internal sealed record Findings(int Runs, int Points, string? Fault, bool IsComplete);

/// <summary>
/// Tries the orders of steps of a program: all with at most so many delays of the strand that would go on by itself (delay bounding: Emmi, Qadeer, Rakamarić, POPL 2011), or many drawn by chance.
/// Nearly all faults of this kind need few.
/// </summary>
internal static class Explorer
{
    /// <summary>All orders with at most so many delays.</summary>
    /// <param name="run">Runs the program once.</param>
    /// <param name="delays">The most. To pass over two strands costs two.</param>
    /// <param name="most">The most runs.</param>
    public static Findings Systematic(Func<Choice, Outcome> run, int delays, int most)
    {
        List<Decision> prefix = [];
        var (runs, points) = (0, 0);
        while (true)
        {
            var (at, other) = (prefix, (int?)null);
            var outcome = run((index, strands) =>
            {
                if (index >= at.Count)
                {
                    return 0;
                }

                // The last time that these choices were made they met the same strands.
                other ??= at[index].Strands == Decision.Encode(strands) ? null : index;
                return other is null ? at[index].Chosen : 0;
            });
            runs++;
            points = Math.Max(points, outcome.Choices.Count);
            if (outcome.Fault is { } fault)
            {
                return new Findings(runs, points, Describe(fault, outcome), IsComplete: false);
            }

            if (other is not null || outcome.Choices.Count < prefix.Count)
            {
                return new Findings(runs, points, Describe($"the same choices led to another run, at {other ?? outcome.Choices.Count}", outcome), IsComplete: false);
            }

            var next = Following(outcome.Choices, delays);
            if (runs == most || next is null)
            {
                return new Findings(runs, points, null, IsComplete: next is null);
            }

            prefix = next;
        }
    }

    /// <summary>Orders drawn by chance: each strand has a rank, the highest one that can go on does, and at some places who runs becomes the lowest.</summary>
    /// <remarks>Such a run finds a fault that needs n places in the right order with a chance that is known (Burckhardt and others, ASPLOS 2010), where single deviations hardly ever add up to it.</remarks>
    public static Findings Random(Func<Choice, Outcome> run, int places, int runs, int seed)
    {
        const int MostStrands = 8;
        var random = new Random(seed);
        var points = run(static (_, _) => 0).Choices.Count;
        for (var i = 0; i < runs; i++)
        {
            var ranks = Enumerable.Range(places, MostStrands).ToArray();
            random.Shuffle(ranks);
            var lowered = new Dictionary<int, int>();
            for (var rank = 0; rank < places; rank++)
            {
                lowered[random.Next(points + 1)] = rank;
            }

            var outcome = run((at, strands) =>
            {
                if (lowered.TryGetValue(at, out var rank))
                {
                    ranks[strands[0]] = rank;
                }

                var highest = 0;
                for (var s = 1; s < strands.Length; s++)
                {
                    highest = ranks[strands[s]] > ranks[strands[highest]] ? s : highest;
                }

                return highest;
            });
            if (outcome.Fault is { } fault)
            {
                return new Findings(i + 1, points, Describe(fault, outcome), IsComplete: false);
            }

            points = Math.Max(points, outcome.Choices.Count);
        }

        return new Findings(runs, points, null, IsComplete: true);
    }

    /// <summary>One order again, as a finding prints it.</summary>
    public static Choice Of(params (int At, int Chosen)[] deviations) => (index, _) => deviations.FirstOrDefault(d => d.At == index).Chosen;

    /// <summary>The next one in depth-first order: the last place where another choice is left within the bound takes it.</summary>
    private static List<Decision>? Following(IReadOnlyList<Decision> choices, int delays)
    {
        var spent = 0;
        List<int> costs = new(choices.Count);
        foreach (var choice in choices)
        {
            costs.Add(spent);
            spent += choice.Chosen;
        }

        for (var i = choices.Count - 1; i >= 0; i--)
        {
            var next = choices[i] with { Chosen = choices[i].Chosen + 1 };
            if (next.Chosen < next.Options && costs[i] + next.Chosen <= delays)
            {
                return [.. choices.Take(i), next];
            }
        }

        return null;
    }

    private static string Describe(string fault, Outcome outcome) =>
        $"{fault}\nin this order: {string.Join(", ", outcome.Choices.Select(static (c, i) => (c.Chosen, At: i)).Where(static c => c.Chosen > 0).Select(static c => string.Create(CultureInfo.InvariantCulture, $"({c.At}, {c.Chosen})")))}";
}
