using System.Text;
using System.Text.Json;

namespace Carbon.Realtime.Benchmarks.Rows;

/// <summary>What one decoded row occupies: the part of bytes/event that no client can avoid.</summary>
public static class RowGraph
{
    /// <summary>
    /// Bytes allocated by deserialising one record, averaged over the whole pool. The rows are kept, so nothing that is only passing
    /// hides here: with plain setters the serializer allocates the row and its strings and nothing else.
    /// </summary>
    public static double BytesPerRow()
    {
        var records = Enumerable.Range(0, ItemFrames.PoolSize).Select(i => Encoding.UTF8.GetBytes(ItemFrames.Record(i))).ToArray();
        var rows = new Item?[records.Length];
        Decode(records, rows); // metadata and reader caches are built here, once
        var before = GC.GetAllocatedBytesForCurrentThread();
        Decode(records, rows);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        GC.KeepAlive(rows);
        return (double)allocated / records.Length;
    }

    private static void Decode(byte[][] records, Item?[] rows)
    {
        for (var i = 0; i < records.Length; i++) rows[i] = JsonSerializer.Deserialize(records[i].AsSpan(), BenchJson.Default.Item);
    }
}
