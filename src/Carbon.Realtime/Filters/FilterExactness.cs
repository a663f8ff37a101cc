namespace Carbon.Realtime.Filters;

/// <summary>Whether the client can stand in for the server's filter: judge a condition on every value of a column, never "cannot tell".</summary>
/// <remarks>
/// Needed where a condition is not sent: then nobody else judges it, and a guess would show rows that the filter excludes. The rules are
/// <see cref="FilterOperand"/>'s; a test holds the two together.
/// </remarks>
internal static class FilterExactness
{
    public static bool IsExact(FilterCondition condition, FilterColumnType type) => condition.Operator switch
    {
        FilterOperator.Is when condition.Keyword is FilterIs.Null =>
            type is not (FilterColumnType.Unspecified or FilterColumnType.Other or FilterColumnType.Array or FilterColumnType.Json),
        FilterOperator.Is => type is FilterColumnType.Boolean,
        FilterOperator.Like => type is FilterColumnType.Text,
        FilterOperator.ILike or FilterOperator.Match or FilterOperator.IMatch => false,
        FilterOperator.Equal or FilterOperator.NotEqual or FilterOperator.In or FilterOperator.IsDistinct => AllHaveForm(condition, type),
        _ => type is not (FilterColumnType.Text or FilterColumnType.Name) && AllHaveForm(condition, type), // order is the collation's
    };

    private static bool AllHaveForm(FilterCondition condition, FilterColumnType type)
    {
        foreach (var literal in condition.Values)
        {
            if (!HasForm(literal, type))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A literal that can be compared with itself as a value of that type can be compared with all of them.</summary>
    private static bool HasForm(FilterLiteral literal, FilterColumnType type)
    {
        if (type is FilterColumnType.Unspecified or FilterColumnType.Other or FilterColumnType.CaseInsensitiveText)
        {
            return false; // some values only: those that are written alike, or in ASCII
        }

        var isNumber = type is FilterColumnType.Integer or FilterColumnType.Numeric or FilterColumnType.Float4 or FilterColumnType.Float8;
        return new FilterOperand(literal.Utf8, isText: !isNumber, type).CompareTo(literal) is not FilterOrder.CannotTell;
    }
}
