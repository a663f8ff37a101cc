using System.Text;
using System.Text.Json;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>Values as Elixir's <c>inspect</c> prints them: error texts of the server quote bindings in this form
/// (docs/protocol.md, "System messages").</summary>
internal static class ElixirText
{
    // inspect breaks lines at this width; seen on a filter of 101 values (transcript 10_join_errors).
    private const int Width = 80;

    public static string Quote(string value)
    {
        var text = new StringBuilder("\"");
        for (var i = 0; i < value.Length; i++)
        {
            _ = value[i] switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '#' when i + 1 < value.Length && value[i + 1] == '{' => text.Append("\\#"),
                var c => text.Append(c),
            };
        }

        return text.Append('"').ToString();
    }

    public static string List(params IEnumerable<string> values) => $"[{string.Join(", ", values.Select(Quote))}]";

    /// <summary>A list of filter tuples, <c>[{"n", "eq", "1", false}]</c>, broken into lines as <c>inspect</c> breaks it.</summary>
    public static string Filters(IReadOnlyList<FilterCondition> filters)
    {
        var tuples = filters.Select(static f => new[] { Quote(f.Column), Quote(f.Operator), Quote(f.Value), f.Negated ? "true" : "false" }).ToArray();
        var line = $"[{string.Join(", ", tuples.Select(static t => $"{{{string.Join(", ", t)}}}"))}]";
        return line.Length <= Width ? line : $"[\n  {string.Join(",\n  ", tuples.Select(Tuple))}\n]";
    }

    public static string Inspect(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => $"%{{{string.Join(", ", value.EnumerateObject().OrderBy(static p => p.Name, StringComparer.Ordinal).Select(Member))}}}",
        JsonValueKind.Array => $"[{string.Join(", ", value.EnumerateArray().Select(Inspect))}]",
        JsonValueKind.String => Quote(value.GetString()!),
        JsonValueKind.Null => "nil",
        _ => value.GetRawText(),
    };

    private static string Member(JsonProperty property) => $"{Quote(property.Name)} => {Inspect(property.Value)}";

    private static string Tuple(string[] elements)
    {
        var text = new StringBuilder("{");
        var column = 3;
        for (var i = 0; i < elements.Length; i++)
        {
            var element = elements[i] + (i < elements.Length - 1 ? "," : "}");
            if (i > 0 && column + 1 + element.Length > Width)
            {
                text.Append("\n   ");
                column = 3;
            }
            else if (i > 0)
            {
                text.Append(' ');
                column++;
            }

            text.Append(element);
            column += element.Length;
        }

        return text.ToString();
    }
}
