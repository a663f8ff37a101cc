using System.Text;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>
/// Writes the payload of a <c>postgres_changes</c> frame as the server does: its own compact JSON around rows in <c>jsonb</c> spelling
/// (docs/protocol.md, "Changes").
/// </summary>
internal static class ChangeWriter
{
    // What of a row over the limit comes all the same (docs/protocol.md, "Error shapes").
    private const int LongestOfTooLarge = 64;

    /// <summary>The value of <c>data</c>.</summary>
    /// <param name="change">The change.</param>
    /// <param name="view">What of it is seen.</param>
    /// <param name="isTooLarge">It is over the server's limit: only short values come.</param>
    public static string Data(EmulatorChange change, ChangeView view, bool isTooLarge)
    {
        var longest = isTooLarge ? LongestOfTooLarge : int.MaxValue;
        var error = view.Error ?? (isTooLarge ? "Error 413: Payload Too Large" : null);
        var text = new StringBuilder(256);
        text.Append("{\"table\":");
        JsonText.AppendQuoted(text, change.Table.Name);
        text.Append(",\"type\":\"").Append(change.Type).Append('"');
        if (change.New is { } row)
        {
            AppendRow(text.Append(",\"record\":"), change.Table, row, view.Error is null ? view.Columns : [], longest);
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

        text.Append("],\"errors\":").Append(error is null ? "null" : $"[{JsonText.Quote(error)}]").Append(",\"schema\":");
        JsonText.AppendQuoted(text, change.Table.Schema);
        text.Append(",\"commit_timestamp\":").Append(view.Error is null ? JsonText.Quote(change.CommitTimestamp) : "null");
        if (change.Old is { } old)
        {
            AppendRow(text.Append(",\"old_record\":"), change.Table, old, view.Error is null ? view.OldColumns : [], longest);
        }

        return text.Append('}').ToString();
    }

    /// <summary>The payload.</summary>
    public static string Payload(string data, IEnumerable<uint> ids) => $"{{\"data\":{data},\"ids\":[{string.Join(',', ids)}]}}";

    private static void AppendRow(StringBuilder text, EmulatorTable table, EmulatorRow row, int[] columns, int longest) => JsonText.AppendJsonbObject(
        text,
        columns.Where(i => row.Cells[i] != PgValues.Absent && (longest == int.MaxValue || Encoding.UTF8.GetByteCount(row.Cells[i]) <= longest))
            .Select(i => (table.Columns[i].Name, row.Cells[i])));
}
