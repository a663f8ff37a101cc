using Npgsql;
using Npgsql.Replication;

namespace Carbon.Realtime.Emulator.Postgres;

/// <summary>The way to one database: connections with the settings that the spelling of values depends on.</summary>
internal sealed class PostgresSession : IAsyncDisposable
{
    // Of the real server's sessions: UTC, and PostgreSQL's own spellings whatever the database prefers.
    private const string Settings =
        "-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres -c extra_float_digits=1 -c bytea_output=hex -c default_transaction_read_only=off";

    private readonly string _connectionString;
    private readonly NpgsqlDataSource _source;

    public PostgresSession(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Enlist = false,
        };
        builder.Options = string.IsNullOrEmpty(builder.Options) ? Settings : $"{builder.Options} {Settings}";
        builder.ApplicationName ??= "Carbon.Realtime.Emulator";
        _connectionString = builder.ConnectionString;

        // All values travel as text: the types of the database need not be known here.
        _source = new NpgsqlDataSourceBuilder(_connectionString).ConfigureTypeLoading(static types => types.EnableTypeLoading(false)).Build();
    }

    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) => _source.OpenConnectionAsync(cancellationToken);

    public LogicalReplicationConnection CreateReplication() => new(_connectionString);

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
                    $"There is no publication \"{publication}\" in this database: create publication {SqlText.Name(publication)} for table …");
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

    public ValueTask DisposeAsync() => _source.DisposeAsync();
}
