using System.Text.Json;
using System.Text.Json.Serialization;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>A row with a column of each kind that is read differently.</summary>
internal sealed record FuzzRow
{
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    [JsonPropertyName("companyId")]
    public required string CompanyId { get; init; }

    [JsonPropertyName("status")]
    public string? Status { get; init; }

    [JsonPropertyName("qty")]
    public decimal? Quantity { get; init; }

    [JsonPropertyName("n")]
    public long? Number { get; init; }

    [JsonPropertyName("ratio")]
    public double? Ratio { get; init; }

    [JsonPropertyName("done")]
    public bool? Done { get; init; }

    [JsonPropertyName("at")]
    public DateTimeOffset? At { get; init; }

    [JsonPropertyName("uid")]
    public Guid? Uid { get; init; }

    [JsonPropertyName("tags")]
    public string[]? Tags { get; init; }

    [JsonPropertyName("doc")]
    public JsonElement? Document { get; init; }
}

[JsonSerializable(typeof(FuzzRow))]
internal sealed partial class FuzzJson : JsonSerializerContext;

/// <summary>The tables of the targets, and how their rows are written.</summary>
internal static class FuzzTables
{
    /// <summary>Whose rows may be seen.</summary>
    public const string Tenant = "co_1";

    public const string TenantColumn = "companyId";

    public static readonly RealtimeTable<string, FuzzRow> Typed = RealtimeTable.Define("order", FuzzJson.Default.FuzzRow, "id", static r => r.Id).TenantScoped(TenantColumn);

    public static readonly RealtimeTable<JsonElement, JsonElement> Untyped = RealtimeTable.Untyped("order").TenantScoped(TenantColumn);

    public static readonly RealtimeTable<JsonElement, JsonElement> UntypedPair = RealtimeTable.Untyped("order", TenantColumn, "id").TenantScoped(TenantColumn);

    private static readonly (string Name, string Type)[] Columns =
    [
        ("id", "text"), (TenantColumn, "text"), ("status", "text"), ("qty", "numeric"), ("n", "int8"), ("ratio", "float8"), ("done", "bool"), ("at", "timestamptz"), ("uid", "uuid"), ("tags", "_text"),
        ("doc", "jsonb"),
    ];

    private static readonly string[] Types = ["text", "int4", "numeric", "bool", "bpchar", "bit", "_bpchar", "citext", "mood", "json", ""];

    /// <summary>Whether each name is Unicode: System.Text.Json finds no name beside one that is not.</summary>
    public static bool HasReadableNames(JsonElement row)
    {
        try
        {
            return row.EnumerateObject().All(static p => p.Name is not null);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>A row as the server writes it; one value in ten is of another kind.</summary>
    public static string Row(Chance chance)
    {
        var row = HostileJson.Object(chance, Columns.Select(column => (column.Name, chance.OneIn(60) ? HostileJson.Value(chance, 2) : Value(chance, column.Name))));
        return chance.OneIn(150) ? $"{row[..^1]}{string.Concat(Enumerable.Range(0, chance.Below(900)).Select(i => FormattableString.Invariant($",\"{(i % 2 == 0 ? "\\u0078" : "x")}{i}\":{i}")))}}}" : row;
    }

    /// <summary>What the server sends of an old row: the key, or all of it.</summary>
    public static string OldRow(Chance chance) => chance.OneIn(2) ? Row(chance) : HostileJson.Object(chance, ("id", Value(chance, "id")), (TenantColumn, Value(chance, TenantColumn)));

    public static string ColumnList(Chance chance) => chance.OneIn(20) ? HostileJson.Value(chance, 2)
        : $"[{string.Join(',', Columns.Where(_ => !chance.OneIn(60)).Select(c => HostileJson.Object(chance, ("name", HostileJson.Quote(c.Name)), ("type", HostileJson.Quote(chance.OneIn(80) ? chance.Of(Types) : c.Type)))))}]";

    private static string Value(Chance chance, string column) => chance.OneIn(8) && column is not ("id" or TenantColumn) ? "null" : column switch
    {
        "id" => FormattableString.Invariant($"\"k{chance.Below(12)}\""),
        TenantColumn => chance.OneIn(6) ? "\"co_2\"" : "\"co_1\"",
        "status" => HostileJson.Text(chance),
        "qty" => chance.Of(Numerics),
        "n" => chance.Of(Integers),
        "ratio" => chance.Of(Floats),
        "done" => chance.OneIn(2) ? "true" : "false",
        "at" => chance.Of(Times),
        "uid" => "\"11111111-1111-1111-1111-111111111111\"",
        "tags" => chance.OneIn(2) ? "[]" : "[\"a\", \"b,c\", null, \"\"]",
        _ => HostileJson.Value(chance, 3),
    };

    private static readonly string[] Numerics =
        ["0", "12.50", "-0.00", "79228162514264337593543950335", "79228162514264337593543950336", "0.1234567890123456789012345678", "0.12345678901234567890123456789", "1.000000000000000000000000000000000000", "1e2"];

    private static readonly string[] Integers = ["0", "-1", "42", "9223372036854775807", "-9223372036854775808", "9223372036854775808"];

    private static readonly string[] Floats = ["0", "-0", "1.1", "3.141592653589793", "1e308", "5e-324", "1e400"];

    private static readonly string[] Times =
    [
        "\"2026-11-22T10:46:23.12464+00:00\"", "\"2024-02-29T07:44:15.123456+05:45\"", "\"0001-01-01T00:00:00+00:00\"", "\"0001-01-01T00:00:00+14:00\"", "\"9999-12-31T23:59:59.999999+00:00\"", "\"infinity\"",
        "\"2024-01-01T00:00:00\"", "\"2024-01-01T00:00:00+00\"",
    ];
}
