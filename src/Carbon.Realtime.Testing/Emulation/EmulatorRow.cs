using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Carbon.Realtime.Testing.Emulation;

namespace Carbon.Realtime.Testing;

/// <summary>One row of an emulated table, as it was when it was read. Immutable.</summary>
public sealed class EmulatorRow
{
    internal EmulatorRow(EmulatorTable table, string[] cells, string[] restCells)
    {
        Table = table;
        Cells = cells;
        RestCells = restCells;
    }

    internal EmulatorTable Table { get; }

    /// <summary>The values as Realtime sends them.</summary>
    internal string[] Cells { get; }

    /// <summary>The values as PostgREST sends them, which is what the table holds. Empty for rows of a database, which are only streamed.</summary>
    internal string[] RestCells { get; }

    /// <summary>A column's value as JSON; <see langword="null"/> for null.</summary>
    /// <exception cref="ArgumentException">There is no such column.</exception>
    public JsonNode? this[string column] => JsonNode.Parse(TableCell(Table.Index(column)));

    /// <summary>A column's value as text: a string's content or another value's JSON; <see langword="null"/> for null.</summary>
    /// <exception cref="ArgumentException">There is no such column.</exception>
    public string? Text(string column) => PgValues.ToText(TableCell(Table.Index(column)));

    /// <summary>The whole row.</summary>
    public JsonObject ToJsonObject() => JsonNode.Parse(ToString())!.AsObject();

    /// <summary>The whole row as JSON, every number digit by digit.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        JsonText.AppendJsonbObject(text, Table.Columns.Take(Cells.Length).Select((c, i) => (Column: c, Cell: TableCell(i)))
            .Where(static c => !c.Column.IsDropped && c.Cell != PgValues.Absent).Select(static c => (c.Column.Name, c.Cell)));
        return text.ToString();
    }

    /// <summary>What the table holds, spelled as <c>jsonb</c> is: the stream cuts some values and leaves others out.</summary>
    private string TableCell(int column)
    {
        if (column >= Cells.Length)
        {
            // The row is older than the column.
            return PgValues.Null;
        }

        if (RestCells.Length == 0 || RestCells[column] == Cells[column] || RestCells[column] == PgValues.Absent || Table.Columns[column].Type.Name == "bytea")
        {
            return Cells[column];
        }

        using var json = JsonDocument.Parse(RestCells[column]);
        return JsonText.Jsonb(json.RootElement);
    }
}
