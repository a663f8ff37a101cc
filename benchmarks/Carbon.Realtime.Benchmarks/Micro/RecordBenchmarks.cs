using System.Text;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Micro;

/// <summary>The record path: one row from its bytes, by either overload of the serializer.</summary>
[MemoryDiagnoser]
public class RecordBenchmarks
{
    private byte[] _record = [];

    [GlobalSetup]
    public void Setup() => _record = Encoding.UTF8.GetBytes(RowTexts.Of(RowSize.Item).Record(7));

    [Benchmark(Baseline = true, Description = "By span")]
    public Item? Span() => JsonSerializer.Deserialize(_record.AsSpan(), BenchJson.Default.Item);

    [Benchmark(Description = "Skip, then by span (the limit's way)")]
    public Item? SkipThenSpan()
    {
        var reader = new Utf8JsonReader(_record);
        reader.Read();
        reader.Skip();
        return JsonSerializer.Deserialize(_record.AsSpan(0, (int)reader.BytesConsumed), BenchJson.Default.Item);
    }

    [Benchmark(Description = "By reader")]
    public Item? Reader()
    {
        var reader = new Utf8JsonReader(_record);
        return JsonSerializer.Deserialize(ref reader, BenchJson.Default.Item);
    }
}
