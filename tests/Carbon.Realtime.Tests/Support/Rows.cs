using System.Text.Json.Serialization;

namespace Carbon.Realtime.Tests.Support;

public sealed record SalesOrder
{
    [JsonPropertyName("id")]
    public required string Id { get; set; }

    [JsonPropertyName("companyId")]
    public required string CompanyId { get; set; }

    [JsonPropertyName("status")]
    public string? Status { get; set; }
}

public sealed record Employee
{
    [JsonPropertyName("id")]
    public required string Id { get; set; }

    [JsonPropertyName("companyId")]
    public required string CompanyId { get; set; }

    [JsonPropertyName("active")]
    public bool Active { get; set; }
}

public sealed record Todo
{
    [JsonPropertyName("id")]
    public required long Id { get; set; }

    [JsonPropertyName("title")]
    public string? Title { get; set; }

    [JsonPropertyName("done")]
    public bool Done { get; set; }
}

public sealed record Tagged
{
    [JsonPropertyName("id")]
    public required string Id { get; set; }

    [JsonPropertyName("tags")]
    public string[]? Tags { get; set; }

    [JsonPropertyName("more")]
    public List<int>? More { get; set; }

    [JsonPropertyName("blob")]
    public byte[]? Blob { get; set; }
}

[JsonSerializable(typeof(Tagged))]
[JsonSerializable(typeof(SalesOrder))]
[JsonSerializable(typeof(Employee))]
[JsonSerializable(typeof(Todo))]
public sealed partial class RowsJson : JsonSerializerContext;

public static class Shop
{
    public static readonly RealtimeTable<string, SalesOrder> SalesOrders =
        RealtimeTable.Define("salesOrder", RowsJson.Default.SalesOrder, "id", o => o.Id).TenantScoped("companyId");

    public static readonly RealtimeTable<(string, string), Employee> Employees =
        RealtimeTable.Define("employee", RowsJson.Default.Employee, "id", "companyId", e => (e.Id, e.CompanyId)).TenantScoped("companyId");

    public static readonly RealtimeTable<long, Todo> Todos =
        RealtimeTable.Define("todos", RowsJson.Default.Todo, "id", t => t.Id);
}
