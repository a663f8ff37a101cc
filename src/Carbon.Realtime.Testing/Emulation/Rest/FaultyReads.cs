namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>One run of <see cref="ReadFaults"/>. Guarded by the agenda's lock.</summary>
internal sealed class FaultyReads
{
    private readonly SeededRandomizer _chance;

    public FaultyReads(ReadFaults plan)
    {
        plan.Validate();
        Plan = plan;
        _chance = new SeededRandomizer(plan.Seed);
    }

    public ReadFaults Plan { get; }

    /// <summary>The fault of a read that has just arrived.</summary>
    public EmulatorReadFault? Next()
    {
        // Drawn for every read, whatever comes of it: one share does not change whom another one hits.
        var isFailed = _chance.NextDouble() < Plan.Fail;
        var isTruncated = _chance.NextDouble() < Plan.Truncate;
        var isSlow = _chance.NextDouble() < Plan.Slow;
        var (choice, pause) = (_chance.NextDouble(), Plan.SlowBy.At(_chance.NextDouble()));
        return isFailed ? Plan.Errors[(int)(choice * Plan.Errors.Count)]
            : isTruncated ? EmulatorReadFault.TruncatedBody((int)(choice * 100))
            : isSlow ? EmulatorReadFault.SlowBody((int)(choice * 100), pause)
            : null;
    }
}
