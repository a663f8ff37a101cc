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

    /// <summary>The tables it wrote, published or not.</summary>
    internal HashSet<EmulatorTable> Changed { get; } = [];

    /// <summary>Inserts a row.</summary>
    /// <param name="table">The table's name, with its schema (<c>app.items</c>) if that is not <c>public</c>.</param>
    /// <param name="row">The values; columns that are not named get their defaults.</param>
    /// <returns>The row with its defaults.</returns>
    /// <exception cref="ArgumentException">There is no such table or column, or PostgreSQL would refuse a value.</exception>
    /// <exception cref="InvalidOperationException">The primary key exists already.</exception>
    public EmulatorRow Insert(string table, EmulatorJson row) => InsertRow(_database.Find(table), row);

    internal EmulatorRow InsertRow(EmulatorTable target, EmulatorJson row)
    {
        var draft = new RowDraft(target);
        draft.Assign(row);
        draft.Fill(column => Default(target, column));
        var inserted = draft.ToRow();
        Add(target, inserted);
        Log(target, "INSERT", inserted, null);
        return inserted;
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
            Remove(target, row);
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
        table.KeyColumns.Length > 0 ? table.KeyOf(row.Cells) : table.Rows.First(r => ReferenceEquals(r.Value, row)).Key;

    private static string NextIdentity(EmulatorTable table, long first)
    {
        // As a sequence, it is not set back by a rollback.
        table.Identity = Math.Max(table.Identity + 1, first);
        return table.Identity.ToString(CultureInfo.InvariantCulture);
    }

    private JsonElement Default(EmulatorTable table, EmulatorColumn column)
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
        var key = table.KeyOf(row.Cells);
        if (!table.Rows.TryAdd(key, row))
        {
            throw new InvalidOperationException($"23505 (unique_violation) duplicate key value violates unique constraint \"{table.Name}_pkey\"");
        }

        Changed.Add(table);
        _undo.Push(() => table.Rows.Remove(key));
    }

    private void Remove(EmulatorTable table, EmulatorRow row)
    {
        var key = KeyOf(table, row);
        var position = table.Rows.IndexOf(key);
        table.Rows.RemoveAt(position);
        Changed.Add(table);
        _undo.Push(() => table.Rows.Insert(position, key, row));
    }

    private void Replace(EmulatorTable table, EmulatorRow old, EmulatorRow updated)
    {
        var key = KeyOf(table, old);
        if (table.KeyColumns.Length == 0 || table.KeyOf(updated.Cells) == key)
        {
            table.Rows[key] = updated;
            Changed.Add(table);
            _undo.Push(() => table.Rows[key] = old);
            return;
        }

        Remove(table, old);
        Add(table, updated);
    }

    private void Log(EmulatorTable table, string type, EmulatorRow? newRow, EmulatorRow? old)
    {
        // Without an identity the log has nothing to say about a DELETE (docs/protocol.md, "Who gets a change").
        if (table.IsPublished && (type != "DELETE" || table.IdentityColumns.Length > 0))
        {
            _changes.Add(new EmulatorChange(table, type, newRow, old, table.IdentityColumns, PgTime.Commit(_now)));
        }
    }
}
