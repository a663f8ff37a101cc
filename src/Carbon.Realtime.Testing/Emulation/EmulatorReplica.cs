namespace Carbon.Realtime.Testing.Emulation;

/// <summary>What reads see of the tables: all of them as they are, or, with a lag, as they were. Guarded by the emulator's lock.</summary>
internal sealed class EmulatorReplica(EmulatorDatabase database, TimeProvider time)
{
    private readonly Dictionary<EmulatorTable, List<(DateTimeOffset At, EmulatorRow[] Rows)>> _history = [];
    private TimeSpan? _lag;

    /// <summary>Its history begins when a lag is set: it is never older than that moment.</summary>
    public TimeSpan? Lag
    {
        get => _lag;
        set
        {
            if (_lag is null || value is null)
            {
                _history.Clear();
            }

            if (_lag is null && value is not null)
            {
                foreach (var table in database.Tables)
                {
                    _history.Add(table, [(DateTimeOffset.MinValue, [.. table.Rows.Values])]);
                }
            }

            _lag = value;
        }
    }

    public IEnumerable<EmulatorRow> Rows(EmulatorTable table)
    {
        if (_lag is not { } lag || !_history.TryGetValue(table, out var versions))
        {
            return table.Rows.Values;
        }

        var seen = time.GetUtcNow() - lag;
        return versions.FindLast(v => v.At <= seen).Rows ?? [];
    }

    public void OnCommit(IEnumerable<EmulatorTable> changed)
    {
        if (_lag is null)
        {
            return;
        }

        foreach (var table in changed)
        {
            if (!_history.TryGetValue(table, out var versions))
            {
                // A table younger than the lag was empty.
                _history.Add(table, versions = [(DateTimeOffset.MinValue, [])]);
            }

            versions.Add((time.GetUtcNow(), [.. table.Rows.Values]));
        }
    }
}
