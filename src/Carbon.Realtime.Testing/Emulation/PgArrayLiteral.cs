using System.Text;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>
/// PostgreSQL's text form of a one-dimensional array, <c>{a,"b,c",NULL}</c>: also what an <c>in</c> filter becomes (docs/protocol.md,
/// "Filters").
/// </summary>
internal static class PgArrayLiteral
{
    /// <summary>The elements; an unquoted <c>NULL</c> is null.</summary>
    public static List<string?> Parse(string literal)
    {
        var elements = new List<string?>();
        var inner = literal.Trim().TrimStart('{').TrimEnd('}');
        if (string.IsNullOrWhiteSpace(inner))
        {
            return elements;
        }

        var element = new StringBuilder();
        var quoted = false;
        var wasQuoted = false;
        for (var i = 0; i < inner.Length; i++)
        {
            var c = inner[i];
            if (c == '\\' && i + 1 < inner.Length)
            {
                element.Append(inner[++i]);
            }
            else if (c == '"')
            {
                quoted = !quoted;
                wasQuoted = true;
            }
            else if (c == ',' && !quoted)
            {
                Add();
            }
            else
            {
                element.Append(c);
            }
        }

        Add();
        return elements;

        void Add()
        {
            var text = element.ToString();
            elements.Add(wasQuoted ? text : text.Trim() is var bare && bare.Equals("NULL", StringComparison.OrdinalIgnoreCase) ? null : text.Trim());
            element.Clear();
            wasQuoted = false;
        }
    }
}
