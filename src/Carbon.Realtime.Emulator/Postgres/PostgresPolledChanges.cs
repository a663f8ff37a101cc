using Carbon.Realtime.Testing;
using Carbon.Realtime.Testing.Emulation;
using Npgsql;

namespace Carbon.Realtime.Emulator.Postgres;

/// <summary>A poll's changes with everything that the database was asked about them.</summary>
internal sealed class PostgresPolledChanges : PolledChanges
{
    private readonly FilterQuestions _filters;
    private readonly VisibilityQuestions _visibility;

    private PostgresPolledChanges(IReadOnlyList<EmulatorChange> changes, FilterQuestions filters, VisibilityQuestions visibility)
        : base(changes)
    {
        _filters = filters;
        _visibility = visibility;
    }

    public static async Task<PostgresPolledChanges> AskAsync(
        NpgsqlConnection connection, string publication, IReadOnlyList<WalChange> polled, IReadOnlyList<EmulatorSubscription> subscriptions,
        CancellationToken cancellationToken)
    {
        // Privileges, row level security and columns are those of now, as in the real server's poll.
        var catalog = await PostgresCatalog.LoadAsync(
            connection, publication, [.. polled.Select(static c => c.Relation.Oid).Distinct()],
            [.. subscriptions.Select(static s => s.Claims.Role).Distinct(StringComparer.Ordinal)], cancellationToken).ConfigureAwait(false);
        var byTable = subscriptions.ToLookup(static s => s.Table.Oid);
        var changes = await ChangeRenderer.RenderAsync(connection, catalog, polled, oid => byTable.Contains(oid), cancellationToken).ConfigureAwait(false);
        var filters = new FilterQuestions();
        var visibility = new VisibilityQuestions();
        foreach (var change in changes)
        {
            foreach (var subscription in byTable[change.Table.Oid])
            {
                foreach (var filter in subscription.Filters)
                {
                    filters.Add(filter, change.Table, (change.New ?? change.Old!).Cells[filter.Column]);
                }

                if (change.Type != "DELETE" && change.Table.Policy is not null)
                {
                    visibility.Add(change, subscription.Claims);
                }
            }
        }

        await filters.AskAsync(connection, cancellationToken).ConfigureAwait(false);
        await visibility.AskAsync(connection, cancellationToken).ConfigureAwait(false);
        return new PostgresPolledChanges(changes, filters, visibility);
    }

    public override bool Matches(CompiledFilter filter, EmulatorTable table, string cell) => _filters.Matches(filter, table, cell);

    public override bool IsVisible(EmulatorChange change, EmulatorClaims claims) => _visibility.IsVisible(change, claims);
}
