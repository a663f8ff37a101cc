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
    /// <summary>The view of a subscription; <see langword="null"/> if it gets nothing.</summary>
    public static ChangeView? Judge(EmulatorChange change, EmulatorSubscription subscription, PolledChanges polled)
    {
        var table = change.Table;
        if (!subscription.Table.IsSame(table) || (subscription.Binding.Event != "*" && subscription.Binding.Event != change.Type))
        {
            return null;
        }

        var role = subscription.Claims.Role;
        if (change.Type != "DELETE" && ErrorOf(table, role) is { } error)
        {
            // Sent whatever the filter says.
            return new ChangeView(error, [], []);
        }

        if (!PassesFilters(change, subscription, polled)
            || (change.Type != "DELETE" && table.Policy is not null && !polled.IsVisible(change, subscription.Claims)))
        {
            return null;
        }

        // A column that was added since is not in the log, and one that was dropped since is nobody's to see any more.
        var visible = Enumerable.Range(0, (change.New ?? change.Old)!.Cells.Length)
            .Where(i => table.MaySelect(role, i) && subscription.Selected?.Contains(i) != false)
            .ToArray();

        // A DELETE is not checked against the policy, and shows the key only instead (docs/protocol.md, "Who gets a change").
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
    /// (docs/protocol.md, "When a filter is evaluated").
    /// </summary>
    private static bool PassesFilters(EmulatorChange change, EmulatorSubscription subscription, PolledChanges polled) => change.New is { } row
        ? subscription.Filters.All(f => IsMatch(change, f, row, polled))
        : subscription.Filters.All(f => change.IdentityColumns.Contains(f.Column) && IsMatch(change, f, change.Old!, polled));

    private static bool IsMatch(EmulatorChange change, CompiledFilter filter, EmulatorRow row, PolledChanges polled) =>
        filter.Column < row.Cells.Length && !change.Table.Columns[filter.Column].IsDropped && row.Cells[filter.Column] is var cell && cell != PgValues.Absent && polled.Matches(filter, change.Table, cell);
}
