using System.Collections.Immutable;
using System.Text;

namespace Carbon.Realtime.Filters;

/// <summary>A condition as one query parameter of PostgREST, not yet percent-encoded.</summary>
/// <remarks>
/// The same text means other things there: a scalar is never quoted, the elements of <c>in</c> always are (a bare
/// parenthesis would silently end the list), and <c>*</c> in a pattern is a wildcard. Escape name and value with
/// <see cref="Uri.EscapeDataString(string)"/>: PostgREST decodes <c>+</c> and splits at <c>;</c>.
/// </remarks>
internal static class PostgrestSyntax
{
    public static ImmutableArray<KeyValuePair<string, string>> Render(ImmutableArray<FilterCondition> conditions) =>
        conditions.Select(condition => KeyValuePair.Create(RenderColumn(condition.Column), RenderValue(condition))).ToImmutableArray();

    /// <summary>Quotes a name that is reserved or not plain; quoting is always allowed, so the test is narrower than PostgREST's.</summary>
    public static string RenderColumn(string column)
    {
        var plain = column.All(c => char.IsAsciiLetterOrDigit(c) || c is '_')
            && column is not ("select" or "order" or "limit" or "offset" or "and" or "or" or "not" or "columns" or "on_conflict");
        return plain ? column : BindingSyntax.AppendQuoted(new StringBuilder(), column).ToString();
    }

    private static string RenderValue(FilterCondition condition)
    {
        var not = condition.Negated ? "not." : "";
        var value = condition.Value.Text;
        return condition.Operator switch
        {
            // PostgREST takes in.("") for the empty list, which even inverts not.in.
            FilterOperator.In when condition.Values is [{ Text: "" }] => $"{not}eq.",
            FilterOperator.In => RenderIn(not, condition.Values),

            // No way to write a literal * there; match and imatch know it.
            FilterOperator.Like when value.Contains('*') => $"{not}match.{LikePattern.ToRegularExpression(value)}",
            FilterOperator.ILike when value.Contains('*') => $"{not}imatch.{LikePattern.ToRegularExpression(value)}",
            var op => $"{not}{op.Name()}.{value}",
        };
    }

    private static string RenderIn(string not, ImmutableArray<FilterLiteral> values)
    {
        var text = new StringBuilder(not).Append("in.(");
        foreach (var value in values)
        {
            BindingSyntax.AppendQuoted(text, value.Text).Append(',');
        }

        text[^1] = ')';
        return text.ToString();
    }
}
