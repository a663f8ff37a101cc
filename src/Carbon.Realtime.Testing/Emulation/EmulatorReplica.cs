namespace Carbon.Realtime.Testing.Emulation;

/// <summary>What reads see of the tables: all of them as they are, or, with a lag, as they were. Guarded by the emulator's lock.</summary>
/// <remarks>A copy of the rows that follows what was committed, each write once it is old enough: as a replica does, and no larger than one.</remarks>
internal sealed class EmulatorReplica(EmulatorDatabase database, TimeProvider time)
{
    private readonly Dictionary<EmulatorTable, OrderedDictionary<string, EmulatorRow>> _copies = [];
    private readonly Queue<(DateTimeOffset At, EmulatorTable Table, string Key, EmulatorRow? Row)> _late = new();
    private TimeSpan? _lag;

    /// <summary>The copy is made when a lag is set: it is never older than that moment, and never goes back in time.</summary>
    public TimeSpan? Lag
    {
        get => _lag;
        set
        {
            if (_lag is null || value is null)
            {
                _copies.Clear();
                _late.Clear();
            }

            if (_lag is null && value is not null)
            {
                foreach (var table in database.Tables)
                {
                    _copies.Add(table, new OrderedDictionary<string, EmulatorRow>(table.Rows, StringComparer.Ordinal));
                }
            }

            _lag = value;
        }
    }

    /// <summary>How many writes it has yet to make.</summary>
    public int Waiting => _late.Count;

    public IEnumerable<EmulatorRow> Rows(EmulatorTable table)
    {
        if (_lag is null)
        {
            return table.Rows.Values;
        }

        CatchUp();
        return _copies.TryGetValue(table, out var rows) ? rows.Values : [];
    }

    public void OnCommit(IEnumerable<(EmulatorTable Table, string Key, EmulatorRow? Row)> writes)
    {
        if (_lag is null)
        {
            return;
        }

        CatchUp();
        var now = time.GetUtcNow();
        foreach (var (table, key, row) in writes)
        {
            _late.Enqueue((now, table, key, row));
        }
    }

    /// <summary>A change of a table's columns is there at once.</summary>
    public void Rewrite(EmulatorTable table, Func<EmulatorRow, EmulatorRow> rewrite)
    {
        if (_copies.TryGetValue(table, out var rows))
        {
            foreach (var key in rows.Keys.ToArray())
            {
                rows[key] = rewrite(rows[key]);
            }
        }

        for (var i = _late.Count; i > 0; i--)
        {
            var write = _late.Dequeue();
            _late.Enqueue(write.Table == table && write.Row is not null ? write with { Row = rewrite(write.Row) } : write);
        }
    }

    private void CatchUp()
    {
        var seen = time.GetUtcNow() - _lag!.Value;
        while (_late.TryPeek(out var write) && write.At <= seen)
        {
            _late.Dequeue();
            if (!_copies.TryGetValue(write.Table, out var rows))
            {
                // A table younger than the copy was empty.
                _copies.Add(write.Table, rows = new OrderedDictionary<string, EmulatorRow>(StringComparer.Ordinal));
            }

            if (write.Row is null)
            {
                rows.Remove(write.Key);
            }
            else
            {
                rows[write.Key] = write.Row;
            }
        }
    }
}
