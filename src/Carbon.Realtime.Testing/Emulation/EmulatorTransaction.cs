using System.Globalization;
using System.Text.Json;
using Carbon.Realtime.Testing.Emulation;

namespace Carbon.Realtime.Testing;

/// <summary>
/// Changes that are committed together: they share a commit timestamp, and if the transaction's code throws, none of them happened.
/// </summary>
/// <remarks>Lives only inside <see cref="RealtimeEmulator.Transaction"/>, on its thread.</remarks>
public sealed class EmulatorTransaction
{
    private readonly EmulatorDatabase _database;
    private readonly RealtimeEnvironment _environment;
    private readonly DateTimeOffset _now;
    private readonly List<EmulatorChange> _changes = [];
    private readonly Stack<Action> _undo = new();

    internal EmulatorTransaction(EmulatorDatabase database, RealtimeEnvironment environment)
    {
        _database = database;
        _environment = environment;
        _now = environment.TimeProvider.GetUtcNow();
    }

    internal IReadOnlyList<EmulatorChange> Changes => _changes;

    /// <summary>What it wrote, published or not, row by row; a deleted row is none.</summary>
    internal List<(EmulatorTable Table, string Key, EmulatorRow? Row)> Writes { get; } = [];

    /// <summary>Inserts a row.</summary>
    /// <param name="table">The table's name, with its schema (<c>app.items</c>) if that is not <c>public</c>.</param>
    /// <param name="row">The values; columns that are not named get their defaults.</param>
    /// <returns>The row with its defaults.</returns>
    /// <exception cref="ArgumentException">There is no such table or column, or PostgreSQL would refuse a value.</exception>
    /// <exception cref="InvalidOperationException">The primary key exists already.</exception>
    public EmulatorRow Insert(string table, EmulatorJson row) => InsertRow(_database.Find(table), row);

    internal EmulatorRow InsertRow(EmulatorTable target, EmulatorJson row)
    {
        var inserted = NewRow(target, row);
        InsertRow(target, inserted);
        return inserted;
    }

    /// <summary>A row with its defaults, which is in no table yet.</summary>
    internal EmulatorRow NewRow(EmulatorTable target, EmulatorJson row)
    {
        target = target.Parent ?? target;
        var draft = new RowDraft(target);
        draft.Assign(row);
        draft.Fill(column => Default(target, column));
        return draft.ToRow();
    }

    internal void InsertRow(EmulatorTable target, EmulatorRow row)
    {
        target = target.Parent ?? target;
        Add(target, row);
        Log(target, "INSERT", row, null);
    }

    /// <summary>Changes the rows that a key names. Equal values count as a change, as in PostgreSQL.</summary>
    /// <returns>How many rows it changed.</returns>
    /// <exception cref="ArgumentException">There is no such table or column, or PostgreSQL would refuse a value.</exception>
    /// <exception cref="InvalidOperationException">The new primary key exists already.</exception>
    public int Update(string table, EmulatorKey key, EmulatorJson patch)
    {
        var target = _database.Find(table);
        var found = EmulatorDatabase.Find(target, key);
        foreach (var old in found)
        {
            UpdateRow(target, old, patch);
        }

        return found.Count;
    }

    internal EmulatorRow UpdateRow(EmulatorTable target, EmulatorRow old, EmulatorJson patch)
    {
        target = target.Parent ?? target;
        RequireIdentity(target, old, "update", "updates");
        var draft = new RowDraft(old);
        draft.Assign(patch);
        var updated = draft.ToRow();
        Replace(target, old, updated);
        Log(target, "UPDATE", updated, old);
        return updated;
    }

    /// <summary>Deletes the rows that a key names.</summary>
    /// <returns>How many rows it deleted.</returns>
    /// <exception cref="ArgumentException">There is no such table or column.</exception>
    public int Delete(string table, EmulatorKey key)
    {
        var target = _database.Find(table);
        var found = EmulatorDatabase.Find(target, key);
        foreach (var row in found)
        {
            DeleteRow(target, row);
        }

        return found.Count;
    }

    internal void DeleteRow(EmulatorTable target, EmulatorRow row)
    {
        target = target.Parent ?? target;
        RequireIdentity(target, row, "delete from", "deletes");
        Remove(target, row);
        Log(target, "DELETE", null, row);
    }

    /// <summary>Deletes all rows; nobody is told (docs/protocol.md, "From join to changes").</summary>
    /// <exception cref="ArgumentException">There is no such table.</exception>
    public void Truncate(string table)
    {
        var target = _database.Find(table);
        foreach (var row in target.Rows.Values.ToArray())
        {
            Remove(target.Parent ?? target, row);
        }
    }

    /// <summary>The rows as this transaction sees them, in the order of their insertion.</summary>
    /// <exception cref="ArgumentException">There is no such table.</exception>
    public IReadOnlyList<EmulatorRow> Rows(string table) => [.. _database.Find(table).Rows.Values];

    internal void RollBack()
    {
        while (_undo.TryPop(out var undo))
        {
            undo();
        }
    }

    private static string KeyOf(EmulatorTable table, EmulatorRow row) =>
        table.KeyColumns.Length > 0 ? table.KeyOf(row) : table.Rows.First(r => ReferenceEquals(r.Value, row)).Key;

    private static string NextIdentity(EmulatorTable table, long first)
    {
        // As a sequence, it is not set back by a rollback.
        table.Identity = Math.Max(table.Identity + 1, first);
        return table.Identity.ToString(CultureInfo.InvariantCulture);
    }

    internal JsonElement Default(EmulatorTable table, EmulatorColumn column)
    {
        using var value = JsonDocument.Parse(column.DefaultValue switch
        {
            null => PgValues.Null,
            "identity" => NextIdentity(table, 1),
            var identity when identity.StartsWith("identity(", StringComparison.Ordinal) =>
                NextIdentity(table, long.Parse(identity["identity(".Length..].TrimEnd(')'), CultureInfo.InvariantCulture)),

            // now() is the start of the transaction: equal for all its rows.
            "now()" => JsonText.Quote(PgTime.TimestampTz(_now)),
            "gen_random_uuid()" =>
                JsonText.Quote(new Guid(Convert.FromHexString(_environment.Randomizer.NextNonce() + _environment.Randomizer.NextNonce())).ToString()),
            var json => json,
        });
        return value.RootElement.Clone();
    }

    private void Add(EmulatorTable table, EmulatorRow row)
    {
        var key = table.KeyOf(row);
        if (table.Rows.ContainsKey(key))
        {
            throw new InvalidOperationException($"23505 (unique_violation) duplicate key value violates unique constraint \"{table.Name}_pkey\"");
        }

        RequireUnique(table, row, null);

        foreach (var one in Holders(table, row))
        {
            one.Rows.Add(key, row);
            Writes.Add((one, key, row));
            _undo.Push(() => one.Rows.Remove(key));
        }
    }

    /// <summary>No two rows are equal in a unique constraint's columns; null is equal to nothing.</summary>
    private static void RequireUnique(EmulatorTable table, EmulatorRow row, EmulatorRow? old)
    {
        foreach (var columns in table.UniqueKeys.Where(k => k.All(i => row.RestCells[i] != PgValues.Null)))
        {
            var key = table.KeyOf(row, columns);
            if (table.Rows.Values.Any(r => !ReferenceEquals(r, old) && table.KeyOf(r, columns) == key))
            {
                var name = string.Join('_', columns.Select(i => table.Columns[i].Name));
                throw new InvalidOperationException($"23505 (unique_violation) duplicate key value violates unique constraint \"{table.Name}_{name}_key\"");
            }
        }
    }

    private void Remove(EmulatorTable table, EmulatorRow row)
    {
        var key = KeyOf(table, row);
        foreach (var one in Holders(table, row))
        {
            var position = one.Rows.IndexOf(key);
            one.Rows.RemoveAt(position);
            Writes.Add((one, key, null));
            _undo.Push(() => one.Rows.Insert(position, key, row));
        }
    }

    private void Replace(EmulatorTable table, EmulatorRow old, EmulatorRow updated)
    {
        var key = KeyOf(table, old);
        if ((table.KeyColumns.Length > 0 && table.KeyOf(updated) != key) || table.PartitionOf(old) != table.PartitionOf(updated))
        {
            Remove(table, old);
            Add(table, updated);
            return;
        }

        RequireUnique(table, updated, old);
        foreach (var one in Holders(table, old))
        {
            one.Rows[key] = updated;
            Writes.Add((one, key, updated));
            _undo.Push(() => one.Rows[key] = old);
        }
    }

    // A row of a partitioned table is also one of its partition.
    private static IEnumerable<EmulatorTable> Holders(EmulatorTable table, EmulatorRow row) =>
        table.PartitionOf(row) is { } partition ? [table, partition] : [table];

    private static void RequireIdentity(EmulatorTable table, EmulatorRow row, string what, string published)
    {
        var logged = table.PartitionOf(row) ?? table;
        if (logged.IsPublished && logged.IdentityColumns.Length == 0)
        {
            throw new InvalidOperationException(
                $"55000 (object_not_in_prerequisite_state) cannot {what} table \"{logged.Name}\" because it does not have a replica identity and publishes {published}");
        }
    }

    private void Log(EmulatorTable table, string type, EmulatorRow? newRow, EmulatorRow? old)
    {
        var (from, to) = (old is null ? null : table.PartitionOf(old), newRow is null ? null : table.PartitionOf(newRow));
        if (from is not null && to is not null && from != to)
        {
            Log(from, "DELETE", null, old);
            Log(to, "INSERT", newRow, null);
            return;
        }

        table = to ?? from ?? table;
        if (table.IsPublished)
        {
            _changes.Add(new EmulatorChange(table, type, InLog(table, newRow, old), old, table.IdentityColumns, PgTime.Commit(_now)));
        }
    }

    /// <summary>The new row without the long values that an UPDATE left alone, unless the replica identity has them.</summary>
    private static EmulatorRow? InLog(EmulatorTable table, EmulatorRow? row, EmulatorRow? old)
    {
        if (row is null || old is null)
        {
            return row;
        }

        int[] absent = [.. table.OutOfLine.Except(table.IdentityColumns).Except(table.KeyColumns)
            .Where(i => row.Cells[i] != PgValues.Null && row.Cells[i] == old.Cells[i])];
        if (absent.Length == 0)
        {
            return row;
        }

        var cells = (string[])row.Cells.Clone();
        Array.ForEach(absent, i => cells[i] = PgValues.Absent);
        return new EmulatorRow(row.Table, cells, row.RestCells);
    }
}
