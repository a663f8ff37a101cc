using System.Text;

namespace Carbon.Realtime.Filters;

/// <summary>PostgreSQL's LIKE on UTF-8: <c>%</c> any run, <c>_</c> one character, <c>\</c> takes the next one literally.</summary>
internal static class LikePattern
{
    /// <summary>Whether all of <paramref name="value"/> matches. The pattern must not end with an open escape.</summary>
    /// <param name="value">The text to match.</param>
    /// <param name="pattern">The pattern.</param>
    /// <param name="ignoreCase">Fold ASCII letters; both texts must then be ASCII.</param>
    public static bool Matches(ReadOnlySpan<byte> value, ReadOnlySpan<byte> pattern, bool ignoreCase)
    {
        var v = 0;
        var p = 0;
        var retryPattern = -1;
        var retryValue = 0;
        while (v < value.Length)
        {
            if (p < pattern.Length)
            {
                if (pattern[p] == '%')
                {
                    retryPattern = ++p;
                    retryValue = v;
                    continue;
                }

                if (pattern[p] == '_')
                {
                    v += CharacterLength(value[v..]);
                    p++;
                    continue;
                }

                var literal = pattern[p] == '\\' ? p + 1 : p;
                if (Fold(pattern[literal], ignoreCase) == Fold(value[v], ignoreCase))
                {
                    p = literal + 1;
                    v++;
                    continue;
                }
            }

            if (retryPattern < 0)
            {
                return false;
            }

            // The last % takes one character more: only that one need be reconsidered, since it can take any run.
            retryValue += CharacterLength(value[retryValue..]);
            v = retryValue;
            p = retryPattern;
        }

        return pattern[p..].TrimStart((byte)'%').IsEmpty;
    }

    /// <summary>The same set of texts as a POSIX regular expression, for a place where LIKE cannot be said.</summary>
    public static string ToRegularExpression(string pattern)
    {
        var expression = new StringBuilder("^");
        for (var i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '%':
                    expression.Append(".*");
                    break;
                case '_':
                    expression.Append('.');
                    break;
                case '\\' when i + 1 < pattern.Length:
                    AppendLiteral(expression, pattern[++i]);
                    break;
                default:
                    AppendLiteral(expression, pattern[i]);
                    break;
            }
        }

        return expression.Append('$').ToString();
    }

    private static void AppendLiteral(StringBuilder expression, char c)
    {
        if (char.IsAscii(c) && (char.IsPunctuation(c) || char.IsSymbol(c)) && c != '_')
        {
            expression.Append('\\');
        }

        expression.Append(c);
    }

    private static int CharacterLength(ReadOnlySpan<byte> text) =>
        Rune.DecodeFromUtf8(text, out _, out var consumed) == System.Buffers.OperationStatus.Done ? consumed : 1;

    private static int Fold(byte c, bool ignoreCase) => ignoreCase && c is >= (byte)'A' and <= (byte)'Z' ? c | 0x20 : c;
}
