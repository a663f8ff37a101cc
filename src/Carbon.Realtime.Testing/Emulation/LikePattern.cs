using System.Text;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>
/// SQL's LIKE: <c>%</c> any text, <c>_</c> one character, <c>\</c> takes the next one literally. Table names are matched with it too
/// (docs/protocol.md, "Changes").
/// </summary>
/// <remarks>Compared step by step and not by a regular expression, whose time some patterns make grow without bounds.</remarks>
internal sealed class LikePattern
{
    // No character has these numbers.
    private const int AnyText = -1;
    private const int AnyOne = -2;

    private readonly List<int> _parts = [];
    private readonly bool _ignoreCase;

    public LikePattern(string pattern, bool ignoreCase)
    {
        _ignoreCase = ignoreCase;
        var isLiteral = false;
        foreach (var rune in pattern.EnumerateRunes())
        {
            if (!isLiteral && rune.Value == '\\')
            {
                isLiteral = true;
                continue;
            }

            _parts.Add(isLiteral ? Fold(rune) : rune.Value switch { '%' => AnyText, '_' => AnyOne, _ => Fold(rune) });
            isLiteral = false;
        }

        if (isLiteral)
        {
            _parts.Add('\\');
        }
    }

    public static bool IsMatch(string text, string pattern) => new LikePattern(pattern, ignoreCase: false).IsMatch(text);

    public bool IsMatch(string text)
    {
        int[] runes = [.. text.EnumerateRunes().Select(Fold)];
        var (at, part) = (0, 0);
        var (lastAny, resumeAt) = (-1, 0);
        while (at < runes.Length)
        {
            if (part < _parts.Count && _parts[part] == AnyText)
            {
                (lastAny, resumeAt) = (part++, at);
            }
            else if (part < _parts.Count && (_parts[part] == AnyOne || _parts[part] == runes[at]))
            {
                (at, part) = (at + 1, part + 1);
            }
            else if (lastAny >= 0)
            {
                // Only the last % can need more: what the earlier ones took is enough for all that stands between.
                (at, part) = (++resumeAt, lastAny + 1);
            }
            else
            {
                return false;
            }
        }

        return _parts.Skip(part).All(static p => p == AnyText);
    }

    private int Fold(Rune rune) => _ignoreCase ? Rune.ToLowerInvariant(rune).Value : rune.Value;
}
