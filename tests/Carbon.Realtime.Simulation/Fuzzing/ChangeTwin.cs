using System.Text;
using System.Text.Json;
using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>Reads a change's payload with System.Text.Json, and compares.</summary>
internal static class ChangeTwin
{
    /// <returns>What must become of it; <see langword="null"/> where it is no change, or where there is no telling.</returns>
    public static ChangeFate? Compare(byte[] payload, bool isRead, in ChangeFrame change)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(payload);
        }
        catch (JsonException)
        {
            return null; // what lies inside a value is for the row's own decoding to refuse
        }

        using (document)
        {
            try
            {
                return Compare(document.RootElement.Clone(), isRead, change);
            }
            catch (InvalidOperationException)
            {
                return null; // a text that is not Unicode: System.Text.Json has no word for it
            }
        }
    }

    private static ChangeFate? Compare(JsonElement root, bool isRead, in ChangeFrame change)
    {
        var data = Part(root, "data");
        if (HasNameTwice(root) || HasNameTwice(data))
        {
            return null; // the last one counts, or what both say: no server sends it
        }

        var (record, old, ids) = (Part(data, "record"), Part(data, "old_record"), Part(root, "ids"));
        var isChange = data.ValueKind == JsonValueKind.Object && IsText(data, "table") && IsText(data, "schema") && Part(data, "type") is { ValueKind: JsonValueKind.String } type
            && type.GetString() is "INSERT" or "UPDATE" or "DELETE"
            && IsRecord(record) && IsRecord(old) && AreColumns(Part(data, "columns"))
            && ids.ValueKind == JsonValueKind.Array && ids.GetArrayLength() > 0 && ids.EnumerateArray().All(static id => id.ValueKind == JsonValueKind.Number && IsPlain(id.GetRawText()) && id.TryGetInt64(out _));
        if (isChange != isRead)
        {
            throw new OracleException($"change: {isRead}, by System.Text.Json {isChange}");
        }

        if (isRead)
        {
            Same("table", Encoding.UTF8.GetString(change.Table), data.GetProperty("table").GetString()!);
            Same("schema", Encoding.UTF8.GetString(change.Schema), data.GetProperty("schema").GetString()!);
            Same("type", change.Type.ToString().ToUpperInvariant(), data.GetProperty("type").GetString()!);
            Same("record", Encoding.UTF8.GetString(change.Record), RawText(record));
            Same("old record", Encoding.UTF8.GetString(change.OldRecord), RawText(old));
            Same("errors", Encoding.UTF8.GetString(change.Errors), RawText(Part(data, "errors")));
            Same("ids", string.Join(',', change.Ids.ToArray()), string.Join(',', ids.EnumerateArray().Select(static id => id.GetInt64())));
            foreach (var (index, indexed, element) in new[] { (change.RecordIndex, change.Record.ToArray(), record), (change.OldRecordIndex, change.OldRecord.ToArray(), old) })
            {
                foreach (var property in element.ValueKind == JsonValueKind.Object ? element.EnumerateObject().ToArray() : [])
                {
                    Same("column", index.TryFind(indexed, Encoding.UTF8.GetBytes(property.Name), out var value) ? Encoding.UTF8.GetString(value) : "(absent)", property.Value.GetRawText());
                }
            }
        }

        return isRead ? new ChangeFate(data) : null;
    }

    private static void Same(string what, string ours, string theirs)
    {
        if (ours != theirs)
        {
            throw new OracleException($"{what} is another one: {ours} and {theirs}");
        }
    }

    private static string RawText(JsonElement element) => element.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null ? "" : element.GetRawText();

    private static JsonElement Part(JsonElement of, string name) => of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var part) ? part : default;

    private static bool IsText(JsonElement of, string name) => Part(of, name) is { ValueKind: JsonValueKind.String } text && text.GetString()!.Length > 0;

    private static bool IsRecord(JsonElement record) => record.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null || (record.ValueKind == JsonValueKind.Object && !HasNameTwice(record));

    private static bool AreColumns(JsonElement columns) => columns.ValueKind is JsonValueKind.Undefined || (columns.ValueKind == JsonValueKind.Array && columns.EnumerateArray().All(static c =>
        c.ValueKind == JsonValueKind.Object && IsTextOrNull(Part(c, "name")) && IsTextOrNull(Part(c, "type"))));

    /// <summary>Throws for a text that is not Unicode.</summary>
    private static bool IsTextOrNull(JsonElement part) => part.ValueKind == JsonValueKind.Null || (part.ValueKind == JsonValueKind.String && part.GetString() is not null);

    private static bool IsPlain(string number) => number.All(static c => char.IsAsciiDigit(c) || c == '-');

    private static bool HasNameTwice(JsonElement of) => of.ValueKind == JsonValueKind.Object
        && of.EnumerateObject().Select(static p => p.Name).Distinct(StringComparer.Ordinal).Count() != of.EnumerateObject().Count();
}
