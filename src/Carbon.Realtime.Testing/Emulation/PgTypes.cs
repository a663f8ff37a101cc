namespace Carbon.Realtime.Testing.Emulation;

internal enum PgKind
{
    Text,
    Integer,
    Numeric,
    Float,
    Bool,
    Uuid,
    Timestamp,
    Date,
    Json,
    Enum,
    Array,
    Other,
}

/// <summary>What the emulator knows of a PostgreSQL type: its name in <c>columns</c>, its name in error texts, and how values compare.</summary>
internal sealed record PgType(string Name, string SqlName, PgKind Kind, IReadOnlyList<string>? Labels = null, PgType? Element = null)
{
    /// <summary>Types whose values are passed on and compared as text.</summary>
    private static readonly string[] Passed =
    [
        "bit", "box", "bytea", "cidr", "circle", "daterange", "inet", "int4multirange", "int4range", "int8range", "interval", "line", "lseg", "macaddr", "money",
        "numrange", "oid", "path", "pg_lsn", "point", "polygon", "time", "timetz", "tsquery", "tsrange", "tstzrange", "tsvector", "varbit", "xml",
    ];

    private static readonly Dictionary<string, PgType> Known = ((PgType[])
    [
        new("text", "text", PgKind.Text),
        new("varchar", "character varying", PgKind.Text),
        new("bpchar", "character", PgKind.Text),
        new("citext", "citext", PgKind.Text),
        new("name", "name", PgKind.Text),
        new("int2", "smallint", PgKind.Integer),
        new("int4", "integer", PgKind.Integer),
        new("int8", "bigint", PgKind.Integer),
        new("numeric", "numeric", PgKind.Numeric),
        new("float4", "real", PgKind.Float),
        new("float8", "double precision", PgKind.Float),
        new("bool", "boolean", PgKind.Bool),
        new("uuid", "uuid", PgKind.Uuid),
        new("timestamptz", "timestamp with time zone", PgKind.Timestamp),
        new("timestamp", "timestamp without time zone", PgKind.Timestamp),
        new("date", "date", PgKind.Date),
        new("json", "json", PgKind.Json),
        new("jsonb", "jsonb", PgKind.Json),
        .. Passed.Select(static name => new PgType(name, name, PgKind.Other)),
    ]).ToDictionary(static t => t.Name, StringComparer.Ordinal);

    private static readonly Dictionary<string, string> Aliases = new(StringComparer.Ordinal)
    {
        ["smallint"] = "int2",
        ["integer"] = "int4",
        ["int"] = "int4",
        ["bigint"] = "int8",
        ["boolean"] = "bool",
        ["real"] = "float4",
        ["double precision"] = "float8",
        ["character varying"] = "varchar",
        ["char"] = "bpchar",
        ["timestamp with time zone"] = "timestamptz",
        ["timestamp without time zone"] = "timestamp",
    };

    public bool IsTextCompatible => Kind == PgKind.Text;

    /// <exception cref="ArgumentException">There is no such type; the message says which there are.</exception>
    public static PgType Find(string name, IReadOnlyDictionary<string, PgType> own)
    {
        if (name.EndsWith("[]", StringComparison.Ordinal))
        {
            return Find("_" + name[..^2], own);
        }

        if (name.StartsWith('_'))
        {
            var element = Find(name[1..], own);
            return new PgType("_" + element.Name, element.SqlName + "[]", PgKind.Array, Element: element);
        }

        name = Aliases.GetValueOrDefault(name, name);
        return own.GetValueOrDefault(name) ?? Known.GetValueOrDefault(name) ?? throw new ArgumentException(
            $"There is no type '{name}'. The emulator has {string.Join(", ", Known.Keys.Order(StringComparer.Ordinal))}, without lengths; "
            + "an array is _text, or text[]; CreateEnum makes an enum, and CreateType a domain or a composite type.",
            nameof(name));
    }
}
