using System.Text.Json.Serialization;

namespace Carbon.Realtime.IntegrationTests.EndToEnd;

public sealed record SalesOrder(string Id, string CompanyId, string SalesOrderId, string Status, decimal? Total);

public sealed record Employee(string Id, string CompanyId, string Name, bool Active);

public sealed record Note(long Id, string CompanyId, string Text);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SalesOrder))]
[JsonSerializable(typeof(Employee))]
[JsonSerializable(typeof(Note))]
public sealed partial class RowsJson : JsonSerializerContext;

public static class Tables
{
    public static readonly RealtimeTable<string, SalesOrder> SalesOrders =
        RealtimeTable.Define("salesOrder", RowsJson.Default.SalesOrder, "id", static o => o.Id).TenantScoped("companyId");

    public static readonly RealtimeTable<(string Id, string CompanyId), Employee> Employees =
        RealtimeTable.Define("employee", RowsJson.Default.Employee, "id", "companyId", static e => (e.Id, e.CompanyId)).TenantScoped("companyId");

    /// <summary>The table that a <see cref="LiveProject"/> has beside the shop's: no row level security, and only the key in old rows.</summary>
    public static readonly RealtimeTable<long, Note> Notes =
        RealtimeTable.Define("note", RowsJson.Default.Note, "id", static n => n.Id).TenantScoped("companyId");
}
