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

    /// <summary>How many runs took so many times <see cref="BucketMilliseconds"/> to be live again, by how they became so.</summary>
    public SortedDictionary<RecoveryKind, SortedDictionary<int, long>> ToLive { get; set; } = [];

    /// <summary>How many changes were lost in silence after the heal, on purpose, and how long it took at the latest to make one good.</summary>
    public long Lost { get; set; }

    public double SlowestRepairSeconds { get; set; }

    /// <summary>Which build found it out: what was built since is another client, or another judge.</summary>
    public Guid Build { get; set; } = OfThisBuild;

    public static Guid OfThisBuild { get; } = Combine(typeof(Figures).Module.ModuleVersionId, typeof(RealtimeChannelManager).Module.ModuleVersionId, typeof(Testing.RealtimeEmulator).Module.ModuleVersionId);

    public double SlowestToEqualSeconds { get; set; }

    public int SlowestToEqualSeed { get; set; }

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

        var times = ToLive.TryGetValue(outcome.Recovery, out var known) ? known : ToLive[outcome.Recovery] = [];
        var bucket = (int)Math.Ceiling(outcome.ToLive.TotalMilliseconds / BucketMilliseconds);
        times[bucket] = times.GetValueOrDefault(bucket) + 1;
        if (outcome.HasLost)
        {
            Lost++;
            SlowestRepairSeconds = Math.Max(SlowestRepairSeconds, outcome.ToShow.TotalSeconds);
        }

        if (outcome.ToEqual.TotalSeconds > SlowestToEqualSeconds)
        {
            (SlowestToEqualSeconds, SlowestToEqualSeed) = (outcome.ToEqual.TotalSeconds, story.Seed);
        }
    }

    public long Recoveries(RecoveryKind kind) => ToLive.GetValueOrDefault(kind)?.Values.Sum() ?? 0;

    /// <summary>How many stories broke this promise before any other; each ends there.</summary>
    public int Broken(string promise) => Failures.Count(f => f.Contains($": {promise} ", StringComparison.Ordinal));

    public static int SeedOf(string failure) => int.Parse(failure.Split(' ', ':')[1], System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The time in which so large a share of the runs was live again, in seconds.</summary>
    public double TimeToLive(RecoveryKind kind, double share)
    {
        var times = ToLive.GetValueOrDefault(kind) ?? [];
        var left = (long)Math.Ceiling(times.Values.Sum() * share);
        foreach (var (bucket, runs) in times)
        {
            left -= runs;
            if (left <= 0)
            {
                return bucket * BucketMilliseconds / 1000.0;
            }
        }

        return 0;
    }

    private static Guid Combine(params ReadOnlySpan<Guid> builds)
    {
        Span<byte> all = stackalloc byte[16 * builds.Length];
        for (var i = 0; i < builds.Length; i++)
        {
            builds[i].TryWriteBytes(all[(16 * i)..]);
        }

        return new Guid(System.Security.Cryptography.SHA256.HashData(all).AsSpan(0, 16));
    }
}
