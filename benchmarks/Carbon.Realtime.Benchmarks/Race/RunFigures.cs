using System.Text.Json.Serialization;
using Carbon.Realtime.Benchmarks.Latency;

namespace Carbon.Realtime.Benchmarks.Race;

/// <summary>The result of one run: one line of JSON on the contender's standard output.</summary>
internal sealed record RunFigures
{
    public required double EventsPerSecond { get; init; }

    public required double CpuMicrosecondsPerEvent { get; init; }

    /// <summary>Null where it is not measured: JavaScript does not tell what it allocates.</summary>
    public required double? BytesPerEvent { get; init; }

    /// <summary>The sum over something of every decoded row; 0 where none is decoded.</summary>
    public required long Checksum { get; init; }

    /// <summary>The share of the blast in which the sender's process computed; the rest it waited for the contender.</summary>
    public double SenderBusy { get; init; }
}

[JsonSerializable(typeof(RunFigures))]
[JsonSerializable(typeof(LatencyFigures))]
internal sealed partial class RaceJson : JsonSerializerContext;
