namespace Carbon.Realtime.Samples.ConsoleWatch;

/// <summary>What was asked for. Not a record: the text form of one would show the key and the token.</summary>
internal sealed class WatchArguments
{
    /// <summary>Whether the core stores are shown, instead of the changes of tables.</summary>
    public bool ShowsStores { get; init; }

    /// <summary>The SQLite file in which stores keep their rows; <see langword="null"/> for none.</summary>
    public string? CachePath { get; init; }

    /// <summary>The table; <see langword="null"/> watches the four of the embedded shop.</summary>
    public string? Table { get; init; }

    public RealtimeFilter Filter { get; init; } = RealtimeFilter.None;

    public string? Tenant { get; init; }

    public string Schema { get; init; } = "public";

    /// <summary>The primary key's columns; none for <c>id</c>.</summary>
    public IReadOnlyList<string> RowKey { get; init; } = [];

    /// <summary>Whether the key may travel in the clear.</summary>
    public bool IsInsecure { get; init; }

    /// <summary>The project; <see langword="null"/> for the embedded shop.</summary>
    public string? Url { get; init; }

    public string ApiKey { get; init; } = "";

    public string? AccessToken { get; init; }

    /// <summary>How long to watch once changes flow; <see langword="null"/> until Ctrl-C.</summary>
    public TimeSpan? Duration { get; init; }
}
