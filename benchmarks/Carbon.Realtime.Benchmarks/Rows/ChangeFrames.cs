using System.Globalization;
using System.Text;

namespace Carbon.Realtime.Benchmarks.Rows;

/// <summary>
/// The text frames of a workload's changes as server 2.129.8 writes them: its key order, and its spaces (the records and the columns come
/// from PostgreSQL's jsonb and have them, the envelope has none).
/// </summary>
public sealed class ChangeFrames(Workload load)
{
    /// <summary>The table, whatever the size of its rows.</summary>
    public const string Table = "item";

    /// <summary>How many different frames there are; a sender repeats them.</summary>
    public const int PoolSize = 1000;

    private readonly RowTexts _row = RowTexts.Of(load.Row);

    /// <summary>The whole text frame of row <paramref name="index"/> for a joined topic and the ids of its matching bindings.</summary>
    public byte[] Frame(string topic, IReadOnlyList<long> ids, int index) => Frame(topic, ids, index, RowTexts.Name(index));

    /// <summary>The same under another name.</summary>
    public byte[] Frame(string topic, IReadOnlyList<long> ids, int index, string name)
    {
        var frame = new StringBuilder(1100)
            .Append("[null,null,\"").Append(topic).Append("\",\"postgres_changes\",{\"data\":{\"table\":\"item\",\"type\":\"")
            .Append(load.Event).Append('"');
        if (load.Kind != ChangeKind.Delete) frame.Append(",\"record\":").Append(_row.Record(index, name));
        frame.Append(",\"columns\":").Append(_row.Columns)
            .Append(",\"errors\":null,\"schema\":\"public\",\"commit_timestamp\":\"2026-11-22T10:46:")
            .Append(CultureInfo.InvariantCulture, $"{index % 60:00}.{index % 1000:000}Z\"");
        if (OldRecord(index, name) is { } old) frame.Append(",\"old_record\":").Append(old);
        return Encoding.UTF8.GetBytes(frame.Append("},\"ids\":[").AppendJoin(',', ids).Append("]}]").ToString());
    }

    /// <summary>The average length of the pool's frames.</summary>
    public double AverageBytes() => Enumerable.Range(0, PoolSize).Average(index => Frame("realtime:race", [1], index).Length);

    private string? OldRecord(int index, string name) => load.Kind switch
    {
        ChangeKind.Update => $$"""{"id": "{{RowTexts.Id(index)}}"}""",
        ChangeKind.UpdateFull => _row.Record(index, RowTexts.Name(index + 1)), // the update gave it another name
        ChangeKind.Delete => _row.Record(index, name),
        _ => null,
    };
}
