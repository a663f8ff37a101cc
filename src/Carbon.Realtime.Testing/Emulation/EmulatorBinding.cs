using System.Text;
using System.Text.Json;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>One entry of a join's <c>postgres_changes</c>.</summary>
internal sealed class EmulatorBinding
{
    private EmulatorBinding(JsonElement json)
    {
        var text = new StringBuilder();
        JsonText.AppendCanonical(text, json);
        Canonical = text.ToString();
        Id = Hash(Canonical);
    }

    /// <summary>
    /// A hash of the entry and of nothing else: equal entries share it, on any channel (docs/protocol.md, "Joining"). Not the real server's
    /// numbers.
    /// </summary>
    public uint Id { get; }

    public string Event { get; private set; } = "*";

    public string Schema { get; private set; } = "*";

    public string Table { get; private set; } = "*";

    public IReadOnlyList<FilterCondition> Filters { get; private set; } = [];

    public IReadOnlyList<string>? Select { get; private set; }

    /// <summary>What the server says instead of subscribing, where the entry cannot be parsed.</summary>
    public string? Error { get; private set; }

    private string Canonical { get; }

    public static EmulatorBinding Read(JsonElement json)
    {
        var binding = new EmulatorBinding(json);
        binding.Parse(json);
        return binding;
    }

    /// <summary>The entry as the reply echoes it: <c>id</c> first, then what was sent, sorted.</summary>
    public void AppendReply(StringBuilder text)
    {
        text.Append("{\"id\":").Append(Id);
        text.Append(Canonical == "{}" ? "}" : $",{Canonical[1..]}");
    }

    /// <summary>How error texts quote the entry.</summary>
    public override string ToString() =>
        $"[event: {Event}, schema: {Schema}, table: {Table}, filters: {ElixirText.Filters(Filters)}, "
        + $"select: {(Select is null ? "nil" : ElixirText.List(Select))}]";

    private static uint Hash(string text)
    {
        var hash = 2166136261;
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            hash = (hash ^ b) * 16777619;
        }

        return (hash ^ (hash >> 27)) & 0x7FF_FFFF;
    }

    private void Parse(JsonElement json)
    {
        var schema = Text(json, "schema", out var hasSchema);
        var table = Text(json, "table", out var hasTable);
        var filter = Text(json, "filter", out var hasFilter);
        Event = Text(json, "event", out _)?.ToUpperInvariant() is "INSERT" or "UPDATE" or "DELETE" ? Text(json, "event", out _)!.ToUpperInvariant() : "*";

        // docs/protocol.md, "Filters": a key that is there must be a string, and a filter wants both schema and table.
        var valid = (hasSchema || hasTable) && hasSchema == schema is not null && hasTable == table is not null
            && (!hasFilter || (filter is not null && schema is not null && table is not null));
        if (!valid)
        {
            Error = $"No subscription params provided. Please provide at least a `schema` or `table` to subscribe to: {ElixirText.Inspect(json)}";
            return;
        }

        Schema = schema ?? EmulatorDatabase.DefaultSchema;
        Table = table ?? "*";
        Filters = FilterCondition.Parse(filter ?? "", out var error);
        Error = error;
        if (Error is null && json.TryGetProperty("select", out var select) && select.ValueKind != JsonValueKind.Null)
        {
            ParseSelect(select);
        }
    }

    private void ParseSelect(JsonElement select)
    {
        if (select.ValueKind != JsonValueKind.Array || select.EnumerateArray().Any(static c => c.ValueKind != JsonValueKind.String))
        {
            Error = "Error parsing `select` params: expected a list of column name strings, e.g. select: [\"col1\", \"col2\"]";
            return;
        }

        Select = select.GetArrayLength() == 0 ? null : [.. select.EnumerateArray().Select(static c => c.GetString()!)];
        if (Select is not null && (Schema == "*" || Table == "*"))
        {
            Error = "Column selection is not supported for wildcard subscriptions. Provide an explicit schema and table name.";
        }
    }

    private static string? Text(JsonElement json, string name, out bool isPresent)
    {
        isPresent = json.TryGetProperty(name, out var value);
        return isPresent && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }
}
