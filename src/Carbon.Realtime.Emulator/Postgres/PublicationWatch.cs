using Carbon.Realtime.Testing.Emulation;
using Npgsql;

namespace Carbon.Realtime.Emulator.Postgres;

/// <summary>
/// Looks again and again whether the publication has other tables than at the last look. A table that was dropped and made again is another one
/// (docs/protocol.md, "From join to changes").
/// </summary>
internal sealed class PublicationWatch(PostgresWorker worker, EmulatorAgenda agenda, string publication, TimeSpan interval, Action onChanged)
{
    private const string Sql =
        """
        select coalesce(string_agg(format('%s %I.%I', c.oid, n.nspname, c.relname), ',' order by c.oid), '')
        from pg_publication_tables p join pg_namespace n on n.nspname = p.schemaname join pg_class c on c.relnamespace = n.oid and c.relname = p.tablename
        where p.pubname = $1
        """;

    private string? _tables;

    /// <summary>Looks now, and then at every interval. The first look finds what there is.</summary>
    public void Look() => worker.Ask(
        AskAsync,
        tables =>
        {
            var before = _tables;
            _tables = tables;
            if (before is not null && before != tables)
            {
                onChanged();
            }

            LookAgain();
        },

        // A look that fails is made up for by the next one.
        (_, _) => LookAgain());

    private void LookAgain() => agenda.Locked(() => agenda.After(interval, Look));

    private async Task<string> AskAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = Sql;
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = publication });
        return (string)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
    }
}
