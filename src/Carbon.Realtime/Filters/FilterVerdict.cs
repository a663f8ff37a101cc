namespace Carbon.Realtime.Filters;

/// <summary>Whether a record satisfies a filter. Ordered so that the lesser of two is their conjunction.</summary>
internal enum FilterVerdict
{
    /// <summary>It does not, for certain.</summary>
    No = 0,

    /// <summary>Only the database knows: the column is absent, or comparing needs its collation, regular expressions or types.</summary>
    CannotTell,

    /// <summary>It does, for certain.</summary>
    Yes,
}

internal static class FilterVerdicts
{
    /// <summary>Three-valued AND: any <see cref="FilterVerdict.No"/> decides, then any <see cref="FilterVerdict.CannotTell"/>.</summary>
    /// <remarks>Start a conjunction with <see cref="FilterVerdict.Yes"/>; a filter without conditions is one.</remarks>
    public static FilterVerdict And(this FilterVerdict left, FilterVerdict right) => left < right ? left : right;
}
