namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>An input that a parser was wrong about.</summary>
/// <param name="Target">Which parser.</param>
/// <param name="Seed">Of the campaign.</param>
/// <param name="Index">Of the input.</param>
/// <param name="What">What was wrong.</param>
/// <param name="Input">Cut down, in base64.</param>
internal sealed record Finding(string Target, int Seed, long Index, string What, string Input)
{
    public override string ToString() => $"{Target} {Seed}/{Index}: {What}\n  {Input}";
}

/// <summary>What a campaign found out about one target. Written to a file between batches, so that it can go on where it was stopped.</summary>
internal sealed class TargetFigures
{
    public long Inputs { get; set; }

    public double Seconds { get; set; }

    /// <summary>How many got past the outermost layer, by what came of them.</summary>
    public SortedDictionary<string, long> Accepted { get; set; } = new(StringComparer.Ordinal);

    /// <summary>How many did not, by the declared reason.</summary>
    public SortedDictionary<string, long> Refused { get; set; } = new(StringComparer.Ordinal);

    /// <summary>The most bytes that one input made the parser allocate, and the most for each of its bytes beyond what every input may.</summary>
    public long MostAllocated { get; set; }

    /// <summary>The longest that one input took, on a machine that does other work as well: said, not judged.</summary>
    public double SlowestMilliseconds { get; set; }

    public List<Finding> Findings { get; set; } = [];

    public void Add(Verdict verdict)
    {
        var counts = verdict.IsAccepted ? Accepted : Refused;
        counts[verdict.Reason] = counts.GetValueOrDefault(verdict.Reason) + 1;
    }

    public void Add(TargetFigures other)
    {
        Inputs += other.Inputs;
        MostAllocated = Math.Max(MostAllocated, other.MostAllocated);
        SlowestMilliseconds = Math.Max(SlowestMilliseconds, other.SlowestMilliseconds);
        foreach (var (into, from) in new[] { (Accepted, other.Accepted), (Refused, other.Refused) })
        {
            foreach (var (reason, count) in from)
            {
                into[reason] = into.GetValueOrDefault(reason) + count;
            }
        }

        Findings.AddRange(other.Findings);
    }
}

/// <summary>The figures of all targets, by name.</summary>
internal sealed class FuzzFigures
{
    public int Seed { get; set; } = 1;

    public SortedDictionary<string, TargetFigures> Targets { get; set; } = new(StringComparer.Ordinal);

    public TargetFigures Of(string target) => Targets.TryGetValue(target, out var figures) ? figures : Targets[target] = new TargetFigures();
}
