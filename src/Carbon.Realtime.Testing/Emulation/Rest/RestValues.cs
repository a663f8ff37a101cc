using System.Text.Json;

namespace Carbon.Realtime.Testing.Emulation.Rest;

/// <summary>How values of a read compare. Texts compare by code points: the collation of the emulated database is <c>C</c>.</summary>
internal static class RestValues
{
    public static int Compare(PgType type, string left, string right)
    {
        if (type.Kind == PgKind.Array)
        {
            var (x, y) = (Elements(left), Elements(right));
            for (var i = 0; i < Math.Min(x.Count, y.Count); i++)
            {
                // Inside arrays a null is a value, above all others.
                var order = (x[i], y[i]) switch
                {
                    (null, null) => 0,
                    (null, _) => 1,
                    (_, null) => -1,
                    var (a, b) => Compare(type.Element!, a, b),
                };
                if (order != 0)
                {
                    return order;
                }
            }

            return x.Count.CompareTo(y.Count);
        }

        return type.Name switch
        {
            // Blanks at its end are no part of a char(n).
            "bpchar" => string.CompareOrdinal(left.TrimEnd(' '), right.TrimEnd(' ')),
            _ => PgValues.Compare(type, left, right),
        };
    }

    /// <summary>The elements of an array's cell as texts.</summary>
    public static List<string?> Elements(string cell)
    {
        using var json = JsonDocument.Parse(cell);
        return [.. json.RootElement.EnumerateArray().Select(static e => PgValues.ToText(JsonText.Jsonb(e)))];
    }
}
