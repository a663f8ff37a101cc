namespace Carbon.Realtime;

/// <summary>When a revalidation or a change token fires, and how it subscribes. Immutable.</summary>
public sealed record RevalidationOptions
{
    /// <summary>The defaults.</summary>
    public static RevalidationOptions Default { get; } = new();

    /// <summary>How long it must be quiet before it fires. Default 300 ms; 0 to 1 minute. Each change begins it anew, until <see cref="MaxDelay"/>.</summary>
    public TimeSpan Debounce { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>The longest that a change waits, while others keep coming. Default 5 s; <see cref="Debounce"/> to 1 hour.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Only for change tokens: after this a token fires whatever happened, and lets go of its tables. Default 1 hour; 1 s to 24 hours. It bounds what a
    /// token costs that nobody looks at any more, and how stale a cache gets that cannot be told of changes.
    /// </summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Also fire on deletes that cannot be matched with the filter because they carry only the key: another tenant's among them, so at worst it is a
    /// reload too many. Default <see langword="true"/>. Without it a filtered table that does not have <c>REPLICA IDENTITY FULL</c> tells no deletes at all.
    /// </summary>
    public bool KeyOnlyDeletes { get; init; } = true;

    /// <summary>The group whose channel is shared; as <see cref="ChangeStreamOptions.Group"/>. Default <c>default</c>.</summary>
    public string Group { get; init; } = "default";
}
