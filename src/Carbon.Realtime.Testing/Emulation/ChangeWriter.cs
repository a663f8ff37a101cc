using System.Text;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>
/// Writes the payload of a <c>postgres_changes</c> frame as the server does: its own compact JSON around rows in <c>jsonb</c> spelling
/// (docs/protocol.md, "Changes").
/// </summary>
internal static class ChangeWriter
{
    /// <summary>The value of <c>data</c>.</summary>
    public static string Data(EmulatorChange change, ChangeView view)
    {
        var text = new StringBuilder(256);
        text.Append("{\"table\":");
        JsonText.AppendQuoted(text, change.Table.Name);
        text.Append(",\"type\":\"").Append(change.Type).Append('"');
        if (change.New is { } row)
        {
            AppendRow(text.Append(",\"record\":"), change.Table, row, view.Error is null ? view.Columns : []);
        }

        text.Append(",\"columns\":[");
        for (var i = 0; i < view.Columns.Length; i++)
        {
            var column = change.Table.Columns[view.Columns[i]];
            text.Append(i > 0 ? ", " : "").Append("{\"name\": ");
            JsonText.AppendQuoted(text, column.Name);
            text.Append(", \"type\": ");
            JsonText.AppendQuoted(text, column.Type.Name);
            text.Append('}');
        }

        text.Append("],\"errors\":").Append(view.Error is null ? "null" : $"[{JsonText.Quote(view.Error)}]").Append(",\"schema\":");
        JsonText.AppendQuoted(text, change.Table.Schema);
        text.Append(",\"commit_timestamp\":").Append(view.Error is null ? JsonText.Quote(change.CommitTimestamp) : "null");
        if (change.Old is { } old)
        {
            AppendRow(text.Append(",\"old_record\":"), change.Table, old, view.Error is null ? view.OldColumns : []);
        }

        return text.Append('}').ToString();
    }

    /// <summary>The payload.</summary>
    public static string Payload(string data, IEnumerable<uint> ids) => $"{{\"data\":{data},\"ids\":[{string.Join(',', ids)}]}}";

    private static void AppendRow(StringBuilder text, EmulatorTable table, EmulatorRow row, int[] columns) =>
        JsonText.AppendJsonbObject(text, columns.Where(i => row.Cells[i] != PgValues.Absent).Select(i => (table.Columns[i].Name, row.Cells[i])));
}
