namespace Carbon.Realtime.Filters;

/// <summary>The operators of a server from 2.112.0 on (docs/protocol.md, "Filters"); older ones know only the first seven.</summary>
internal enum FilterOperator
{
    Equal,
    NotEqual,
    LessThan,
    LessThanOrEqual,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    Like,
    ILike,
    Is,
    Match,
    IMatch,
    IsDistinct,
}

internal static class FilterOperators
{
    public const string All = "eq, neq, lt, lte, gt, gte, in, like, ilike, is, match, imatch, isdistinct";

    public static string Name(this FilterOperator op) => op switch
    {
        FilterOperator.Equal => "eq",
        FilterOperator.NotEqual => "neq",
        FilterOperator.LessThan => "lt",
        FilterOperator.LessThanOrEqual => "lte",
        FilterOperator.GreaterThan => "gt",
        FilterOperator.GreaterThanOrEqual => "gte",
        FilterOperator.In => "in",
        FilterOperator.Like => "like",
        FilterOperator.ILike => "ilike",
        FilterOperator.Is => "is",
        FilterOperator.Match => "match",
        FilterOperator.IMatch => "imatch",
        FilterOperator.IsDistinct => "isdistinct",
        _ => throw new ArgumentOutOfRangeException(nameof(op), op, null),
    };

    /// <summary>Whether it compares with one value of the column's own type.</summary>
    public static bool IsComparison(this FilterOperator op) =>
        op is <= FilterOperator.GreaterThanOrEqual or FilterOperator.IsDistinct;

    public static FilterOperator? Find(ReadOnlySpan<char> name) => name switch
    {
        "eq" => FilterOperator.Equal,
        "neq" => FilterOperator.NotEqual,
        "lt" => FilterOperator.LessThan,
        "lte" => FilterOperator.LessThanOrEqual,
        "gt" => FilterOperator.GreaterThan,
        "gte" => FilterOperator.GreaterThanOrEqual,
        "in" => FilterOperator.In,
        "like" => FilterOperator.Like,
        "ilike" => FilterOperator.ILike,
        "is" => FilterOperator.Is,
        "match" => FilterOperator.Match,
        "imatch" => FilterOperator.IMatch,
        "isdistinct" => FilterOperator.IsDistinct,
        _ => null,
    };

    /// <summary>Operators of PostgREST that Realtime lacks, and the name under which they are looked for, so that the error can say so.</summary>
    public static bool LooksInside(ReadOnlySpan<char> name) =>
        name is "cs" or "cd" or "ov" or "sl" or "sr" or "nxr" or "nxl" or "adj" or "fts" or "plfts" or "phfts" or "wfts"
        || (name.StartsWith("fts(", StringComparison.Ordinal) || name.StartsWith("plfts(", StringComparison.Ordinal)
            || name.StartsWith("phfts(", StringComparison.Ordinal) || name.StartsWith("wfts(", StringComparison.Ordinal));
}
