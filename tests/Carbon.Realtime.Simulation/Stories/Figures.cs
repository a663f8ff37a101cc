namespace Carbon.Realtime.Simulation.Stories;

/// <summary>What a campaign found out. Written to a file between batches, so that it can go on where it was stopped.</summary>
internal sealed class Figures
{
    /// <summary>Of the histogram of times to be live again.</summary>
    private const int BucketMilliseconds = 50;

    public int First { get; set; } = 1;

    public int Seeds { get; set; }

    public double SimulatedSeconds { get; set; }

    public double Seconds { get; set; }

    public long Reads { get; set; }

    public long Repairs { get; set; }

    public int WorstReads { get; set; }

    public int WorstDials { get; set; }

    public SortedDictionary<string, long> Steps { get; set; } = new(StringComparer.Ordinal);

    /// <summary>How many runs took so many times <see cref="BucketMilliseconds"/> from the truthful ok to live.</summary>
    public SortedDictionary<int, long> ToLive { get; set; } = [];

    public double SlowestToEqualSeconds { get; set; }

    public List<string> Failures { get; set; } = [];

    public void Add(Story story, Outcome outcome)
    {
        Seeds++;
        SimulatedSeconds += outcome.Simulated.TotalSeconds;
        Reads += outcome.Reads;
        Repairs += outcome.Repairs;
        WorstReads = Math.Max(WorstReads, outcome.WorstReads);
        WorstDials = Math.Max(WorstDials, outcome.WorstDials);
        foreach (var step in story.Steps)
        {
            Steps[step.Verb] = Steps.GetValueOrDefault(step.Verb) + 1;
        }

        if (outcome.Failure is { } failure)
        {
            Failures.Add($"seed {story.Seed}: {failure}");
            return;
        }

        if (outcome.ToLive is { } toLive)
        {
            var bucket = (int)Math.Ceiling(toLive.TotalMilliseconds / BucketMilliseconds);
            ToLive[bucket] = ToLive.GetValueOrDefault(bucket) + 1;
        }

        SlowestToEqualSeconds = Math.Max(SlowestToEqualSeconds, outcome.ToEqual.TotalSeconds);
    }

    /// <summary>The time in which so large a share of the runs was live again, in seconds.</summary>
    public double TimeToLive(double share)
    {
        var left = (long)Math.Ceiling(ToLive.Values.Sum() * share);
        foreach (var (bucket, runs) in ToLive)
        {
            left -= runs;
            if (left <= 0)
            {
                return bucket * BucketMilliseconds / 1000.0;
            }
        }

        return 0;
    }
}
