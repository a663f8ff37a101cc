namespace Carbon.Realtime.Testing.Emulation;

/// <summary>Faults that wait for what they are meant for, oldest first. Guarded by the emulator's lock.</summary>
internal sealed class FaultQueue<TFault>
    where TFault : class
{
    private readonly List<Plan> _plans = [];

    /// <param name="count">How often; <see cref="int.MaxValue"/> until it is cleared.</param>
    /// <param name="table">Only what is about this table.</param>
    /// <param name="fault">What happens.</param>
    public void Add(int count, string? table, TFault fault)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentNullException.ThrowIfNull(fault);
        _plans.Add(new Plan { Left = count, Table = table, Fault = fault });
    }

    public void Clear() => _plans.Clear();

    /// <summary>Uses up the oldest fault that fits.</summary>
    /// <param name="tables">What it would happen to.</param>
    public TFault? Take(params IEnumerable<string> tables)
    {
        var plan = _plans.Find(p => p.Table is null || tables.Contains(p.Table, StringComparer.Ordinal));
        if (plan is not null && plan.Left != int.MaxValue && --plan.Left == 0)
        {
            _plans.Remove(plan);
        }

        return plan?.Fault;
    }

    private sealed class Plan
    {
        public int Left { get; set; }

        public string? Table { get; init; }

        public required TFault Fault { get; init; }
    }
}
