using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Carbon.Realtime.Filters;

/// <summary>Reads a binding's filter exactly as the server does, and refuses what the server takes but nobody means.</summary>
/// <remarks>docs/protocol.md, "Filters"; <c>parse_filters</c> in the server's subscriptions.ex.</remarks>
internal static class FilterParser
{
    // What PostgreSQL takes for a blank in an array literal; conditions are trimmed of any Unicode blank.
    private const string ArraySpaces = " \t\n\r\v\f";

    public static bool TryParse(string text, out ImmutableArray<FilterCondition> conditions, [NotNullWhen(false)] out string? error)
    {
        conditions = [];
        if (string.IsNullOrWhiteSpace(text))
        {
            error = "The filter is blank: write column=operator.value, or use RealtimeFilter.None to filter nothing.";
            return false;
        }

        var found = ImmutableArray.CreateBuilder<FilterCondition>();
        var scanner = new FilterScanner();
        var start = 0;
        var swallowed = -1;
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && !scanner.Next(text[i]))
            {
                swallowed = scanner.AtTopLevel ? -1 : text[i] == ',' && swallowed < 0 ? i : swallowed;
                continue;
            }

            var problem = swallowed >= 0
                ? $"the comma at position {swallowed} stands inside a {(scanner.InQuotes ? "quote" : "parenthesis")} that is never closed, "
                    + "so it separates nothing: close it, or put the value in double quotes"
                : null;
            FilterCondition? condition = null;
            var at = 0;
            if (problem is not null || !TryParseCondition(text[start..i].Trim(), out condition, out problem, out at))
            {
                // Behind the blanks that were trimmed, if something is wrong inside the condition.
                var blanks = at > 0 ? i - start - text.AsSpan(start, i - start).TrimStart().Length : 0;
                error = $"Cannot read the filter '{text}' at position {start + blanks + at}: {problem}.";
                return false;
            }

            found.Add(condition);
            start = i + 1;
        }

        conditions = found.ToImmutable();
        error = null;
        return true;
    }

    private static bool TryParseCondition(
        string text, [NotNullWhen(true)] out FilterCondition? condition, [NotNullWhen(false)] out string? error, out int at)
    {
        condition = null;
        at = 0;
        if (text.Length == 0)
        {
            error = "there is no condition between two commas, or before the first or after the last one: remove the extra comma";
            return false;
        }

        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0)
        {
            error = $"'{text}' has no '=': write column=operator.value, as in status=eq.released; "
                + "a value that contains a comma goes in double quotes";
            return false;
        }

        var column = text[..equals];
        var rest = text.AsSpan(equals + 1);
        if (column is "or" or "and" or "not.or" or "not.and" && rest.StartsWith('('))
        {
            error = $"'{column}=(...)' is PostgREST's; Realtime has no groups: separate conditions with commas for AND, "
                + "use in.(a,b) or one subscription for each alternative for OR";
            return false;
        }

        const string Not = "not.";
        var negated = rest.StartsWith(Not, StringComparison.Ordinal);
        rest = negated ? rest[Not.Length..] : rest;
        var dot = rest.IndexOf('.');
        var name = dot < 0 ? rest : rest[..dot];
        if (FilterOperators.Find(name) is not { } op)
        {
            error = UnknownOperator(column, negated, rest.ToString(), name.ToString());
            at = text.Length - rest.Length;
            return false;
        }

        if (dot < 0)
        {
            error = $"the operator '{op.Name()}' has no value: write {column}={op.Name()}.value";
            return false;
        }

        var value = rest[(dot + 1)..].ToString();
        var read = op is FilterOperator.In
            ? TryReadElements(column, value, out var values, out error)
            : TryReadValue(op, value, out values, out error);
        return read && FilterCondition.TryCreate(column, negated, op, values, out condition, out error);
    }

    private static string UnknownOperator(string column, bool negated, string written, string name)
    {
        if (FilterOperators.Find(name.ToLowerInvariant()) is { } lower)
        {
            return $"operators are written in lower case: '{lower.Name()}' instead of '{name}'";
        }

        if (name == "not")
        {
            return "'not.' can be given once only, before the operator";
        }

        return FilterOperators.LooksInside(name)
            ? $"the operator '{name}' is PostgREST's, Realtime does not have it, nor any other that looks into arrays, ranges, documents or lists of words: "
                + "filter on another column, or in your own code"
            : FilterHint.For(column, negated, written, name);
    }

    private static bool TryReadValue(FilterOperator op, string text, out List<string> values, [NotNullWhen(false)] out string? error)
    {
        values = [];
        error = null;
        if (text.StartsWith('"'))
        {
            var value = new StringBuilder(text.Length);
            var end = ReadQuoted(text, 1, value);
            if (end != text.Length)
            {
                // The server would take such a text literally, quotes and all.
                error = end < 0
                    ? $"the quote that opens the value {text} is never closed"
                    : $"text follows the closing quote in {text}: a quoted value ends its condition, and a quote inside it is written \\\"";
                return false;
            }

            values.Add(value.ToString());
            return true;
        }

        if (op.IsComparison() && BindingSyntax.IsNull(text))
        {
            error = $"a comparison with NULL never matches: write is.null or not.is.null instead of {op.Name()}.{text}, "
                + $"or {op.Name()}.\"{text}\" if the text is meant";
            return false;
        }

        var isPattern = op is FilterOperator.Like or FilterOperator.ILike or FilterOperator.Match or FilterOperator.IMatch;
        if (text is ['(', .., ')'] && !isPattern)
        {
            error = $"parentheses belong to 'in' only: write {op.Name()}.{text[1..^1]}, "
                + $"or {op.Name()}.\"{text}\" if they are part of the value";
            return false;
        }

        values.Add(text);
        return true;
    }

    // The elements of a PostgreSQL array literal (array_in), since that is what the server makes of them.
    private static bool TryReadElements(string column, string text, out List<string> values, [NotNullWhen(false)] out string? error)
    {
        values = [];
        error = null;
        if (text is not ['(', .., ')'])
        {
            error = $"the values of 'in' go in parentheses: write {column}=in.(a,b)";
            return false;
        }

        var inner = text[1..^1];
        if (inner.AsSpan().Trim(ArraySpaces).IsEmpty)
        {
            return true; // No values: FilterCondition says what to do about it.
        }

        for (var at = 0; at <= inner.Length; at++)
        {
            var value = new StringBuilder();
            while (at < inner.Length && ArraySpaces.Contains(inner[at]))
            {
                at++;
            }

            error = at < inner.Length && inner[at] == '"' ? ReadQuotedElement(inner, ref at, value) : ReadBareElement(inner, ref at, value);
            if (error is not null)
            {
                return false;
            }

            values.Add(value.ToString());
        }

        return true;
    }

    private static string? ReadQuotedElement(string text, ref int at, StringBuilder value)
    {
        var end = ReadQuoted(text, at + 1, value);
        if (end < 0)
        {
            return "a quote in the values of 'in' is never closed";
        }

        at = end;
        while (at < text.Length && ArraySpaces.Contains(text[at]))
        {
            at++;
        }

        return at == text.Length || text[at] == ','
            ? null
            : "only a comma can follow a quoted value of 'in'; a quote inside it is written \\\"";
    }

    private static string? ReadBareElement(string text, ref int at, StringBuilder value)
    {
        var kept = 0;
        var escaped = false;
        for (; at < text.Length && text[at] != ','; at++)
        {
            switch (text[at])
            {
                case '"' or '{' or '}':
                    return $"'{text[at]}' cannot stand in a bare value of 'in': put that value in double quotes";
                case '\\' when at + 1 == text.Length:
                    return "the last value of 'in' ends with a bare backslash: put it in double quotes and write \\\\";
                case '\\':
                    value.Append(text[++at]);
                    kept = value.Length;
                    escaped = true;
                    break;
                default:
                    value.Append(text[at]);
                    kept = ArraySpaces.Contains(text[at]) ? kept : value.Length;
                    break;
            }
        }

        value.Length = kept;
        if (kept == 0)
        {
            return "a value of 'in' is empty: remove the extra comma, or write \"\" for the empty text";
        }

        return !escaped && value.ToString().Equals("NULL", StringComparison.OrdinalIgnoreCase)
            ? "NULL among the values of 'in' matches nothing, and with 'not.' makes the whole condition match nothing: "
                + "use is.null, or put it in double quotes if the text is meant"
            : null;
    }

    // Returns the index after the closing quote, or -1.
    private static int ReadQuoted(string text, int at, StringBuilder value)
    {
        for (; at < text.Length; at++)
        {
            switch (text[at])
            {
                case '"':
                    return at + 1;
                case '\\' when at + 1 < text.Length:
                    value.Append(text[++at]);
                    break;
                default:
                    value.Append(text[at]);
                    break;
            }
        }

        return -1;
    }
}
