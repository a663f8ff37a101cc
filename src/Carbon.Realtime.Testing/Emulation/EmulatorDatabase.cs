using System.Text.Json;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>Tables and types of one's own by name. Guarded by the emulator's lock.</summary>
internal sealed class EmulatorDatabase
{
    public const string DefaultSchema = "public";

    private readonly Dictionary<string, PgType> _types = new(StringComparer.Ordinal);

    public List<EmulatorTable> Tables { get; } = [];

    public List<EmulatorView> Views { get; } = [];

    public void CreateEnum(string name, string[] labels) => _types.Add(name, new PgType(name, name, PgKind.Enum, labels));

    public void CreateType(string name) => _types.Add(name, new PgType(name, name, PgKind.Other));

    public void CreateTable(string schema, string name, Action<EmulatorTableBuilder> define)
    {
        RequireNew(schema, name);
        var builder = new EmulatorTableBuilder(_types);
        define(builder);
        Array.ForEach(builder.Partitions, partition => RequireNew(schema, partition));
        var table = new EmulatorTable(schema, name, builder);
        Tables.Add(table);
        if (builder.Route is { } route)
        {
            table.Partition([.. builder.Partitions.Select(partition => new EmulatorTable(schema, partition, builder))], route);
            Tables.AddRange(table.Partitions);
        }
    }

    /// <summary>Of a partitioned table, the partitions are what is published.</summary>
    public void SetPublished(string name, bool published)
    {
        var table = Find(name);
        foreach (var one in table.Partitions.Prepend(table))
        {
            one.IsPublished = published;
        }
    }

    public void CreateView(string schema, string name, Action<EmulatorViewBuilder> define)
    {
        RequireNew(schema, name);
        var builder = new EmulatorViewBuilder(new EmulatorTableBuilder(_types));
        define(builder);
        var query = builder.Query ?? throw new ArgumentException($"The view {schema}.{name} has no Rows.", nameof(define));
        Views.Add(new EmulatorView(new EmulatorTable(schema, name, builder.Shape), query));
    }

    /// <summary>Finds <c>item</c> in the default schema, or <c>app.items</c> in another.</summary>
    public EmulatorTable Find(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        return Tables.Find(t => t.Schema == DefaultSchema && t.Name == name)
            ?? (dot > 0 ? Tables.Find(t => t.Schema == name[..dot] && t.Name == name[(dot + 1)..]) : null)
            ?? throw new ArgumentException($"There is no table {name}: create it first.", nameof(name));
    }

    /// <summary>Whether there is a table of that name in that schema.</summary>
    public bool Has(string schema, string name) => Tables.Exists(t => t.Schema == schema && t.Name == name);

    /// <param name="name">A table's name without its schema; <see langword="null"/> for all of them.</param>
    /// <exception cref="ArgumentException">No schema has such a table.</exception>
    public void RequireTable(string? name) => Require(name, "table", Tables);

    /// <param name="name">A table's or a view's name without its schema.</param>
    /// <exception cref="ArgumentException">No schema has such a table or view.</exception>
    public void RequireRelation(string name) => Require(name, "table or view", [.. Tables, .. Views.Select(static v => v.Shape)]);

    private static void Require(string? table, string what, List<EmulatorTable> relations)
    {
        if (table is not null && !relations.Exists(t => t.Name == table))
        {
            var known = string.Join(", ", relations.Select(static t => t.Name).Distinct().Order(StringComparer.Ordinal));
            throw new ArgumentException($"There is no {what} {table}: create it first. There {(known.Length == 0 ? "is none yet" : "are " + known)}.", nameof(table));
        }
    }

    public static IReadOnlyList<EmulatorRow> Find(EmulatorTable table, EmulatorKey key)
    {
        if (key.Text is { } text)
        {
            return table.KeyColumns is [var column]
                ? [.. table.Rows.Values.Where(r => IsEqual(table.Columns[column].Type, r.RestCells[column], text))]
                : throw new ArgumentException($"The primary key of {table.Name} has not one column: name the columns.", nameof(key));
        }

        var wanted = (key.Columns ?? throw new ArgumentException("An empty key names no row.", nameof(key))).Element.EnumerateObject()
            .Select(p => (Index: table.Index(p.Name), p.Value))
            .Select(p => (p.Index, Cell: RowDraft.ToRestCell(table.Columns[p.Index].Type, p.Value)))
            .ToArray();
        return [.. table.Rows.Values.Where(r => wanted.All(w => IsSame(table.Columns[w.Index].Type, r.RestCells[w.Index], w.Cell)))];
    }

    /// <summary>Adds a column with its value in the rows that there are; nothing is logged.</summary>
    public void AddColumn(string name, string column, string type, string? defaultValue, EmulatorReplica replica, Func<EmulatorTable, EmulatorColumn, JsonElement> value)
    {
        var table = Find(name);
        var definition = new EmulatorTableBuilder(_types).Column(column, type, defaultValue).Columns[0];
        Alter(table, t => t.AddColumn(definition), replica, row =>
        {
            var draft = new RowDraft(row);
            draft.Fill(c => value(table, c));
            return draft.ToRow();
        });
    }

    /// <summary>Drops a column; nothing is logged.</summary>
    public void DropColumn(string name, string column, EmulatorReplica replica) =>
        Alter(Find(name), t => t.DropColumn(column), replica, static row => new RowDraft(row).ToRow());

    /// <summary>The parent of partitions is altered with all of them. Rows that two tables share stay one.</summary>
    private static void Alter(EmulatorTable table, Action<EmulatorTable> change, EmulatorReplica replica, Func<EmulatorRow, EmulatorRow> rewrite)
    {
        table = table.Parent ?? table;
        var rewritten = new Dictionary<EmulatorRow, EmulatorRow>(ReferenceEqualityComparer.Instance);
        EmulatorRow Once(EmulatorRow row) => rewritten.TryGetValue(row, out var known) ? known : rewritten[row] = rewrite(row);
        foreach (var one in table.Partitions.Prepend(table))
        {
            change(one);
        }

        foreach (var one in table.Partitions.Prepend(table))
        {
            one.Rewrite(Once);
            replica.Rewrite(one, Once);
        }
    }

    private static bool IsEqual(PgType type, string cell, string text) =>
        PgValues.ToText(cell) is { } value && PgValues.CastError(type, text) is null && Rest.RestValues.Compare(type, value, text) == 0;

    private static bool IsSame(PgType type, string cell, string wanted) => PgValues.ToKey(type, cell) == PgValues.ToKey(type, wanted);

    private void RequireNew(string schema, string name)
    {
        if (Tables.Concat(Views.Select(static v => v.Shape)).Any(t => t.Schema == schema && t.Name == name))
        {
            throw new ArgumentException($"The relation {schema}.{name} exists already.", nameof(name));
        }
    }
}
