using System.Globalization;

namespace Carbon.Realtime.Benchmarks.Rows;

/// <summary>The texts of an <see cref="Item"/>.</summary>
internal sealed class ItemTexts : RowTexts
{
    private static readonly string[] Types = ["Part", "Material", "Tool", "Service", "Consumable"];
    private static readonly string[] Replenishment = ["Buy", "Make", "Buy and Make"];
    private static readonly string[] Tracking = ["Inventory", "Non-Inventory", "Serial", "Batch"];
    private static readonly string[] Units = ["EA", "KG", "M"];

    public override string Columns =>
        """[{"name": "id", "type": "text"}, {"name": "readableId", "type": "text"}, {"name": "revision", "type": "text"},""" +
        """ {"name": "readableIdWithRevision", "type": "text"}, {"name": "name", "type": "text"}, {"name": "type", "type": "itemType"},""" +
        """ {"name": "replenishmentSystem", "type": "itemReplenishmentSystem"}, {"name": "itemTrackingType", "type": "itemTrackingType"},""" +
        """ {"name": "unitOfMeasureCode", "type": "text"}, {"name": "active", "type": "bool"}, {"name": "companyId", "type": "text"},""" +
        """ {"name": "updatedAt", "type": "timestamptz"}]""";

    public override string Record(int index, string name)
    {
        var readableId = string.Create(CultureInfo.InvariantCulture, $"P{100_000 + index}");
        var revision = index % 10;
        var withRevision = revision == 0 ? readableId : $"{readableId}.{revision}";
        return $$"""{"id": "{{Id(index)}}", "name": "{{name}}", "type": "{{Types[index % Types.Length]}}",""" +
            $$""" "active": {{(index % 16 == 0 ? "false" : "true")}}, "revision": "{{revision}}", "companyId": "co_7mkq2vd5",""" +
            $$""" "updatedAt": "{{UpdatedAt(index)}}", "readableId": "{{readableId}}",""" +
            $$""" "itemTrackingType": "{{Tracking[index % Tracking.Length]}}", "unitOfMeasureCode": {{Unit(index)}},""" +
            $$""" "replenishmentSystem": "{{Replenishment[index % Replenishment.Length]}}", "readableIdWithRevision": "{{withRevision}}"}""";
    }

    private static string Unit(int index) => index % 20 == 0 ? "null" : $"\"{Units[index % Units.Length]}\"";
}
