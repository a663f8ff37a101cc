using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>What must become of a change, by what System.Text.Json reads of it: for rows of a tenant that are not closed, and of these numbers where only some are wanted.</summary>
internal sealed class ChangeFate
{
    private static readonly string[] Cut = ["bpchar", "bit", "_bpchar", "_bit"];

    private static readonly string[] Mapped = [.. FuzzTables.Typed.Definition.Columns.Select(static c => c.Name)];

    private static readonly string[] Numbers = ["1", "2", "42"];

    private readonly List<(string Name, string Type)> _columns;

    /// <param name="data">The change's; its record names nothing twice and everything in Unicode.</param>
    public ChangeFate(JsonElement data)
    {
        IsDelete = data.GetProperty("type").GetString() == "DELETE";
        Row = data.TryGetProperty(IsDelete ? "old_record" : "record", out var row) && row.ValueKind == JsonValueKind.Object ? row : default;
        HasErrors = data.TryGetProperty("errors", out var errors) && errors.ValueKind != JsonValueKind.Null;
        _columns = data.TryGetProperty("columns", out var columns) ? [.. columns.EnumerateArray().Select(static c => (c.GetProperty("name").GetString() ?? "", c.GetProperty("type").GetString() ?? ""))] : [];
        if (Row.ValueKind == JsonValueKind.Object && !HasErrors)
        {
            var old = data.TryGetProperty("old_record", out var before) ? before : default;
            var hasOldKey = IsDelete || old.ValueKind != JsonValueKind.Object || IsTextOrAbsent(old, "id");
            HasPair = IsDelete || old.ValueKind != JsonValueKind.Object || IsTextOrAbsent(old, FuzzTables.TenantColumn);
            Key = RowTwin.TextOf(Column("id")) is { } key && hasOldKey && !IsCut("id") ? key : null;
            IsMatching = Key is not null && IsText("status", static s => s != "Closed") && IsText(FuzzTables.TenantColumn, static t => t == FuzzTables.Tenant);
            IsWholeRaw = _columns.TrueForAll(c => Row.TryGetProperty(c.Name, out _)) && Utf8.IsValid(JsonMarshal.GetRawUtf8Value(Row));
            Expected = IsMatching && Mapped.All(m => Row.TryGetProperty(m, out var value) && (value.ValueKind == JsonValueKind.Null || !IsCut(m))) && RowTwin.TryDecode(Row, out var expected) ? expected : null;
            HasNumber = TypeOf("n") == "int8" && Column("n") is { ValueKind: JsonValueKind.Number } n && Numbers.Contains(n.GetRawText());
        }
    }

    public bool IsDelete { get; }

    /// <summary>The row that it is about, as it is or was.</summary>
    public JsonElement Row { get; }

    public bool HasErrors { get; }

    /// <summary>A key that anybody must find; none either where that of the old row cannot be read.</summary>
    public string? Key { get; }

    /// <summary>Whether that of the old row can be read where the tenant is a part of it.</summary>
    public bool HasPair { get; }

    /// <summary>Whether the tenant is surely ours, the row surely within the filter, and its key surely told.</summary>
    public bool IsMatching { get; }

    /// <summary>Whether a raw row lacks nothing.</summary>
    public bool IsWholeRaw { get; }

    /// <summary>Whether no value is one of which the server sends the first character only.</summary>
    public bool IsUncut => _columns.TrueForAll(static c => !Cut.Contains(c.Type));

    /// <summary>The row that must come; none where something is wrong about it.</summary>
    public FuzzRow? Expected { get; }

    /// <summary>Whether it is surely among the wanted numbers.</summary>
    public bool HasNumber { get; }

    /// <summary>Whether the tenant is surely another one: nothing at all may be told.</summary>
    public bool IsForeign => Row.ValueKind == JsonValueKind.Object && IsText(FuzzTables.TenantColumn, static t => t != FuzzTables.Tenant);

    private static bool IsTextOrAbsent(JsonElement row, string column) => !row.TryGetProperty(column, out var value) || RowTwin.TextOf(value) is not null;

    private JsonElement Column(string name) => Row.TryGetProperty(name, out var value) ? value : default;

    private bool IsText(string column, Func<string, bool> holds) => TypeOf(column) == "text" && RowTwin.TextOf(Column(column)) is { } text && holds(text);

    private bool IsCut(string column) => Cut.Contains(TypeOf(column));

    /// <summary>Of a column that is listed twice, the last one.</summary>
    private string? TypeOf(string column) => _columns.FindLast(c => c.Name == column).Type;
}
