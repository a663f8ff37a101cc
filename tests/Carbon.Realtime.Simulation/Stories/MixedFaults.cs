using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>Faults by chance that hold at once: the emulator takes one plan for changes, one for frames and one for reads, and several faults make one.</summary>
internal sealed class MixedFaults(EmulatorFaults faults)
{
    private readonly SortedDictionary<string, int> _on = new(StringComparer.Ordinal);

    private static IReadOnlyList<string> OfStream { get; } = ["delay", "drop", "duplicate", "reorder", "reorder-within"];

    private static IReadOnlyList<string> OfWire { get; } = ["cut", "garbage", "huge"];

    private static IReadOnlyList<string> OfReads { get; } = ["reads-break-off", "reads-fail", "reads-slow"];

    public void Begin(string fault, int argument)
    {
        _on[fault] = argument;
        Apply(fault);
    }

    public void End(string fault)
    {
        if (_on.Remove(fault))
        {
            Apply(fault);
        }
    }

    public void EndAll()
    {
        _on.Clear();
        (faults.Stream, faults.Wire, faults.Reads) = (null, null, null);
    }

    private void Apply(string fault)
    {
        if (OfStream.Contains(fault))
        {
            faults.Stream = !OfStream.Any(_on.ContainsKey) ? null : new StreamFaults
            {
                Seed = Seed(OfStream),
                Drop = Share("drop", 0.5),
                Duplicate = Share("duplicate", 0.8),
                Delay = _on.TryGetValue("delay", out var late) ? EmulatorDelay.Milliseconds(0, late * 12) : EmulatorDelay.None,
                Reorder = Math.Max(Share("reorder", 0.6), Share("reorder-within", 0.6)),
                ReordersWithinKeys = _on.ContainsKey("reorder-within"),
            };
        }
        else if (OfWire.Contains(fault))
        {
            faults.Wire = !OfWire.Any(_on.ContainsKey) ? null : new WireFaults
            {
                Seed = Seed(OfWire),
                Cut = Share("cut", 0.3),
                Garbage = Share("garbage", 0.5),
                Huge = Share("huge", 0.1),
                HugeBytes = 70_000,
            };
        }
        else
        {
            faults.Reads = !OfReads.Any(_on.ContainsKey) ? null : new ReadFaults
            {
                Seed = Seed(OfReads),
                Fail = Share("reads-fail", 0.7),
                Truncate = Share("reads-break-off", 0.7),
                Slow = Share("reads-slow", 0.9),
                SlowBy = EmulatorDelay.Milliseconds(0, _on.GetValueOrDefault("reads-slow") * 20),
            };
        }
    }

    private int Seed(IReadOnlyList<string> group) => group.Aggregate(0, (seed, name) => (seed * 31) + _on.GetValueOrDefault(name));

    private double Share(string name, double most) => _on.TryGetValue(name, out var argument) ? most * (1 + (argument % 10)) / 10 : 0;
}
