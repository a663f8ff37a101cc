using Carbon.Realtime.Testing;
using Carbon.Realtime.Testing.Emulation;
using Npgsql;

namespace Carbon.Realtime.Emulator.Postgres;

/// <summary>A table's generated column: the log lacks it, so that it is computed again.</summary>
internal sealed record GeneratedColumn(int Index, string Expression);

/// <summary>What the emulator's own description of a table does not say.</summary>
/// <param name="Table">The emulator's description. A column's index is its number less one, so that it stays when others are dropped or added.</param>
/// <param name="IsPartitioned">Rows are in its partitions.</param>
/// <param name="SqlTypes">The columns' types with their lengths; none for dropped columns.</param>
/// <param name="Generated">Its generated columns.</param>
internal sealed record CatalogTable(EmulatorTable Table, bool IsPartitioned, string?[] SqlTypes, IReadOnlyList<GeneratedColumn> Generated);

/// <summary>Tables as the database describes them at one moment. What was true a moment ago is of no use: polls and subscriptions load it again.</summary>
/// <param name="Tables">By object id.</param>
/// <param name="Roles">Those of the asked-for roles that exist.</param>
internal sealed record PostgresCatalog(IReadOnlyDictionary<uint, CatalogTable> Tables, IReadOnlyList<string> Roles)
{
    private const string Relations =
        """
        with relation as (
            select c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity,
                exists(select 1 from pg_publication_tables p where p.pubname = $1 and p.schemaname = n.nspname and p.tablename = c.relname) as published
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relkind in ('r', 'p') and ($2::int8[] is null or c.oid::int8 = any($2)))
        """;

    private const string RelationsQuery =
        Relations + " select oid::int8, nspname::text, relname::text, relkind = 'p', relrowsecurity, published from relation where published or $2 is not null";

    private const string ColumnsQuery = Relations +
        """
        select a.attrelid::int8, a.attnum::int4, a.attname::text, t.typname::text, a.atttypid::regtype::text, format_type(a.atttypid, a.atttypmod),
            case when t.typcategory = 'A' and t.typelem <> 0 and t.typlen = -1 then e.typname::text end, t.typelem::regtype::text,
            coalesce(a.attnum = any(i.indkey), false), case when a.attgenerated = 's' then pg_get_expr(d.adbin, d.adrelid) end
        from relation r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0
            left join pg_type t on t.oid = a.atttypid left join pg_type e on e.oid = t.typelem
            left join pg_index i on i.indrelid = r.oid and i.indisprimary left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
        where r.published or $2 is not null
        order by a.attrelid, a.attnum
        """;

    private const string PrivilegesQuery = Relations +
        """
        select o.rolname::text, a.attrelid::int8, a.attname::text
        from relation r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped cross join pg_roles o
        where o.rolname = any($3) and (r.published or $2 is not null) and has_column_privilege(o.oid, a.attrelid, a.attnum, 'SELECT')
        """;

    /// <summary>Loads the tables of the publication, or given ones.</summary>
    public static async Task<PostgresCatalog> LoadAsync(
        NpgsqlConnection connection, string publication, uint[]? tables, string[] roles, CancellationToken cancellationToken)
    {
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(Command(RelationsQuery));
        batch.BatchCommands.Add(Command(ColumnsQuery));
        batch.BatchCommands.Add(Command(PrivilegesQuery, new NpgsqlParameter<string[]> { TypedValue = roles }));
        batch.BatchCommands.Add(new NpgsqlBatchCommand("select rolname::text from pg_roles where rolname = any($1)")
        {
            Parameters = { new NpgsqlParameter<string[]> { TypedValue = roles } },
        });
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        var drafts = new Dictionary<uint, Draft>();
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            drafts.Add((uint)reader.GetInt64(0),
                new Draft(reader.GetString(1), reader.GetString(2), reader.GetBoolean(3), reader.GetBoolean(4), reader.GetBoolean(5)));
        }

        await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            // A table that was made between the two statements is not there yet.
            drafts.GetValueOrDefault((uint)reader.GetInt64(0))?.AddColumn(reader);
        }

        await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            drafts.GetValueOrDefault((uint)reader.GetInt64(1))?.Privileges.Add((reader.GetString(0), reader.GetString(2)));
        }

        await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
        var existing = new List<string>();
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            existing.Add(reader.GetString(0));
        }

        return new PostgresCatalog(drafts.ToDictionary(static d => d.Key, static d => d.Value.ToTable(d.Key)), existing);

        NpgsqlBatchCommand Command(string sql, params NpgsqlParameter[] more)
        {
            var command = new NpgsqlBatchCommand(sql);
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = publication });
            command.Parameters.Add(new NpgsqlParameter
            {
                NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Bigint,
                Value = tables is null ? DBNull.Value : tables.Select(static t => (long)t).ToArray(),
            });
            foreach (var parameter in more)
            {
                command.Parameters.Add(parameter);
            }

            return command;
        }
    }

    private static PgType TypeOf(string name, string sqlName, string? element, string? elementSqlName) => element is not null
        ? new PgType(name, sqlName, PgKind.Array, Element: TypeOf(element, elementSqlName!, null, null))
        : new PgType(name, sqlName, name switch
        {
            "text" or "varchar" or "bpchar" or "citext" or "name" => PgKind.Text,
            "bool" => PgKind.Bool,
            _ => PgKind.Other,
        });

    private sealed class Draft(string schema, string name, bool isPartitioned, bool hasRowSecurity, bool isPublished)
    {
        private readonly EmulatorTableBuilder _builder = new(new Dictionary<string, PgType>());
        private readonly List<string> _key = [];
        private readonly List<string?> _sqlTypes = [];
        private readonly List<GeneratedColumn> _generated = [];

        public HashSet<(string Role, string Column)> Privileges { get; } = [];

        public void AddColumn(NpgsqlDataReader row)
        {
            var column = row.GetString(2);
            var isDropped = row.IsDBNull(3);
            _builder.Columns.Add(new EmulatorColumn(column, isDropped
                ? new PgType("-", "-", PgKind.Other)
                : TypeOf(row.GetString(3), row.GetString(4), row.IsDBNull(6) ? null : row.GetString(6), row.GetString(7)), null));
            _sqlTypes.Add(isDropped ? null : row.GetString(5));
            if (row.GetBoolean(8))
            {
                _key.Add(column);
            }

            if (!row.IsDBNull(9))
            {
                _generated.Add(new GeneratedColumn(_builder.Columns.Count - 1, row.GetString(9)));
            }
        }

        public CatalogTable ToTable(uint oid)
        {
            _builder.PrimaryKey([.. _key]).Published(isPublished).SelectPrivilege((role, column) => Privileges.Contains((role, column)));
            if (hasRowSecurity)
            {
                _builder.RowLevelSecurity(static (_, _) => throw new InvalidOperationException("The database judges its policies."));
            }

            return new CatalogTable(new EmulatorTable(schema, name, _builder) { Oid = oid }, isPartitioned, [.. _sqlTypes], _generated);
        }
    }
}
