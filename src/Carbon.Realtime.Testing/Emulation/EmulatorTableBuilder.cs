using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Carbon.Realtime.Testing.Emulation;

namespace Carbon.Realtime.Testing;

/// <summary>Describes a table for <see cref="RealtimeEmulator.CreateTable"/>.</summary>
/// <remarks>Without further calls a table is published, has no primary key, no row level security and the default replica identity.</remarks>
public sealed class EmulatorTableBuilder
{
    private readonly IReadOnlyDictionary<string, PgType> _types;

    internal EmulatorTableBuilder(IReadOnlyDictionary<string, PgType> types) => _types = types;

    internal List<EmulatorColumn> Columns { get; } = [];

    internal List<EmulatorForeignKey> ForeignKeys { get; } = [];

    internal string[] Key { get; private set; } = [];

    internal EmulatorReplicaIdentity Identity { get; private set; }

    internal string[]? IdentityIndex { get; private set; }

    internal List<string[]> UniqueKeys { get; } = [];

    internal List<string> OutOfLine { get; } = [];

    internal string[] Partitions { get; private set; } = [];

    internal Func<EmulatorRow, string>? Route { get; private set; }

    internal bool IsPublished { get; private set; } = true;

    internal Func<EmulatorClaims, EmulatorRow, bool>? Policy { get; private set; }

    internal Func<string, string, bool>? Privilege { get; private set; }

    /// <summary>Adds a column.</summary>
    /// <param name="name">Its name, case sensitive.</param>
    /// <param name="type">
    /// The PostgreSQL type's short name: <c>text</c>, <c>int4</c>, <c>int8</c>, <c>numeric</c>, <c>bool</c>, <c>timestamptz</c>, <c>uuid</c>, <c>jsonb</c>,
    /// a type of <see cref="RealtimeEmulator.CreateEnum"/> or <see cref="RealtimeEmulator.CreateType"/>, <c>_text</c> for an array of them.
    /// </param>
    /// <param name="defaultValue">
    /// What a row gets that does not name the column: the text of a JSON value, or <c>now()</c>, <c>gen_random_uuid()</c>, or <c>identity</c>
    /// for the next number, <c>identity(100)</c> to begin with 100. Default null.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The column was added already, the default is none, or there is no such type; the message says which there are.
    /// </exception>
    public EmulatorTableBuilder Column(string name, string type, string? defaultValue = null)
    {
        Add(name, type, defaultValue, null);
        return this;
    }

    /// <summary>Adds a column that is computed from the row at every write: <c>GENERATED ALWAYS AS … STORED</c>. Writing it is refused.</summary>
    /// <param name="name">Its name, case sensitive.</param>
    /// <param name="type">As for <see cref="Column"/>.</param>
    /// <param name="value">Computes it from the other columns; must not wait.</param>
    public EmulatorTableBuilder GeneratedColumn(string name, string type, Func<EmulatorRow, JsonNode?> value)
    {
        ArgumentNullException.ThrowIfNull(value);
        Add(name, type, null, value);
        return this;
    }

    /// <summary>Declares a foreign key, by which reads may embed the row it names (<c>select=*,other(name)</c>). It is not enforced.</summary>
    /// <param name="column">The column that holds the key.</param>
    /// <param name="table">The other table, in the same schema; it may be created later.</param>
    /// <param name="targetColumn">The other table's column.</param>
    public EmulatorTableBuilder ForeignKey(string column, string table, string targetColumn = "id")
    {
        ArgumentException.ThrowIfNullOrEmpty(column);
        ArgumentException.ThrowIfNullOrEmpty(table);
        ArgumentException.ThrowIfNullOrEmpty(targetColumn);
        ForeignKeys.Add(new EmulatorForeignKey(column, table, targetColumn));
        return this;
    }

    /// <summary>Names the columns of the primary key.</summary>
    public EmulatorTableBuilder PrimaryKey(params string[] columns)
    {
        Key = columns;
        return this;
    }

    /// <summary>Names columns that are unique together, rows with a null among them apart. Several calls make several constraints.</summary>
    public EmulatorTableBuilder Unique(params string[] columns)
    {
        ArgumentOutOfRangeException.ThrowIfZero(columns.Length, nameof(columns));
        UniqueKeys.Add(columns);
        return this;
    }

    /// <summary>Old rows carry all columns.</summary>
    public EmulatorTableBuilder ReplicaIdentityFull()
    {
        Identity = EmulatorReplicaIdentity.Full;
        IdentityIndex = null;
        return this;
    }

    /// <summary>Old rows carry the primary key: PostgreSQL's default.</summary>
    public EmulatorTableBuilder ReplicaIdentityDefault()
    {
        Identity = EmulatorReplicaIdentity.Default;
        IdentityIndex = null;
        return this;
    }

    /// <summary>Old rows carry nothing: rows of a published table cannot be updated or deleted.</summary>
    public EmulatorTableBuilder ReplicaIdentityNothing()
    {
        Identity = EmulatorReplicaIdentity.Nothing;
        IdentityIndex = null;
        return this;
    }

    /// <summary>Old rows carry the columns of a unique index, without the primary key
    /// (docs/protocol.md, "Thirty facts", fact 22).</summary>
    public EmulatorTableBuilder ReplicaIdentityIndex(params string[] columns)
    {
        IdentityIndex = columns;
        return this;
    }

    /// <summary>Turns row level security on.</summary>
    /// <param name="policy">
    /// Whether the holder of these claims may read the row. Judged when the change is polled, on the row as it is then
    /// (docs/protocol.md, "Who gets a change");
    /// not asked for <c>service_role</c>. A read is judged when it is made. Runs under the emulator's lock: it must be quick and must not wait, and may
    /// read the emulator's tables.
    /// </param>
    public EmulatorTableBuilder RowLevelSecurity(Func<EmulatorClaims, EmulatorRow, bool> policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        Policy = policy;
        return this;
    }

    /// <summary>Limits which columns a role may SELECT. Without it, every role may select every column.</summary>
    /// <remarks>
    /// A role that may select no column has no privilege on the table: its reads are refused with 42501, 401 for <c>anon</c> and 403 for others.
    /// </remarks>
    /// <param name="privilege">Whether a role (first) may select a column (second).</param>
    public EmulatorTableBuilder SelectPrivilege(Func<string, string, bool> privilege)
    {
        ArgumentNullException.ThrowIfNull(privilege);
        Privilege = privilege;
        return this;
    }

    /// <summary>Whether the table is in the publication <c>supabase_realtime</c>.</summary>
    public EmulatorTableBuilder Published(bool published = true)
    {
        IsPublished = published;
        return this;
    }

    /// <summary>
    /// Values of these columns are so long that PostgreSQL stores them out of line: an UPDATE that leaves one alone does not have it in <c>record</c>,
    /// unless the replica identity carries it (docs/protocol.md, "Who gets a change").
    /// </summary>
    public EmulatorTableBuilder StoredOutOfLine(params string[] columns)
    {
        OutOfLine.AddRange(columns);
        return this;
    }

    /// <summary>
    /// Parts the table. Changes come under the partitions' names, which can be subscribed, and the table itself cannot; a row that moves is a DELETE
    /// on one and an INSERT on the other (docs/protocol.md, "Names").
    /// </summary>
    /// <param name="partition">Names the partition of a row; must not wait.</param>
    /// <param name="names">The partitions, tables of the same schema with the same columns, key, policy and privileges.</param>
    public EmulatorTableBuilder PartitionedBy(Func<EmulatorRow, string> partition, params string[] names)
    {
        ArgumentNullException.ThrowIfNull(partition);
        ArgumentOutOfRangeException.ThrowIfZero(names.Length, nameof(names));
        Route = partition;
        Partitions = names;
        return this;
    }

    private void Add(string name, string type, string? defaultValue, Func<EmulatorRow, JsonNode?>? generated)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(type);
        if (Columns.Any(c => c.Name == name))
        {
            throw new ArgumentException($"The column {name} was added already.", nameof(name));
        }

        Columns.Add(new EmulatorColumn(name, PgType.Find(type, _types), Checked(defaultValue, name), generated));
    }

    private static string? Checked(string? defaultValue, string column)
    {
        const string Identity = "identity(";
        if (defaultValue is null or "now()" or "gen_random_uuid()" or "identity"
            || (defaultValue.StartsWith(Identity, StringComparison.Ordinal) && defaultValue.EndsWith(')')
                && long.TryParse(defaultValue.AsSpan()[Identity.Length..^1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
            || JsonText.TryParse(Encoding.UTF8.GetBytes(defaultValue), out _))
        {
            return defaultValue;
        }

        throw new ArgumentException(
            $"The default of the column {column} is '{defaultValue}': it must be the text of a JSON value, now(), gen_random_uuid(), identity, or identity(100).",
            nameof(defaultValue));
    }
}
