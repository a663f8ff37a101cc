namespace Carbon.Realtime.Benchmarks.Race;

/// <summary>How the reading of a whole table is measured.</summary>
internal sealed record TableOptions
{
    public required int Rows { get; init; }

    public required int Runs { get; init; }

    public string? Date { get; init; }

    public string? Out { get; init; }

    public bool Check { get; init; }
}
