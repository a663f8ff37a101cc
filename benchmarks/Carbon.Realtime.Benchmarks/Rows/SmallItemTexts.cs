namespace Carbon.Realtime.Benchmarks.Rows;

/// <summary>The texts of a <see cref="SmallItem"/>.</summary>
internal sealed class SmallItemTexts : RowTexts
{
    public override string Columns => """[{"name": "id", "type": "text"}, {"name": "name", "type": "text"}, {"name": "active", "type": "bool"}]""";

    public override string Record(int index, string name) =>
        $$"""{"id": "{{Id(index)}}", "name": "{{name}}", "active": {{(index % 16 == 0 ? "false" : "true")}}}""";
}
