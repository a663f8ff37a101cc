using System.Data;
using System.Globalization;
using System.Net;
using System.Threading.Channels;
using Carbon.Realtime.Testing.Emulation.Rest;
using Npgsql;

namespace Carbon.Realtime.Emulator.Postgres;

/// <summary>
/// Reads pages as PostgREST does: one statement for rows and count, in a read-only transaction as the reader's role with its claims. What it refuses and
/// in which words is the database's.
/// </summary>
/// <remarks>
/// As there, reads share few connections, and who finds none waits its turn: many readers must neither take the server's connections from others nor fail.
/// </remarks>
internal sealed class PageReader
{
    // PostgREST's db-pool-acquisition-timeout.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private const string FindSql =
        """
        select c.oid::int8, c.relkind in ('r', 'p') from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'v', 'm', 'f', 'p')
        """;

    private readonly PostgresSession _session;
    private readonly TimeProvider _time;
    private readonly Channel<bool> _free;

    public PageReader(PostgresSession session, TimeProvider time)
    {
        _session = session;
        _time = time;
        _free = Channel.CreateBounded<bool>(session.ReadConnections);
        while (_free.Writer.TryWrite(true))
        {
            // As many turns as there may be connections.
        }
    }

    /// <exception cref="RestException">The read is refused.</exception>
    public async Task<RestPage> ReadAsync(RestQuery query, CancellationToken cancellationToken)
    {
        await WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await using var connection = await OpenAsync(cancellationToken).ConfigureAwait(false);
            return await ReadAsync(connection, query, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _free.Writer.TryWrite(true);
        }
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await _free.Reader.ReadAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RestException(HttpStatusCode.GatewayTimeout, "PGRST003", "Timed out acquiring connection from connection pool.");
        }
    }

    private async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _session.OpenReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (NpgsqlException e)
        {
            // Whatever the server says to one who may not in: PostgREST has no connection then.
            throw new RestException(HttpStatusCode.ServiceUnavailable, "PGRST000", "Database connection error. Retrying the connection.", e.Message)
            {
                RetryAfter = SqlStates.RetryAfter,
            };
        }
    }

    private static async Task<RestPage> ReadAsync(NpgsqlConnection connection, RestQuery query, CancellationToken cancellationToken)
    {
        try
        {
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
            throw new RestException(HttpStatusCode.ServiceUnavailable, "PGRST001", "Database client error. Retrying the connection.", e.Message)
            {
                RetryAfter = SqlStates.RetryAfter,
            };
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
        batch.BatchCommands.Add(ClaimsSql.Request(query));
        var statement = sql.ToString(form.Preferences.Counts);
        if (statement.Contains('\0', StringComparison.Ordinal))
        {
            // In a value the database says so itself. In a name the statement would end there, and the session would break.
            throw new RestException(HttpStatusCode.BadRequest, "22021", "invalid byte sequence for encoding \"UTF8\": 0x00");
        }

        var page = new NpgsqlBatchCommand(statement);
        foreach (var value in sql.Values)
        {
            // A text without a type: the database gives it the column's.
            page.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Unknown, Value = value });
        }

        batch.BatchCommands.Add(page);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
        await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
        await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
        await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        return new RestPage(form, reader.GetFieldValue<string[]>(0), reader.IsDBNull(1) ? null : int.Parse(reader.GetString(1), CultureInfo.InvariantCulture));
    }
}
