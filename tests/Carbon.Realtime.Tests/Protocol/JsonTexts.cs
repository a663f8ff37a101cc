using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Carbon.Realtime.Tests.Protocol;

/// <summary>JSON as some server might write it: any order of members, any white space, any character escaped or not.</summary>
internal static class JsonTexts
{
    private static readonly string[] Pieces =
        ["a", "id", "Z", "7", "\"", "\\", "/", "{", "}", "[", "]", ",", ":", " ", "\t", "\n", "\0", "\u001f", "é", "ß", "\u2028", "漢", "😀", "null"];

    /// <summary>Any text without a half surrogate, which JSON cannot carry.</summary>
    public static readonly Gen<string> Text = Gen.Elements(Pieces).ListOf().Select(string.Concat);

    public static readonly Gen<string> Name = Text.Where(text => text.Length > 0);

    private static readonly Gen<string> Space = Gen.Elements("", "", "", "", " ", "\n", "\t ", "\r\n  ");

    private static readonly Gen<string> Scalar = Gen.OneOf(
        Gen.Elements("null", "true", "false", "0", "-1", "1.50", "12345678901234567890.12345678901234567890", "1e400", "-2.5E-3"),
        Text.SelectMany(String));

    public static readonly Gen<string> Value = ValueOf(3);

    /// <summary>A record: distinct names, any values.</summary>
    public static readonly Gen<string> Record =
        from names in Name.ListOf()
        from text in Object([.. names.Distinct().Select(name => (name, Value))])
        select text;

    /// <summary>A JSON string of <paramref name="text"/>, each of its characters escaped or not.</summary>
    public static Gen<string> String(string text) =>
        from choice in Gen.Choose(0, int.MaxValue)
        select Quote(text, choice);

    /// <summary>An object with these members in any order.</summary>
    public static Gen<string> Object(params (string Name, Gen<string> Value)[] members) =>
        from order in Gen.Shuffle(members)
        from texts in All(order.Select(Member))
        from space in Space
        select "{" + space + string.Join(',', texts) + "}";

    public static Gen<string> Array(params IEnumerable<Gen<string>> items) =>
        from texts in All(items.Select(Spaced))
        from space in Space
        select "[" + space + string.Join(',', texts) + "]";

    private static Gen<string> ValueOf(int depth) => depth == 0
        ? Scalar
        : Gen.OneOf(
            Scalar,
            from items in ValueOf(depth - 1).ListOf() from text in Array([.. items.Select(Gen.Constant)]) select text,
            from names in Name.ListOf()
            from text in Object([.. names.Distinct().Select(name => (name, ValueOf(depth - 1)))])
            select text);

    private static Gen<string> Member((string Name, Gen<string> Value) member) =>
        from before in Space
        from name in String(member.Name)
        from after in Space
        from value in Spaced(member.Value)
        select before + name + after + ":" + value;

    private static Gen<string> Spaced(Gen<string> value) => from before in Space from text in value from after in Space select before + text + after;

    private static Gen<ImmutableList<string>> All(IEnumerable<Gen<string>> parts) => parts.Aggregate(
        Gen.Constant(ImmutableList<string>.Empty), (all, part) => from list in all from text in part select list.Add(text));

    private static string Quote(string text, int choice)
    {
        var quoted = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            choice = unchecked((choice * 1103515245) + 12345);
            var style = (choice >> 16) & 3;
            quoted.Append(rune.Value switch
            {
                '"' or '\\' => $"\\{rune}",
                '/' when style == 1 => "\\/",
                '\n' when style == 1 => "\\n",
                < ' ' => Escaped(rune),
                _ when style == 0 => Escaped(rune),
                _ => rune.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }

    private static string Escaped(Rune rune) =>
        string.Concat(rune.ToString().Select(c => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}")));
}
