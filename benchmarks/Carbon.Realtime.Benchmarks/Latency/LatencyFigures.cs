namespace Carbon.Realtime.Benchmarks.Latency;

/// <summary>The result of one run: from the moment a frame was handed to the kernel to the moment its row was there, in microseconds.</summary>
internal sealed record LatencyFigures
{
    public required double P50 { get; init; }

    public required double P99 { get; init; }

    public required double P999 { get; init; }

    /// <summary>The rate that the sender kept.</summary>
    public double SentPerSecond { get; init; }
}
