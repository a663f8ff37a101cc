using System.Text.Json.Nodes;

namespace Carbon.Realtime.Testing.Emulation;

internal sealed record EmulatorColumn(string Name, PgType Type, string? DefaultValue, Func<EmulatorRow, JsonNode?>? Generated = null)
{
    /// <summary>A dropped column keeps its place, as in PostgreSQL: what was logged, subscribed or compiled by places stays right.</summary>
    public bool IsDropped { get; init; }
}

/// <summary>A foreign key of one column; PostgREST embeds by it.</summary>
internal sealed record EmulatorForeignKey(string Column, string Table, string TargetColumn);

/// <summary>A table's definition and its rows. Guarded by the emulator's lock.</summary>
internal sealed class EmulatorTable
{
    private readonly Dictionary<string, int> _index;
    private readonly Func<string, string, bool>? _privilege;
    private Func<EmulatorRow, string>? _route;
    private bool _isIdentityFull;

    public EmulatorTable(string schema, string name, EmulatorTableBuilder definition)
    {
        Schema = schema;
        Name = name;
        Columns = [.. definition.Columns];
        _index = Columns.Select(static (c, i) => (c.Name, i)).ToDictionary(static c => c.Name, static c => c.i, StringComparer.Ordinal);
        KeyColumns = [.. definition.Key.Select(Index)];
        SetIdentity(definition.Identity, definition.IdentityIndex);
        OutOfLine = [.. definition.OutOfLine.Select(Index)];
        Policy = definition.Policy;
        _privilege = definition.Privilege;
        UniqueKeys = [.. definition.UniqueKeys.Append(definition.IdentityIndex ?? []).Where(static k => k.Length > 0).Select(k => k.Select(Index).ToArray())];
        IsPublished = definition.IsPublished;
        ForeignKeys = [.. definition.ForeignKeys];
        foreach (var foreign in ForeignKeys)
        {
            Index(foreign.Column);
        }
    }

    /// <summary>Tells a table of a database from others, whatever became of its definition; none for those in memory.</summary>
    public uint? Oid { get; init; }

    public string Schema { get; }

    public string Name { get; }

    public EmulatorColumn[] Columns { get; private set; }

    public int[] KeyColumns { get; private set; }

    /// <summary>Columns that are unique together, besides the primary key.</summary>
    public int[][] UniqueKeys { get; private set; }

    /// <summary>The columns that an old row carries in the log.</summary>
    public int[] IdentityColumns { get; private set; } = [];

    /// <summary>Columns whose values the log has only when they change.</summary>
    public int[] OutOfLine { get; }

    public Func<EmulatorClaims, EmulatorRow, bool>? Policy { get; }

    public bool IsPublished { get; set; }

    public IReadOnlyList<EmulatorTable> Partitions { get; private set; } = [];

    public bool IsPartitioned => _route is not null;

    /// <summary>Of a partition, the table that it is one of.</summary>
    public EmulatorTable? Parent { get; private set; }

    public EmulatorForeignKey[] ForeignKeys { get; private set; }

    /// <summary>Rows by key, in the order of their insertion.</summary>
    public OrderedDictionary<string, EmulatorRow> Rows { get; } = new(StringComparer.Ordinal);

    /// <summary>The last number given by an <c>identity</c> default.</summary>
    public long Identity { get; set; } = long.MinValue;

    /// <summary>Names rows of a table without a primary key.</summary>
    public long LastRowId { get; set; }

    public int Index(string column) =>
        _index.TryGetValue(column, out var index) ? index : throw new ArgumentException(
            $"The table {Name} has no column {column}; it has {string.Join(", ", Columns.Where(static c => !c.IsDropped).Select(static c => c.Name))}.", nameof(column));

    public bool TryGetIndex(string column, out int index) => _index.TryGetValue(column, out index);

    public bool IsSame(EmulatorTable other) => ReferenceEquals(this, other) || (Oid is { } oid && oid == other.Oid);

    public bool MaySelect(string role, int column) => !Columns[column].IsDropped && (_privilege is null || _privilege(role, Columns[column].Name));

    /// <summary>Whether a role may select anything of it.</summary>
    public bool IsReadableBy(string role) => Enumerable.Range(0, Columns.Length).Any(c => MaySelect(role, c));

    /// <summary>Equal for rows that the primary key takes for equal; a new name for each row where there is none.</summary>
    public string KeyOf(EmulatorRow row) => KeyColumns.Length == 0 ? $"row {++LastRowId}" : KeyOf(row, KeyColumns);

    /// <summary>Equal for rows that are equal in these columns.</summary>
    public string KeyOf(EmulatorRow row, int[] columns) => string.Join('\n', columns.Select(i => PgValues.ToKey(Columns[i].Type, row.RestCells[i])));

    /// <param name="identity">The identity, unless it is an index.</param>
    /// <param name="index">The columns of the index that takes its place.</param>
    public void SetIdentity(EmulatorReplicaIdentity identity, string[]? index)
    {
        _isIdentityFull = index is null && identity == EmulatorReplicaIdentity.Full;
        IdentityColumns = index is not null
            ? [.. index.Select(Index)]
            : identity switch
            {
                EmulatorReplicaIdentity.Full => [.. Enumerable.Range(0, Columns.Length).Where(i => !Columns[i].IsDropped)],
                EmulatorReplicaIdentity.Nothing => [],
                _ => KeyColumns,
            };
    }

    /// <summary>Adds a column at the end. The rows are the caller's to change.</summary>
    /// <exception cref="ArgumentException">There is one of that name.</exception>
    public void AddColumn(EmulatorColumn column)
    {
        if (!_index.TryAdd(column.Name, Columns.Length))
        {
            throw new ArgumentException($"42701 (duplicate_column) column \"{column.Name}\" of relation \"{Name}\" already exists", nameof(column));
        }

        Columns = [.. Columns, column];
        IdentityColumns = _isIdentityFull ? [.. IdentityColumns, Columns.Length - 1] : IdentityColumns;
    }

    /// <summary>Drops a column, and with it the keys that it is part of. The rows are the caller's to change.</summary>
    public void DropColumn(string name)
    {
        var dropped = Index(name);
        _index.Remove(name);
        Columns = [.. Columns.Select((c, i) => i == dropped ? c with { IsDropped = true } : c)];
        IdentityColumns = _isIdentityFull ? [.. IdentityColumns.Where(i => i != dropped)] : IdentityColumns.Contains(dropped) ? [] : IdentityColumns;
        KeyColumns = KeyColumns.Contains(dropped) ? [] : KeyColumns;
        UniqueKeys = [.. UniqueKeys.Where(k => !k.Contains(dropped))];
        ForeignKeys = [.. ForeignKeys.Where(k => k.Column != name)];
    }

    /// <summary>Rewrites the rows, in their order, under the keys that they have now.</summary>
    public void Rewrite(Func<EmulatorRow, EmulatorRow> rewrite)
    {
        var rows = Rows.ToArray();
        Rows.Clear();
        foreach (var (key, row) in rows)
        {
            var rewritten = rewrite(row);
            Rows.Add(KeyColumns.Length == 0 ? key : KeyOf(rewritten), rewritten);
        }
    }

    /// <summary>Makes this table a partitioned one. Its rows are also those of their partitions, and the log knows the partitions only.</summary>
    /// <param name="partitions">The partitions.</param>
    /// <param name="route">Names the partition of a row.</param>
    public void Partition(IEnumerable<EmulatorTable> partitions, Func<EmulatorRow, string> route)
    {
        Partitions = [.. partitions];
        _route = route;
        foreach (var partition in Partitions)
        {
            partition.Parent = this;
        }
    }

    /// <summary>The partition of a row; <see langword="null"/> where there are none.</summary>
    /// <exception cref="ArgumentException">No partition takes the row.</exception>
    public EmulatorTable? PartitionOf(EmulatorRow row)
    {
        if (_route is null)
        {
            return null;
        }

        var name = _route(row);
        return Partitions.FirstOrDefault(p => p.Name == name)
            ?? throw new ArgumentException($"23514 (check_violation) no partition of relation \"{Name}\" found for row");
    }
}
