using Npgsql;
using Npgsql.Replication;

namespace Carbon.Realtime.Emulator.Postgres;

/// <summary>The way to one database: connections with the settings that the spelling of values depends on.</summary>
/// <remarks>
/// It takes few of the server's connections, which are others' too: <see cref="ReadConnections"/> that reads share, one that subscriptions and polls are
/// asked on, one that the log comes over, and for moments one more.
/// </remarks>
internal sealed class PostgresSession : IAsyncDisposable
{
    // Of the real server's sessions: UTC, and PostgreSQL's own spellings whatever the database prefers.
    private const string Settings =
        "-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres -c extra_float_digits=1 -c bytea_output=hex -c default_transaction_read_only=off";

    // PostgREST's db-pool.
    private const int MostReadConnections = 10;

    private readonly string _replication;
    private readonly NpgsqlDataSource _pool;
    private readonly NpgsqlDataSource _single;

    public PostgresSession(string connectionString)
    {
        var builder = ConnectionText.Read(connectionString);
        builder.Enlist = false;
        builder.Options = string.IsNullOrEmpty(builder.Options) ? Settings : $"{builder.Options} {Settings}";
        builder.ApplicationName ??= "Carbon.Realtime.Emulator";
        ApplicationName = builder.ApplicationName;
        builder.MaxPoolSize = ReadConnections = Math.Min(builder.MaxPoolSize, MostReadConnections);
        builder.MinPoolSize = Math.Min(builder.MinPoolSize, ReadConnections);
        _pool = Source(builder);
        builder.Pooling = false;
        _single = Source(builder);

        // A new slot waits for the transactions that are open, however long they are.
        builder.CommandTimeout = 0;
        _replication = builder.ConnectionString;
    }

    /// <summary>What the sessions call themselves in <c>pg_stat_activity</c>.</summary>
    public string ApplicationName { get; }

    /// <summary>How many connections reads may use at a time.</summary>
    public int ReadConnections { get; }

    /// <summary>A connection of its own.</summary>
    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) => _single.OpenConnectionAsync(cancellationToken);

    /// <summary>One of the connections that reads share. Not more at a time than <see cref="ReadConnections"/>.</summary>
    public ValueTask<NpgsqlConnection> OpenReadAsync(CancellationToken cancellationToken) => _pool.OpenConnectionAsync(cancellationToken);

    public LogicalReplicationConnection CreateReplication() => new(_replication);

    /// <exception cref="PostgresSourceException">The database cannot be used, and why.</exception>
    public async Task CheckAsync(string publication, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await OpenAsync(cancellationToken).ConfigureAwait(false);
            await using var command = connection.CreateCommand();
            command.CommandText =
                """
                select current_setting('wal_level'), exists(select 1 from pg_publication where pubname = $1),
                    (select rolreplication or rolsuper from pg_roles where rolname = current_user), current_user::text
                """;
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = publication });
            await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (reader.GetString(0) is not "logical" and var level)
            {
                throw new PostgresSourceException(PostgresSourceReason.WalLevel,
                    $"The PostgreSQL server runs with wal_level={level}: set wal_level=logical and start it again.");
            }

            if (!reader.GetBoolean(1))
            {
                throw new PostgresSourceException(PostgresSourceReason.PublicationMissing,
                    $"There is no publication \"{publication}\" in this database: create publication {SqlText.Name(publication)} for table …; "
                    + "if it has none of what Supabase brings, run PostgresEmulator.SupabasePrelude, which `carbon-realtime prelude` prints.");
            }

            if (!reader.GetBoolean(2))
            {
                throw new PostgresSourceException(PostgresSourceReason.NoReplicationPrivilege,
                    $"The user \"{reader.GetString(3)}\" may not replicate: alter role {SqlText.Name(reader.GetString(3))} replication");
            }
        }
        catch (NpgsqlException e)
        {
            throw Explain(e);
        }
    }

    public static PostgresSourceException Explain(NpgsqlException exception) => exception is not PostgresException { SqlState: var state } said
        ? new PostgresSourceException(PostgresSourceReason.Unreachable, $"The PostgreSQL server cannot be reached: {exception.Message}", exception)
        : state switch
        {
            "57P03" or "53300" or "57P01" => new PostgresSourceException(
                PostgresSourceReason.Unreachable, $"The PostgreSQL server takes no connection now: {said.MessageText}", exception),
            "28P01" or "28000" or "3D000" => new PostgresSourceException(
                PostgresSourceReason.AccessDenied, $"The PostgreSQL server refuses the connection: {said.MessageText}", exception),
            "42501" => new PostgresSourceException(
                PostgresSourceReason.NoReplicationPrivilege, $"The user may not replicate: {said.MessageText}", exception),
            "53400" => new PostgresSourceException(
                PostgresSourceReason.NoReplicationSlot, $"{said.MessageText}: raise max_replication_slots, or drop one that nobody uses.", exception),
            _ => new PostgresSourceException(PostgresSourceReason.Refused, $"The PostgreSQL server refuses: {said.MessageText} ({state})", exception),
        };

    public async ValueTask DisposeAsync()
    {
        await _pool.DisposeAsync().ConfigureAwait(false);
        await _single.DisposeAsync().ConfigureAwait(false);
    }

    // All values travel as text: the types of the database need not be known here.
    private static NpgsqlDataSource Source(NpgsqlConnectionStringBuilder builder) =>
        new NpgsqlDataSourceBuilder(builder.ConnectionString).ConfigureTypeLoading(static types => types.EnableTypeLoading(false)).Build();
}
