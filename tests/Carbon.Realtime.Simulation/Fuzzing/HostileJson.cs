using System.Globalization;
using System.Text;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>Well-formed JSON with values that somebody may have forgotten.</summary>
internal static class HostileJson
{
    private static readonly string[] Texts =
    [
        "\"\"", "\" \"", "\"a\"", "\"co_1\"", "\"co_2\"", "\"null\"", "\"\\\\\"", "\"\\\"\"", "\"\\\\\\\"\"", "\"}]{[\"", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00x\"", "\"\\ud83d\\ude00\"", "\"ü😀\"", "\"\\/\\b\\f\\n\\r\\t\"",
        "\"2024-02-29T07:44:15.123456+00:00\"", "\"0001-01-01T00:00:00+15:59\"", "\"9999-12-31T23:59:59.9999999-15\"", "\"infinity\"", "\"44-03-15 BC\"", "\"11111111-1111-1111-1111-111111111111\"",
        "\"{1111-11111111-1111-1111-1111-11111111}\"", "\"12.50\"", "\"1e5\"", "\"NaN\"", "\"-Infinity\"", "\"t\"", "\"true\"", "\"\\u0069d\"", "\"Error 413: Payload Too Large\"", "\"Error 401: Unauthorized\"",
    ];

    private static readonly string[] Scalars =
    [
        "null", "true", "false", "0", "-0", "1", "-1", "42", "2147483647", "2147483648", "-9223372036854775808", "9223372036854775808", "1.0", "1e0", "12.50", "1e-7", "1e400", "-1e400",
        "79228162514264337593543950335", "79228162514264337593543950336", "0.1234567890123456789012345678901", "100000000000000000000000000000000000000000", "1.000000000000000000000000000000000000",
    ];

    /// <summary>A JSON string.</summary>
    public static string Text(Chance chance) => chance.Below(12) switch
    {
        0 => $"\"{new string('y', chance.Below(600))}\"",
        1 => $"\"{string.Concat(Enumerable.Repeat("\\\\", chance.Below(40)))}\"",
        2 => string.Create(CultureInfo.InvariantCulture, $"\"k{chance.Below(30)}\""),
        _ => chance.Of(Texts),
    };

    public static string Value(Chance chance, int depth) => chance.Below(depth > 0 ? 8 : 6) switch
    {
        < 3 => Text(chance),
        < 6 => chance.Of(Scalars),
        6 => $"[{string.Join(',', Many(chance, 4, () => Value(chance, depth - 1)))}]",
        _ => $"{{{string.Join(Comma(chance), Many(chance, 4, () => Text(chance) + Colon(chance) + Value(chance, depth - 1)))}}}",
    };

    /// <summary>An object of these members in any order, with blanks; now and then one is missing, stands twice, or another one stands beside them.</summary>
    public static string Object(Chance chance, params IEnumerable<(string Name, string Json)> members)
    {
        var list = members.Where(_ => !chance.OneIn(40)).Select(m => $"\"{(chance.OneIn(60) ? Escape(m.Name, chance) : m.Name)}\"{Colon(chance)}{m.Json}").ToList();
        if (list.Count > 1 && chance.OneIn(8))
        {
            (list[0], list[^1]) = (list[^1], list[0]);
        }

        if (list.Count > 0 && chance.OneIn(40))
        {
            list.Add(chance.Of(list));
        }

        if (chance.OneIn(20))
        {
            list.Insert(chance.Below(list.Count + 1), $"{Text(chance)}:{Value(chance, 2)}");
        }

        return $"{{{string.Join(Comma(chance), list)}}}";
    }

    public static List<string> Many(Chance chance, int most, Func<string> one) => [.. Enumerable.Range(0, chance.Below(most + 1)).Select(_ => one())];

    /// <summary>A text as a JSON string.</summary>
    public static string Quote(string text) => System.Text.Json.JsonSerializer.Serialize(text);

    private static string Escape(string name, Chance chance)
    {
        var at = chance.Below(name.Length);
        return new StringBuilder(name, 0, at, name.Length + 8).Append(CultureInfo.InvariantCulture, $"\\u{(int)name[at]:X4}").Append(name, at + 1, name.Length - at - 1).ToString();
    }

    private static string Comma(Chance chance) => chance.OneIn(10) ? " ,\n" : chance.OneIn(2) ? ", " : ",";

    private static string Colon(Chance chance) => chance.OneIn(10) ? " : " : chance.OneIn(2) ? ": " : ":";
}
