namespace Carbon.Realtime.Filters;

/// <summary>What to write instead of an operator that there is not: as little as possible of what was written changes.</summary>
internal static class FilterHint
{
    /// <param name="column">What stands before the first <c>=</c>.</param>
    /// <param name="negated">Whether <c>not.</c> stands behind it.</param>
    /// <param name="written">What stands behind it, and behind <c>not.</c></param>
    /// <param name="name">Of that, what stands before the first dot.</param>
    public static string For(string column, bool negated, string written, string name)
    {
        var not = negated ? "not." : "";
        var value = name.Length < written.Length ? Bare(written[(name.Length + 1)..]) : null;
        return OfComparison(column, not, written) ?? OfPostgrest(column, not, name) ?? OfSearch(column, not, name, value) ?? OfOperator(column, not, written, name, value);
    }

    /// <summary>A comparison as programs write it: <c>status == released</c>, <c>status != released</c>, <c>total &gt;= 5</c>.</summary>
    private static string? OfComparison(string column, string not, string written)
    {
        var meant = column.TrimEnd() switch
        {
            [.., '!'] or [.., '<', '>'] => "neq",
            [.., '<'] => "lte",
            [.., '>'] => "gte",
            _ when written.StartsWith('=') => "eq",
            _ => null,
        };
        return meant is null ? null
            : $"comparisons are written with the names of operators: write {column.TrimEnd(' ', '\t', '!', '<', '>')}={not}{meant}.{Bare(written.TrimStart('=', ' ', '\t'))}";
    }

    /// <summary><c>eq(any)</c> and its like.</summary>
    private static string? OfPostgrest(string column, string not, string name) => name.EndsWith(')') && name.Contains('(')
        ? $"the operator '{name}' is PostgREST's, Realtime does not have it: for one of several values write {column}={not}in.(a,b)"
        : null;

    private static string? OfSearch(string column, string not, string name, string? value) =>
        value is not null && name.ToLowerInvariant() is "contains" or "includes" or "startswith" or "endswith"
            ? $"the server has no operator '{name}': for a part of a text write {column}={not}like.%{value}%, and it has none that looks into arrays or documents"
            : null;

    /// <summary>The operator by another library's word for it; or none at all, for all of it is the value.</summary>
    private static string OfOperator(string column, string not, string written, string name, string? value)
    {
        var none = $"there is no operator '{name}': write one of {FilterOperators.All} after '{column}=', as in ";
        return Alias(name) is { } op && value is not null ? $"{none}{column}={not}{op}.{value}"
            : value is not null && name.Length > 0 && name.All(char.IsAsciiLetter) ? $"{none}{column}={not}eq.{value}, or {column}={not}eq.{written} if all of it is the value"
            : $"{none}{column}={not}eq.{Bare(written)}";
    }

    // The words of other libraries.
    private static string? Alias(string name) => name.ToLowerInvariant().Replace("_", "", StringComparison.Ordinal) switch
    {
        "equals" or "equal" or "isequal" => "eq",
        "ne" or "notequals" or "notequal" => "neq",
        "ge" or "greaterthanorequal" => "gte",
        "le" or "lessthanorequal" => "lte",
        "greater" or "greaterthan" => "gt",
        "less" or "lessthan" => "lt",
        _ => null,
    };

    // The quotes of SQL and of programs would be looked for in the column.
    private static string Bare(string value) =>
        value.Trim() is ['\'', .. var inner, '\''] && !inner.Contains('\'', StringComparison.Ordinal) ? inner : value.Trim();
}
