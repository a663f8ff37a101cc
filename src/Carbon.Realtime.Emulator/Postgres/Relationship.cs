using System.Net;
using Carbon.Realtime.Testing.Emulation.Rest;
using Npgsql;

namespace Carbon.Realtime.Emulator.Postgres;

/// <summary>A foreign key of a relation, or of another one to it.</summary>
/// <param name="Constraint">Its name.</param>
/// <param name="IsToOne">Whether the relation has the key; else the other one has it.</param>
/// <param name="Schema">Of the other relation.</param>
/// <param name="Table">The other relation.</param>
/// <param name="Columns">Of the relation.</param>
/// <param name="OtherColumns">Of the other one, in the same order.</param>
internal sealed record Relationship(string Constraint, bool IsToOne, string Schema, string Table, string[] Columns, string[] OtherColumns)
{
    private const string Sql =
        """
        select k.conname::text, k.conrelid::int8 = $1, n.nspname::text, c.relname::text,
            array(select a.attname::text from unnest(case when k.conrelid::int8 = $1 then k.conkey else k.confkey end) with ordinality u(num, o)
                join pg_attribute a on a.attrelid::int8 = $1 and a.attnum = u.num order by o),
            array(select a.attname::text from unnest(case when k.conrelid::int8 = $1 then k.confkey else k.conkey end) with ordinality u(num, o)
                join pg_attribute a on a.attrelid = c.oid and a.attnum = u.num order by o)
        from pg_constraint k join pg_class c on c.oid = case when k.conrelid::int8 = $1 then k.confrelid else k.conrelid end
            join pg_namespace n on n.oid = c.relnamespace
        where k.contype = 'f' and k.conparentid = 0 and (k.conrelid::int8 = $1 or k.confrelid::int8 = $1)
        order by k.conname
        """;

    public static async Task<IReadOnlyList<Relationship>> LoadAsync(NpgsqlConnection connection, long oid, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = Sql;
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = oid });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        var found = new List<Relationship>();
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            found.Add(new Relationship(
                reader.GetString(0), reader.GetBoolean(1), reader.GetString(2), reader.GetString(3),
                reader.GetFieldValue<string[]>(4), reader.GetFieldValue<string[]>(5)));
        }

        return found;
    }

    /// <summary>The foreign key that an embed means: by the other table, by its column, or by its constraint.</summary>
    /// <exception cref="RestException">None, several, or one to many.</exception>
    public static Relationship Find(IReadOnlyList<Relationship> all, RestQuery query, RestSelectEmbed embed)
    {
        static bool Names(Relationship r, string name) => r.Constraint == name || (r.Columns is [var column] && column == name);
        var candidates = all.Where(r => r.IsToOne && (r.Table == embed.Relation || Names(r, embed.Relation))).ToArray();
        var meant = embed.Hint is { } hint ? [.. candidates.Where(r => r.Table == hint || Names(r, hint))] : candidates;
        return meant.Length switch
        {
            1 => meant[0],
            0 when all.Any(r => !r.IsToOne && (r.Table == embed.Relation || r.Constraint == embed.Relation)) =>
                throw RestException.NotImitated("to-many embeds"),
            0 => throw new RestException(
                HttpStatusCode.BadRequest, "PGRST200", $"Could not find a relationship between '{query.Relation}' and '{embed.Relation}' in the schema cache",
                $"Searched for a foreign key relationship between '{query.Relation}' and '{embed.Relation}' in the schema '{query.Schema}', but no matches were found."),
            _ => throw new RestException(
                HttpStatusCode.Ambiguous, "PGRST201",
                $"Could not embed because more than one relationship was found for '{query.Relation}' and '{embed.Relation}'", null,
                $"Try changing '{embed.Relation}' to one of the following: {string.Join(", ", meant.Select(r => $"'{embed.Relation}!{r.Constraint}'"))}."),
        };
    }
}
