using System.Text;
using System.Text.Json;
using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Tests.Protocol;

/// <summary>Compares a change as the client finds it with what System.Text.Json finds in the same payload.</summary>
internal static class ChangeAssertions
{
    public static void AssertSame(in ChangeFrame change, JsonElement payload, string because)
    {
        var data = payload.GetProperty("data");
        change.Type.ToString().ToUpperInvariant().Should().Be(data.GetProperty("type").GetString(), because);
        Text(change.Schema).Should().Be(data.GetProperty("schema").GetString(), because);
        Text(change.Table).Should().Be(data.GetProperty("table").GetString(), because);
        change.Ids.ToArray().Should().Equal(payload.GetProperty("ids").EnumerateArray().Select(id => id.GetInt64()), because);
        change.CommitTimestamp.Should().Be(
            data.TryGetProperty("commit_timestamp", out var committed) && committed.ValueKind == JsonValueKind.String
                ? committed.GetDateTimeOffset()
                : null,
            because);
        AssertRecord(change.Record, change.RecordIndex, Part(data, "record"), because);
        AssertRecord(change.OldRecord, change.OldRecordIndex, Part(data, "old_record"), because);
        Text(change.Errors).Should().Be(Part(data, "errors") is { } errors ? errors.GetRawText() : "", because);
        if (Part(data, "columns") is { } columns)
        {
            // A name listed twice counts once, with its last type.
            change.Columns.Count.Should().Be(columns.EnumerateArray().Select(Name).Distinct().Count(), because);
            foreach (var column in columns.EnumerateArray().Reverse().DistinctBy(Name))
            {
                Text(change.Columns.TypeOf(Encoding.UTF8.GetBytes(Name(column)))).Should().Be(column.GetProperty("type").GetString(), because);
            }
        }
    }

    private static void AssertRecord(ReadOnlySpan<byte> record, RecordIndex index, JsonElement? expected, string because)
    {
        Text(record).Should().Be(expected?.GetRawText() ?? "", because);
        index.Count.Should().Be(expected?.EnumerateObject().Count() ?? 0, because);
        foreach (var property in expected?.EnumerateObject().ToArray() ?? [])
        {
            index.TryFind(record, Encoding.UTF8.GetBytes(property.Name), out var value).Should().BeTrue($"{because}: {property.Name}");
            Text(value).Should().Be(property.Value.GetRawText(), $"{because}: {property.Name}");
        }
    }

    private static JsonElement? Part(JsonElement data, string name) =>
        data.TryGetProperty(name, out var part) && part.ValueKind != JsonValueKind.Null ? part : null;

    private static string Name(JsonElement column) => column.GetProperty("name").GetString()!;

    private static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);
}
