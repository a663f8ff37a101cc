using System.Text.Json.Serialization;

namespace Carbon.Realtime.Benchmarks.Rows;

/// <summary>The source-generated metadata that every contender decodes with.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Item))]
[JsonSerializable(typeof(SmallItem))]
[JsonSerializable(typeof(LargeItem))]
[JsonSerializable(typeof(List<Item>))]
public sealed partial class BenchJson : JsonSerializerContext;
