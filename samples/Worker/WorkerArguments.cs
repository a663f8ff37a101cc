namespace Carbon.Realtime.Samples.LabelWorker;

/// <summary>What was asked for. Not a record: the text form of one would show the key and the token.</summary>
internal sealed class WorkerArguments
{
    /// <summary>The project; <see langword="null"/> for the embedded shop.</summary>
    public Uri? Url { get; init; }

    public string ApiKey { get; init; } = "";

    public string? AccessToken { get; init; }

    /// <summary>Whether the key may travel in the clear.</summary>
    public bool IsInsecure { get; init; }

    /// <summary>The company.</summary>
    public required string Tenant { get; init; }

    /// <summary>Which jobs want a label.</summary>
    public required RealtimeFilter Filter { get; init; }

    /// <summary>Where journal and cache are, in a folder for each project.</summary>
    public required string Data { get; init; }

    /// <summary>How long to work once jobs are there; <see langword="null"/> until Ctrl-C.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>The project's own folder.</summary>
    public string Folder => Path.Combine(Data, Url is null ? "embedded" : $"{Url.Host}-{Url.Port}");
}
