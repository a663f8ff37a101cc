using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Carbon.Realtime.Benchmarks.Rows;

/// <summary>What one decoded row occupies: the part of bytes/event that no client can avoid.</summary>
public static class RowGraph
{
    /// <summary>
    /// Bytes allocated by deserialising one record, averaged over the whole pool. The rows are kept, so nothing that is only passing
    /// hides here: with plain setters the serializer allocates the row and its strings and nothing else. The least of some passes: where the
    /// collector has just emptied the pool that long texts are unescaped in, it is filled again.
    /// </summary>
    public static double BytesPerRow(RowSize row) => row switch
    {
        RowSize.Item => BytesPerRow(row, BenchJson.Default.Item),
        RowSize.Small => BytesPerRow(row, BenchJson.Default.SmallItem),
        RowSize.Large => BytesPerRow(row, BenchJson.Default.LargeItem),
        _ => throw new ArgumentOutOfRangeException(nameof(row)),
    };

    private static double BytesPerRow<TRow>(RowSize row, JsonTypeInfo<TRow> metadata)
    {
        var texts = RowTexts.Of(row);
        var records = Enumerable.Range(0, ChangeFrames.PoolSize).Select(i => Encoding.UTF8.GetBytes(texts.Record(i))).ToArray();
        var rows = new TRow?[records.Length];
        Decode(records, rows, metadata); // metadata and reader caches are built here, once
        var least = long.MaxValue;
        for (var pass = 0; pass < 5; pass++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            Decode(records, rows, metadata);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        GC.KeepAlive(rows);
        return (double)least / records.Length;
    }

    private static void Decode<TRow>(byte[][] records, TRow?[] rows, JsonTypeInfo<TRow> metadata)
    {
        for (var i = 0; i < records.Length; i++) rows[i] = JsonSerializer.Deserialize(records[i].AsSpan(), metadata);
    }
}
