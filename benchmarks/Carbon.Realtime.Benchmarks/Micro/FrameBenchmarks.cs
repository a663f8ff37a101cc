using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Carbon.Realtime.Benchmarks.Clients;
using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Micro;

/// <summary>
/// The frame path, without a socket: what it costs to find the record in a frame. Issue 2's frame and change readers join here:
/// <c>FrameReader</c> (envelope) and <c>ChangeReader</c> (envelope, verdict, row) against the two base lines.
/// </summary>
[MemoryDiagnoser]
public class FrameBenchmarks
{
    private byte[] _frame = [];

    [Params(ChangeKind.Insert, ChangeKind.Update)]
    public ChangeKind Kind { get; set; }

    [GlobalSetup]
    public void Setup() => _frame = ItemFrames.Frame(Kind, "realtime:race", [68_883_293], 7);

    [Benchmark(Baseline = true, Description = "Every token, nothing looked at")]
    public int Tokens()
    {
        var reader = new Utf8JsonReader(_frame);
        var tokens = 0;
        while (reader.Read()) tokens++;
        return tokens;
    }

    [Benchmark(Description = "The limit: every token, and the row")]
    public Item? Limit() => LimitClient.ReadRow(_frame);
}
