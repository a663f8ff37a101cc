using System.Data;
using System.Globalization;
using System.Net;
using Carbon.Realtime.Testing.Emulation.Rest;
using Npgsql;

namespace Carbon.Realtime.Emulator.Postgres;

/// <summary>
/// Reads pages as PostgREST does: one statement for rows and count, in a read-only transaction as the reader's role with its claims. What it refuses and
/// in which words is the database's.
/// </summary>
internal sealed class PageReader(PostgresSession session)
{
    private const string FindSql =
        """
        select c.oid::int8, c.relkind in ('r', 'p') from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'v', 'm', 'f', 'p')
        """;

    /// <exception cref="RestException">The read is refused.</exception>
    public async Task<RestPage> ReadAsync(RestQuery query, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await session.OpenAsync(cancellationToken).ConfigureAwait(false);
            var relationships = await FindAsync(connection, query, cancellationToken).ConfigureAwait(false);
            var sql = new PageSql(query, relationships);
            var form = query.Form();
            return await ReadAsync(connection, query, sql, form, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException e)
        {
            throw SqlStates.ToRest(e, query.Reader.Role == "anon");
        }
        catch (NpgsqlException e)
        {
            throw new RestException(HttpStatusCode.ServiceUnavailable, "PGRST000", "Database connection error. Retrying the connection.", e.Message);
        }
    }

    /// <summary>PostgREST's schema cache, which is never stale here.</summary>
    private static async Task<IReadOnlyList<Relationship>> FindAsync(NpgsqlConnection connection, RestQuery query, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = FindSql;
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = query.Schema });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = query.Relation });
        long oid;
        bool isTable;
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false))
        {
            if (!await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                throw query.UnknownRelation();
            }

            (oid, isTable) = (reader.GetInt64(0), reader.GetBoolean(1));
        }

        if (!query.Parameters.Select.OfType<RestSelectEmbed>().Any())
        {
            return [];
        }

        return isTable
            ? await Relationship.LoadAsync(connection, oid, cancellationToken).ConfigureAwait(false)
            : throw RestException.NotImitated("embeds of views");
    }

    private static async Task<RestPage> ReadAsync(
        NpgsqlConnection connection, RestQuery query, PageSql sql, RestForm form, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken).ConfigureAwait(false);
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand("set transaction read only"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand("select set_config('search_path', $1, true)")
        {
            Parameters = { new NpgsqlParameter<string> { TypedValue = $"{SqlText.Name(query.Schema)}, public, extensions" } },
        });
        batch.BatchCommands.Add(ClaimsSql.Take(query.Reader.Role, query.Reader.Json));
        var page = new NpgsqlBatchCommand(sql.ToString(form.Preferences.Counts));
        foreach (var value in sql.Values)
        {
            // A text without a type: the database gives it the column's.
            page.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Unknown, Value = value });
        }

        batch.BatchCommands.Add(page);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
        await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
        await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        return new RestPage(form, reader.GetFieldValue<string[]>(0), reader.IsDBNull(1) ? null : int.Parse(reader.GetString(1), CultureInfo.InvariantCulture));
    }
}
