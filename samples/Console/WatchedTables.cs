using System.Globalization;
using System.Text.Json;

namespace Carbon.Realtime.Samples.ConsoleWatch;

/// <summary>Makes the streams that the arguments ask for.</summary>
internal static class WatchedTables
{
    /// <summary>Columns of every Carbon table, which say little about a row.</summary>
    private static readonly HashSet<string> Everywhere = ["id", ShopTables.TenantColumn, "createdAt", "createdBy", "updatedAt", "updatedBy"];

    public static IReadOnlyList<IWatchedTable> Of(RealtimeChannelManager manager, WatchArguments arguments)
    {
        if (arguments.Table is { } table)
        {
            return [Untyped(manager, table, arguments)];
        }

        return
        [
            Typed(manager, ShopTables.Items, static i => Words(i.ReadableId, i.Name, i.Active ? "active" : "inactive")),
            Typed(manager, ShopTables.Customers, static c => Words(c.ReadableId, c.Name, c.Website)),
            Typed(manager, ShopTables.SalesOrders, static o => Words(o.SalesOrderId, o.Status, o.CustomerId, Number(o.Total))),
            Typed(manager, ShopTables.Jobs, static j => Words(j.JobId, j.Status, j.ItemId, $"{Number(j.Quantity)} pieces")),
        ];
    }

    private static WatchedTable<TKey, TRow> Typed<TKey, TRow>(
        RealtimeChannelManager manager, RealtimeTable<TKey, TRow> table, Func<TRow, string> describe)
        where TKey : notnull => new(manager.Changes(table), describe);

    /// <summary>A table that this program knows only by name: its rows are JSON.</summary>
    private static WatchedTable<JsonElement, JsonElement> Untyped(RealtimeChannelManager manager, string name, WatchArguments arguments)
    {
        var table = RealtimeTable.Untyped(name, [.. arguments.RowKey]).InSchema(arguments.Schema).Where(arguments.Filter);
        if (manager.Tenant.Current is not null)
        {
            table = table.TenantScoped(ShopTables.TenantColumn);
        }

        return new WatchedTable<JsonElement, JsonElement>(manager.Changes(table), Columns);
    }

    private static string Columns(JsonElement row) => Words(
        row.EnumerateObject()
            .Where(static p => p.Value.ValueKind != JsonValueKind.Null && !Everywhere.Contains(p.Name))
            .Select(static p => $"{p.Name}={p.Value}"));

    private static string Words(params IEnumerable<string?> words) => string.Join("  ", words.Where(static w => !string.IsNullOrEmpty(w)));

    private static string? Number(decimal? value) => value?.ToString(CultureInfo.InvariantCulture);
}
