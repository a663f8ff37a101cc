using System.Globalization;
using System.Text;

namespace Carbon.Realtime.Benchmarks.Rows;

/// <summary>The texts of a <see cref="LargeItem"/>: its long ones have what long texts have, line breaks, quotes and letters beyond ASCII.</summary>
internal sealed class LargeItemTexts : RowTexts
{
    private const int TextBytes = 4900;

    public override string Columns =>
        """[{"name": "id", "type": "text"}, {"name": "name", "type": "text"}, {"name": "companyId", "type": "text"},""" +
        """ {"name": "updatedAt", "type": "timestamptz"}, {"name": "description", "type": "text"}, {"name": "notes", "type": "text"},""" +
        """ {"name": "instructions", "type": "text"}, {"name": "specification", "type": "text"}]""";

    public override string Record(int index, string name) =>
        $$"""{"id": "{{Id(index)}}", "name": "{{name}}", "notes": "{{Text("Note", index)}}", "companyId": "co_7mkq2vd5",""" +
        $$""" "updatedAt": "{{UpdatedAt(index)}}", "description": "{{Text("Description", index)}}",""" +
        $$""" "instructions": "{{Text("Instruction", index)}}", "specification": "{{Text("Specification", index)}}"}""";

    /// <summary>A text that no other row has, as JSON writes it between its quotes.</summary>
    private static string Text(string title, int index)
    {
        var text = new StringBuilder(TextBytes + 200);
        for (var line = 1; text.Length < TextBytes; line++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{title} {index}.{line}: deburr all edges, then check the bore of Ø{line % 40 + 3} mm against drawing ")
                .Append(CultureInfo.InvariantCulture, $"P{100_000 + index} before the part goes on to \\\"Assembly {line % 7}\\\".\\n");
        }

        return text.ToString();
    }
}
