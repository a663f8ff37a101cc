using System.Text.Json;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>A row being written. Each value is kept twice, as Realtime sends it and as PostgREST does: they differ in a few types.</summary>
internal sealed class RowDraft
{
    private readonly EmulatorTable _table;
    private readonly string?[] _wire;
    private readonly string?[] _rest;

    public RowDraft(EmulatorTable table)
    {
        _table = table;
        _wire = new string?[table.Columns.Length];
        _rest = new string?[table.Columns.Length];
        LeaveOutDropped();
    }

    public RowDraft(EmulatorRow old)
    {
        _table = old.Table;
        _wire = [.. old.Cells, .. new string?[_table.Columns.Length - old.Cells.Length]];
        _rest = [.. old.RestCells, .. new string?[_table.Columns.Length - old.RestCells.Length]];
        LeaveOutDropped();
    }

    /// <summary>A value as the table holds it.</summary>
    /// <exception cref="ArgumentException">PostgreSQL would refuse the value.</exception>
    public static string ToRestCell(PgType type, JsonElement value) => PgValues.ToRestCell(type, value, PgValues.ToCell(type, value));

    /// <summary>Takes the named values.</summary>
    /// <exception cref="ArgumentException">There is no such column, it is generated, or PostgreSQL would refuse a value.</exception>
    public void Assign(EmulatorJson values)
    {
        foreach (var property in values.Element.EnumerateObject())
        {
            var index = _table.Index(property.Name);
            if (_table.Columns[index].Generated is not null)
            {
                throw new ArgumentException($"428C9 (generated_always) column \"{property.Name}\" can only be updated to DEFAULT", nameof(values));
            }

            Set(index, property.Value);
        }
    }

    /// <summary>Fills what has no value yet.</summary>
    public void Fill(Func<EmulatorColumn, JsonElement> value)
    {
        for (var i = 0; i < _wire.Length; i++)
        {
            if (_wire[i] is null)
            {
                Set(i, _table.Columns[i].Generated is null ? value(_table.Columns[i]) : default);
            }
        }
    }

    /// <summary>The row, generated columns included. The draft must have a value for every column.</summary>
    public EmulatorRow ToRow()
    {
        for (var i = 0; i < _wire.Length; i++)
        {
            if (_table.Columns[i] is { Generated: { } generated, IsDropped: false })
            {
                // Generated columns see the plain ones only, as in PostgreSQL.
                var node = generated(new EmulatorRow(_table, _wire!, _rest!));
                using var value = JsonDocument.Parse(node?.ToJsonString() ?? PgValues.Null);
                Set(i, value.RootElement);
            }
        }

        return new EmulatorRow(_table, _wire!, _rest!);
    }

    private void LeaveOutDropped()
    {
        for (var i = 0; i < _wire.Length; i++)
        {
            if (_table.Columns[i].IsDropped)
            {
                _wire[i] = _rest[i] = PgValues.Absent;
            }
        }
    }

    private void Set(int index, JsonElement value)
    {
        var type = _table.Columns[index].Type;
        _wire[index] = value.ValueKind == JsonValueKind.Undefined ? PgValues.Null : PgValues.ToCell(type, value);
        _rest[index] = value.ValueKind == JsonValueKind.Undefined ? PgValues.Null : PgValues.ToRestCell(type, value, _wire[index]!);
    }
}
