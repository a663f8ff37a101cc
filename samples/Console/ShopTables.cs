using System.Text.Json.Serialization;

namespace Carbon.Realtime.Samples.ConsoleWatch;

// A row maps the columns the program uses; the server sends the others too, and they are skipped.
internal sealed record Item(string Id, string CompanyId, string ReadableId, string Name, bool Active);

internal sealed record Customer(string Id, string CompanyId, string ReadableId, string Name, string? Website);

internal sealed record SalesOrder(string Id, string CompanyId, string SalesOrderId, string Status, string? CustomerId, decimal? Total);

internal sealed record Job(string Id, string CompanyId, string JobId, string Status, string? ItemId, decimal Quantity);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Item))]
[JsonSerializable(typeof(Customer))]
[JsonSerializable(typeof(SalesOrder))]
[JsonSerializable(typeof(Job))]
internal sealed partial class ShopJson : JsonSerializerContext;

/// <summary>The shop's tables: defined once, shared by everything that streams them.</summary>
internal static class ShopTables
{
    public const string TenantColumn = "companyId";

    public static readonly RealtimeTable<string, Item> Items =
        RealtimeTable.Define("item", ShopJson.Default.Item, "id", static i => i.Id).TenantScoped(TenantColumn);

    public static readonly RealtimeTable<string, Customer> Customers =
        RealtimeTable.Define("customer", ShopJson.Default.Customer, "id", static c => c.Id).TenantScoped(TenantColumn);

    public static readonly RealtimeTable<string, SalesOrder> SalesOrders =
        RealtimeTable.Define("salesOrder", ShopJson.Default.SalesOrder, "id", static o => o.Id).TenantScoped(TenantColumn);

    public static readonly RealtimeTable<string, Job> Jobs =
        RealtimeTable.Define("job", ShopJson.Default.Job, "id", static j => j.Id).TenantScoped(TenantColumn);
}
