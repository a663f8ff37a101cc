namespace Carbon.Realtime.Testing.Emulation;

/// <summary>What a subscription gets to see of a change.</summary>
/// <param name="Error">The text of <c>errors</c> in the shapes without a row (docs/protocol.md, "Changes").</param>
/// <param name="Columns">The visible columns.</param>
/// <param name="OldColumns">The visible columns of the old row.</param>
internal sealed record ChangeView(string? Error, int[] Columns, int[] OldColumns)
{
    /// <summary>Equal views make equal frames.</summary>
    public string Key { get; } = $"{Error}/{string.Join(',', Columns)}/{string.Join(',', OldColumns)}";
}

/// <summary>
/// Who receives a change, and what of it: filters, row level security, replica identity, privileges
/// (docs/protocol.md, "Changes", "When a filter is evaluated" and "Who gets a change").
/// </summary>
internal static class ChangeJudge
{
    private const string ServiceRole = "service_role";

    /// <summary>The view of a subscription; <see langword="null"/> if it gets nothing.</summary>
    public static ChangeView? Judge(EmulatorChange change, EmulatorSubscription subscription)
    {
        var table = change.Table;
        if (!ReferenceEquals(subscription.Table, table) || (subscription.Binding.Event != "*" && subscription.Binding.Event != change.Type))
        {
            return null;
        }

        var role = subscription.Claims.Role;
        if (change.Type != "DELETE" && ErrorOf(table, role) is { } error)
        {
            // Sent whatever the filter says.
            return new ChangeView(error, [], []);
        }

        if (!PassesFilters(change, subscription) || (change.Type != "DELETE" && !IsVisible(change, subscription.Claims)))
        {
            return null;
        }

        var visible = Enumerable.Range(0, table.Columns.Length)
            .Where(i => table.MaySelect(role, i) && subscription.Selected?.Contains(i) != false)
            .ToArray();

        // A DELETE is not checked against the policy, and shows the key only instead (section 10.3).
        var old = change.Type == "DELETE" && table.Policy is not null
            ? change.IdentityColumns.Intersect(table.KeyColumns)
            : change.IdentityColumns;
        return new ChangeView(null, visible, change.Old is null ? [] : [.. old.Intersect(visible).Order()]);
    }

    private static string? ErrorOf(EmulatorTable table, string role) =>
        table.KeyColumns.Length == 0 ? "Error 400: Bad Request, no primary key"
        : table.KeyColumns.All(i => table.MaySelect(role, i)) ? null
        : "Error 401: Unauthorized";

    /// <summary>
    /// INSERT and UPDATE are judged by the new row, DELETE by what the log has of the old one; a column that is not there matches nothing
    /// (section 9.3).
    /// </summary>
    private static bool PassesFilters(EmulatorChange change, EmulatorSubscription subscription) => change.New is { } row
        ? subscription.Filters.All(f => row.Cells[f.Column] != PgValues.Absent && f.IsMatch(row.Cells[f.Column]))
        : subscription.Filters.All(f => change.IdentityColumns.Contains(f.Column) && f.IsMatch(change.Old!.Cells[f.Column]));

    /// <summary>Asks for the row as it is now and not as it was at the change: a row that is gone is seen by nobody (section 10.1).</summary>
    private static bool IsVisible(EmulatorChange change, EmulatorClaims claims) =>
        change.Table.Policy is not { } policy
        || (change.Table.Rows.TryGetValue(change.Table.KeyOf(change.New!.Cells), out var current) && (claims.Role == ServiceRole || policy(claims, current)));
}
