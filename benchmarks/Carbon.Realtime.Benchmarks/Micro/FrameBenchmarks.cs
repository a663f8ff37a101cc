using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Carbon.Realtime.Benchmarks.Clients;
using Carbon.Realtime.Benchmarks.Rows;
using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Benchmarks.Micro;

/// <summary>
/// The frame path, without a socket: what it costs to find the record in a frame, and to make its row, the limit's way and the library's.
/// </summary>
[MemoryDiagnoser]
public class FrameBenchmarks
{
    private readonly ChangeReader _changes = new();
    private readonly byte[] _recordName = LimitClient.RecordOf(ChangeKind.Insert);
    private byte[] _frame = [];

    [Params(ChangeKind.Insert, ChangeKind.Update)]
    public ChangeKind Kind { get; set; }

    [GlobalSetup]
    public void Setup() => _frame = new ChangeFrames(new Workload(RowSize.Item, Kind)).Frame("realtime:race", [68_883_293], 7);

    [Benchmark(Baseline = true, Description = "Every token, nothing looked at")]
    public int Tokens()
    {
        var reader = new Utf8JsonReader(_frame);
        var tokens = 0;
        while (reader.Read()) tokens++;
        return tokens;
    }

    [Benchmark(Description = "The limit: every token, and the row")]
    public Item? Limit() => LimitClient.ReadRow(_frame, _recordName, BenchJson.Default.Item);

    [Benchmark(Description = "Envelope: topic and event found, payload not looked into")]
    public int Envelope()
    {
        FrameReader.TryRead(_frame, out var frame, out _);
        return frame.Payload.Length;
    }

    [Benchmark(Description = "Envelope and change: every part found, columns compared")]
    public int Change()
    {
        FrameReader.TryRead(_frame, out var frame, out _);
        _changes.TryRead(frame.Payload, out var change, out _);
        return change.Record.Length;
    }

    [Benchmark(Description = "Envelope, change, and the row")]
    public Item? ChangeAndRow()
    {
        FrameReader.TryRead(_frame, out var frame, out _);
        _changes.TryRead(frame.Payload, out var change, out _);
        return JsonSerializer.Deserialize(change.Record, BenchJson.Default.Item);
    }
}
