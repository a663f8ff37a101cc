using System.Text;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>One condition of a binding's filter, as the server parses it.</summary>
/// <param name="Column">The column, raw.</param>
/// <param name="Operator">One of <see cref="Operators"/>.</param>
/// <param name="Value">The value, unquoted; for <c>in</c> the array literal that the list became.</param>
/// <param name="Negated">Whether <c>not.</c> preceded the operator.</param>
internal sealed record FilterCondition(string Column, string Operator, string Value, bool Negated)
{
    public static readonly IReadOnlySet<string> Operators = new HashSet<string>(StringComparer.Ordinal)
    {
        "eq", "neq", "lt", "lte", "gt", "gte", "in", "like", "ilike", "is", "match", "imatch", "isdistinct",
    };

    /// <summary>Parses a filter (docs/protocol.md, "Filters"). Every condition must hold.</summary>
    /// <param name="filter">The filter's text.</param>
    /// <param name="error">What the server says when it cannot parse it.</param>
    public static IReadOnlyList<FilterCondition> Parse(string filter, out string? error)
    {
        error = null;
        var conditions = new List<FilterCondition>();
        if (string.IsNullOrWhiteSpace(filter))
        {
            return conditions;
        }

        foreach (var part in Split(filter))
        {
            if (ParseOne(part.Trim(), out var details) is not { } condition)
            {
                error = $"Error parsing `filter` params: {details}";
                return [];
            }

            conditions.Add(condition);
        }

        return conditions;
    }

    private static FilterCondition? ParseOne(string text, out string error)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0)
        {
            error = ElixirText.List(text);
            return null;
        }

        var rest = text[(equals + 1)..];
        var negated = rest.StartsWith("not.", StringComparison.Ordinal);
        rest = negated ? rest[4..] : rest;
        var dot = rest.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0 || !Operators.Contains(rest[..dot]))
        {
            error = dot < 0 ? ElixirText.List(rest) : ElixirText.List(rest[..dot], rest[(dot + 1)..]);
            return null;
        }

        var value = rest[(dot + 1)..];
        if (rest[..dot] == "in")
        {
            if (value.Length < 2 || value[0] != '(' || value[^1] != ')')
            {
                error = "`in` filter value must be wrapped by parentheses";
                return null;
            }

            value = $"{{{value[1..^1]}}}";
        }
        else if (value.Length >= 2 && value[0] == '"' && value[^1] == '"')
        {
            value = Unquote(value[1..^1]);
        }

        error = "";
        return new FilterCondition(text[..equals], rest[..dot], value, negated);
    }

    /// <summary>
    /// Splits on commas outside quotes and parentheses. A quote opens only right after <c>.</c>, <c>(</c> or <c>,</c>, and not where it begins a condition; a parenthesis that closes nothing is
    /// nothing.
    /// </summary>
    private static IEnumerable<string> Split(string filter)
    {
        var start = 0;
        var depth = 0;
        var quoted = false;
        for (var i = 0; i < filter.Length; i++)
        {
            switch (filter[i])
            {
                case '\\' when quoted:
                    i++;
                    break;
                case '"' when quoted:
                    quoted = false;
                    break;
                case '"' when i > start && filter[i - 1] is '.' or '(' or ',':
                    quoted = true;
                    break;
                case '(' when !quoted:
                    depth++;
                    break;
                case ')' when !quoted:
                    depth = Math.Max(0, depth - 1);
                    break;
                case ',' when !quoted && depth == 0:
                    yield return filter[start..i];
                    start = i + 1;
                    break;
                default:
                    break;
            }
        }

        yield return filter[start..];
    }

    private static string Unquote(string quoted)
    {
        var text = new StringBuilder(quoted.Length);
        for (var i = 0; i < quoted.Length; i++)
        {
            text.Append(quoted[i] == '\\' && i + 1 < quoted.Length ? quoted[++i] : quoted[i]);
        }

        return text.ToString();
    }
}
