namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>Which of the next reads fail, and how. Guarded by the emulator's lock.</summary>
internal sealed class RestFaults
{
    private readonly List<Plan> _plans = [];

    public int? MaxRows { get; set; }

    public void Add(int count, string? table, EmulatorReadFault fault) => _plans.Add(new Plan { Left = count, Table = table, Fault = fault });

    public void Clear() => _plans.Clear();

    /// <summary>The fault of a read that has just arrived, which it uses up. The oldest plan comes first.</summary>
    public EmulatorReadFault? Take(string table)
    {
        var plan = _plans.Find(p => p.Table is null || p.Table == table);
        if (plan is not null && --plan.Left == 0)
        {
            _plans.Remove(plan);
        }

        return plan?.Fault;
    }

    private sealed class Plan
    {
        public int Left { get; set; }

        public string? Table { get; init; }

        public required EmulatorReadFault Fault { get; init; }
    }
}
