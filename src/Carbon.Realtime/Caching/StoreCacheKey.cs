namespace Carbon.Realtime;

/// <summary>Whose rows, of what, in which shape. Rows of different keys never meet. Compared by value.</summary>
/// <remarks>Contains a user's and a tenant's identifiers: a cache must not write it into names or logs.</remarks>
public sealed record StoreCacheKey
{
    /// <summary>The project's address, without keys.</summary>
    public required string Project { get; init; }

    /// <summary>The signed-in user's <c>sub</c>; <see langword="null"/> for nobody. Nothing is kept for a user without one.</summary>
    public string? Subject { get; init; }

    /// <summary>The user's role; <see langword="null"/> for the API key's.</summary>
    public string? Role { get; init; }

    /// <summary>The tenant; <see langword="null"/> where the rows belong to none.</summary>
    public string? Tenant { get; init; }

    /// <summary>The table with its schema.</summary>
    public required string Table { get; init; }

    /// <summary>What is read of it: filter and select list, canonically.</summary>
    public required string Query { get; init; }

    /// <summary>Of the row type as it is serialised: other columns or types give another one.</summary>
    public required string Shape { get; init; }

    /// <summary>The table; no identifiers.</summary>
    public override string ToString() => Table;
}
