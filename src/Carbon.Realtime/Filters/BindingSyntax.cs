using System.Text;

namespace Carbon.Realtime.Filters;

/// <summary>A condition as the text of a <c>postgres_changes</c> binding, quoted only where the server's grammar needs it.</summary>
/// <remarks>docs/protocol.md, "Filters". What this writes, <see cref="FilterParser"/> reads back as the same condition.</remarks>
internal static class BindingSyntax
{
    public static string Render(FilterCondition condition)
    {
        var text = new StringBuilder(condition.Column).Append('=');
        if (condition.Negated)
        {
            text.Append("not.");
        }

        text.Append(condition.Operator.Name()).Append('.');
        if (condition.Operator is not FilterOperator.In)
        {
            var scalar = condition.Value.Text;
            return Append(text, scalar, NeedsQuotes(scalar) || (condition.Operator.IsComparison() && IsNull(scalar))).ToString();
        }

        text.Append('(');
        for (var i = 0; i < condition.Values.Length; i++)
        {
            var value = condition.Values[i].Text;
            Append(i == 0 ? text : text.Append(','), value, NeedsQuotes(value) || NeedsQuotesAsElement(value));
        }

        return text.Append(')').ToString();
    }

    public static bool NeedsQuotes(string value) =>
        value.Length == 0 || char.IsWhiteSpace(value[0]) || char.IsWhiteSpace(value[^1]) || value.AsSpan().ContainsAny(",()\"\\");

    // The server turns the parentheses into the braces of a PostgreSQL array literal, so that literal's rules hold as well.
    private static bool NeedsQuotesAsElement(string value) =>
        value.AsSpan().ContainsAny('{', '}') || IsNull(value);

    /// <summary>Bare, it is refused: who writes it means NULL, and no comparison matches that.</summary>
    public static bool IsNull(string value) => value.Equals("NULL", StringComparison.OrdinalIgnoreCase);

    private static StringBuilder Append(StringBuilder text, string value, bool quoted) =>
        quoted ? AppendQuoted(text, value) : text.Append(value);

    public static StringBuilder AppendQuoted(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var c in value)
        {
            if (c is '"' or '\\')
            {
                text.Append('\\');
            }

            text.Append(c);
        }

        return text.Append('"');
    }
}
