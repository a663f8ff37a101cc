using System.Globalization;
using System.Text;

namespace Carbon.Realtime.Benchmarks.Rows;

/// <summary>Which change the frames carry.</summary>
public enum ChangeKind
{
    /// <summary>INSERT: a record, no old record.</summary>
    Insert,

    /// <summary>UPDATE under the default replica identity: a record, and an old record of the key alone.</summary>
    Update,
}

/// <summary>
/// The text frames of item changes as server 2.129.8 writes them: its key order, its spaces (the record and the columns come from
/// PostgreSQL's jsonb and have them, the envelope has none), record keys in jsonb order (by length, then bytes), columns in table order.
/// </summary>
public static class ItemFrames
{
    public const string Table = "item";

    /// <summary>How many different frames there are; a sender repeats them.</summary>
    public const int PoolSize = 1000;

    private const string Columns =
        """[{"name": "id", "type": "text"}, {"name": "readableId", "type": "text"}, {"name": "revision", "type": "text"},""" +
        """ {"name": "readableIdWithRevision", "type": "text"}, {"name": "name", "type": "text"}, {"name": "type", "type": "itemType"},""" +
        """ {"name": "replenishmentSystem", "type": "itemReplenishmentSystem"}, {"name": "itemTrackingType", "type": "itemTrackingType"},""" +
        """ {"name": "unitOfMeasureCode", "type": "text"}, {"name": "active", "type": "bool"}, {"name": "companyId", "type": "text"},""" +
        """ {"name": "updatedAt", "type": "timestamptz"}]""";

    private static readonly string[] Names = ["Hex bolt M8x40", "Bracket", "Ø12 dowel pin", "Gearbox housing, left", "1/2\\\" pipe elbow", "Linear guide rail"];
    private static readonly string[] Types = ["Part", "Material", "Tool", "Service", "Consumable"];
    private static readonly string[] Replenishment = ["Buy", "Make", "Buy and Make"];
    private static readonly string[] Tracking = ["Inventory", "Non-Inventory", "Serial", "Batch"];
    private static readonly string[] Units = ["EA", "KG", "M"];

    /// <summary>The record of row <paramref name="index"/>, as jsonb text.</summary>
    public static string Record(int index)
    {
        var readableId = string.Create(CultureInfo.InvariantCulture, $"P{100_000 + index}");
        var revision = index % 10;
        var withRevision = revision == 0 ? readableId : $"{readableId}.{revision}";
        return $$"""{"id": "{{Id(index)}}", "name": "{{Names[index % Names.Length]}} {{index}}", "type": "{{Types[index % Types.Length]}}",""" +
            $$""" "active": {{(index % 16 == 0 ? "false" : "true")}}, "revision": "{{revision}}", "companyId": "co_7mkq2vd5",""" +
            $$""" "updatedAt": "2026-11-22T10:46:{{index % 60:00}}.{{index * 641 % 1_000_000:000000}}+00:00", "readableId": "{{readableId}}",""" +
            $$""" "itemTrackingType": "{{Tracking[index % Tracking.Length]}}", "unitOfMeasureCode": {{Unit(index)}},""" +
            $$""" "replenishmentSystem": "{{Replenishment[index % Replenishment.Length]}}", "readableIdWithRevision": "{{withRevision}}"}""";
    }

    /// <summary>The whole text frame of row <paramref name="index"/> for a joined topic and the ids of its matching bindings.</summary>
    public static byte[] Frame(ChangeKind kind, string topic, IReadOnlyList<long> ids, int index)
    {
        var frame = new StringBuilder(1100)
            .Append("[null,null,\"").Append(topic).Append("\",\"postgres_changes\",{\"data\":{\"table\":\"item\",\"type\":\"")
            .Append(kind == ChangeKind.Insert ? "INSERT" : "UPDATE")
            .Append("\",\"record\":").Append(Record(index))
            .Append(",\"columns\":").Append(Columns)
            .Append(",\"errors\":null,\"schema\":\"public\",\"commit_timestamp\":\"2026-11-22T10:46:")
            .Append(CultureInfo.InvariantCulture, $"{index % 60:00}.{index % 1000:000}Z\"");
        if (kind == ChangeKind.Update) frame.Append(",\"old_record\":{\"id\": \"").Append(Id(index)).Append("\"}");
        return Encoding.UTF8.GetBytes(frame.Append("},\"ids\":[").AppendJoin(',', ids).Append("]}]").ToString());
    }

    internal static string Id(int index) => string.Create(CultureInfo.InvariantCulture, $"item_4fz8k1q{index:x8}");

    private static string Unit(int index) => index % 20 == 0 ? "null" : $"\"{Units[index % Units.Length]}\"";
}
