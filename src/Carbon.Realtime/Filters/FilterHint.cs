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

        // status == released, status != released, total >= 5: a comparison as programs write it.
        var comparison = column.TrimEnd() switch
        {
            [.., '!'] or [.., '<', '>'] => "neq",
            [.., '<'] => "lte",
            [.., '>'] => "gte",
            _ when written.StartsWith('=') => "eq",
            _ => null,
        };
        if (comparison is not null)
        {
            var meant = $"{column.TrimEnd(' ', '\t', '!', '<', '>')}={not}{comparison}.{Bare(written.TrimStart('=', ' ', '\t'))}";
            return $"comparisons are written with the names of operators: write {meant}";
        }

        if (name.EndsWith(')') && name.Contains('('))
        {
            return $"the operator '{name}' is PostgREST's, Realtime does not have it: for one of several values write {column}={not}in.(a,b)";
        }

        var value = name.Length < written.Length ? Bare(written[(name.Length + 1)..]) : null;
        if (value is not null && name.ToLowerInvariant() is "contains" or "includes" or "startswith" or "endswith")
        {
            return $"the server has no operator '{name}': for a part of a text write {column}={not}like.%{value}%, and it has none that looks into arrays or documents";
        }

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
