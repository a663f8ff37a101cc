using System.Text;
using System.Text.RegularExpressions;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>
/// SQL's LIKE: <c>%</c> any text, <c>_</c> one character, <c>\</c> takes the next one literally. Table names are matched with it too
/// (docs/protocol.md, "Changes").
/// </summary>
internal static class LikePattern
{
    public static bool IsMatch(string text, string pattern, bool ignoreCase = false) => ToRegex(pattern, ignoreCase).IsMatch(text);

    public static Regex ToRegex(string pattern, bool ignoreCase)
    {
        var regex = new StringBuilder(@"\A(?:");
        for (var i = 0; i < pattern.Length; i++)
        {
            regex.Append(pattern[i] switch
            {
                '%' => ".*",
                '_' => ".",
                '\\' when i + 1 < pattern.Length => Regex.Escape(pattern[++i].ToString()),
                var c => Regex.Escape(c.ToString()),
            });
        }

        return new Regex(
            regex.Append(@")\z").ToString(),
            RegexOptions.Singleline | RegexOptions.CultureInvariant | (ignoreCase ? RegexOptions.IgnoreCase : RegexOptions.None),
            TimeSpan.FromSeconds(1));
    }
}
