using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Race;

/// <summary>What one run measures.</summary>
/// <param name="Port">The sender's port.</param>
/// <param name="Load">What the sender sends.</param>
/// <param name="Warmup">Events before the measurement: the JIT reaches its last tier, buffers and pools their sizes.</param>
/// <param name="Events">Events measured.</param>
internal sealed record RunOptions(int Port, Workload Load, long Warmup, long Events)
{
    public long Total => Warmup + Events;
}

/// <summary>What a race compares.</summary>
internal sealed record RaceOptions
{
    /// <summary>The contenders in the order of every round; ratios are to the first.</summary>
    public required IReadOnlyList<string> Contenders { get; init; }

    /// <summary>Rounds; each contender runs once in each.</summary>
    public required int Runs { get; init; }

    public required long Warmup { get; init; }

    public required long Events { get; init; }

    /// <summary>What the sender sends; a matrix tries them all.</summary>
    public required Workload Load { get; init; }

    /// <summary>When it was run, as the caller says.</summary>
    public required string? Date { get; init; }

    /// <summary>Where the report goes beside standard output.</summary>
    public required string? Out { get; init; }

    /// <summary>Whether a missed floor makes the command fail.</summary>
    public required bool Check { get; init; }
}
