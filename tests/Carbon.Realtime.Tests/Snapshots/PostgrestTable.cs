using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Carbon.Realtime.Tests.Snapshots;

/// <summary>A table in memory: columns with PostgreSQL's types, rows as the JSON text of each value, the way json_agg writes it.</summary>
public sealed class PostgrestTable(string name, params (string Name, string Type)[] columns)
{
    public string Name => name;

    public List<string[]> Rows { get; } = [];

    /// <summary>JSON of each column's value, in the columns' order.</summary>
    public void Add(params string[] values) => Rows.Add(values);

    /// <exception cref="PostgrestException">There is no such column.</exception>
    public int Find(string column)
    {
        var index = Array.FindIndex(columns, c => c.Name == column);
        return index >= 0 ? index : throw new PostgrestException(400, "42703", $"column {name}.{column} does not exist");
    }

    public IEnumerable<string> ColumnNames => columns.Select(c => c.Name);

    public string NameOf(int column) => columns[column].Name;

    /// <summary>The value of a literal, as PostgreSQL reads it for the column.</summary>
    public IComparable Literal(int column, string text) => columns[column].Type switch
    {
        "int8" => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n)
            ? n
            : throw new PostgrestException(400, "22P02", $"invalid input syntax for type bigint: \"{text}\""),
        "uuid" => Guid.TryParse(text, out var u)
            ? u.ToString()
            : throw new PostgrestException(400, "22P02", $"invalid input syntax for type uuid: \"{text}\""),

        // A decoded blank instead of the offset's plus sign is no time.
        "timestamptz" => text.Contains('+') && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var t)
            ? t
            : throw new PostgrestException(400, "22007", $"invalid input syntax for type timestamp with time zone: \"{text}\""),
        "json" => throw new PostgrestException(404, "42883", "operator does not exist: json = unknown"),
        _ => new CollatedText(text),
    };

    public IComparable? Value(int column, string[] row)
    {
        using var json = JsonDocument.Parse(row[column]);
        return json.RootElement.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.String => Literal(column, json.RootElement.GetString()!),
            _ => Literal(column, json.RootElement.GetRawText()),
        };
    }

    public string Json(string[] row, IEnumerable<int> selected)
    {
        var text = new StringBuilder("{");
        foreach (var column in selected)
        {
            text.Append(text.Length > 1 ? "," : "").Append(JsonSerializer.Serialize(columns[column].Name)).Append(':').Append(row[column]);
        }

        return text.Append('}').ToString();
    }

    /// <summary>Sorted as a database's collation may do it, and as no ordinal comparison does.</summary>
    private sealed record CollatedText(string Text) : IComparable
    {
        public int CompareTo(object? obj)
        {
            var other = ((CollatedText)obj!).Text;
            var order = string.Compare(Text, other, StringComparison.OrdinalIgnoreCase);
            return order != 0 ? order : -string.CompareOrdinal(Text, other);
        }
    }
}

/// <summary>What PostgREST answers with code and message.</summary>
public sealed class PostgrestException(int status, string code, string message) : Exception(message)
{
    public int Status => status;

    public string Code => code;
}
