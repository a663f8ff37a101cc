using System.Text;
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

    /// <summary>The values as PostgREST sends them.</summary>
    internal string[] RestCells { get; }

    /// <summary>A column's value as JSON; <see langword="null"/> for null.</summary>
    /// <exception cref="ArgumentException">There is no such column.</exception>
    public JsonNode? this[string column] => JsonNode.Parse(Cells[Table.Index(column)]);

    /// <summary>A column's value as text: a string's content or another value's JSON; <see langword="null"/> for null.</summary>
    /// <exception cref="ArgumentException">There is no such column.</exception>
    public string? Text(string column) => PgValues.ToText(Cells[Table.Index(column)]);

    /// <summary>The whole row.</summary>
    public JsonObject ToJsonObject() => JsonNode.Parse(ToString())!.AsObject();

    /// <summary>The whole row as JSON, every number digit by digit.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        JsonText.AppendJsonbObject(text, Table.Columns.Select((c, i) => (c.Name, Cells[i])));
        return text.ToString();
    }
}
