using System.Globalization;
using System.Text;

namespace Carbon.Realtime.Primitives;

/// <summary>What a server or a gateway said, made fit for a log and an exception: one line, not a long one, and no token in it.</summary>
/// <remarks>
/// It is text of somebody whom nobody need trust. A line break would forge a line of the log, an escape sequence would be obeyed by the terminal that shows
/// it, and what turns the direction of text around shows another text than is there. Servers quote what they were sent: the token is
/// known by its form here, for which one it was nobody knows any more.
/// </remarks>
internal static class ServerWords
{
    /// <summary>Longer than any refusal that quotes a binding with a handful of conditions.</summary>
    public const int Longest = 1000;

    /// <summary>What stands for a token or key.</summary>
    private const string Hidden = "***";

    /// <summary>Of fewer characters behind its prefix nothing is a token.</summary>
    private const int ShortestToken = 8;

    /// <summary>No JWT's header is shorter: <c>{"alg":"none"}</c> has 19 characters in Base64.</summary>
    private const int ShortestHeader = 16;

    /// <summary>A longer one is no more than an attempt to be looked through.</summary>
    private const int LongestToken = 16 * 1024;

    /// <summary>How a JWT begins (<c>{"</c> and <c>{ </c> in Base64) and how Supabase's keys do.</summary>
    private static readonly string[] Prefixes = ["eyJ", "eyA", "sb_publishable_", "sb_secret_"];

    /// <summary>The words as they may be told.</summary>
    public static string Tell(string said) => Tell(said, Longest);

    /// <inheritdoc cref="Tell(string)"/>
    /// <param name="said">What was said.</param>
    /// <param name="longest">The most characters of it.</param>
    public static string Tell(string said, int longest)
    {
        var told = new StringBuilder(Math.Min(said.Length, longest) + 1);
        var end = Math.Min(said.Length, longest);
        end -= end > 0 && end < said.Length && char.IsHighSurrogate(said[end - 1]) ? 1 : 0; // not between the halves of a character
        for (var i = 0; i < end; i++)
        {
            if (TokenAt(said, i) is > 0 and var length)
            {
                told.Append(Hidden);
                i += length - 1;
            }
            else if (!Rune.TryGetRuneAt(said, i, out var rune))
            {
                told.Append(' '); // half a character, which some sinks refuse to write
            }
            else
            {
                _ = IsPlain(rune) ? told.Append(said, i, rune.Utf16SequenceLength) : told.Append(' ');
                i += rune.Utf16SequenceLength - 1;
            }
        }

        return (said.Length > longest ? told.Append('…') : told).ToString();
    }

    /// <summary>How long the token is that begins here; 0 for none. It may go on where the words are cut.</summary>
    private static int TokenAt(string said, int start)
    {
        if (WrittenOutAt(said, start) is > 0 and var length)
        {
            return length;
        }

        foreach (var prefix in Prefixes)
        {
            if (string.CompareOrdinal(said, start, prefix, 0, prefix.Length) == 0)
            {
                var end = start + prefix.Length;
                while (end < said.Length && (IsOfBase64(said[end]) || said[end] == '.'))
                {
                    end++;
                }

                return end - start >= prefix.Length + ShortestToken ? end - start : 0;
            }
        }

        return 0;
    }

    /// <summary>How long the JWT is that begins here with any blank or line break within its header's brace; 0 for none. Words begin like that too, so that it must have its three parts.</summary>
    private static int WrittenOutAt(string said, int start)
    {
        if (said[start] != 'e' || start + 1 >= said.Length || said[start + 1] is not ('y' or 'w'))
        {
            return 0;
        }

        // No further than that: "eyeyey…" without end would be looked through from each of its letters.
        var window = said.AsSpan(start, Math.Min(said.Length - start, LongestToken));
        var header = PartOf(window);
        if (header < ShortestHeader || header == window.Length || window[header] != '.')
        {
            return 0;
        }

        var claims = PartOf(window[(header + 1)..]);
        var end = header + 1 + claims;
        var signature = claims > 0 && end < window.Length && window[end] == '.' ? PartOf(window[(end + 1)..]) : 0;
        return signature > 0 ? end + 1 + signature : 0;
    }

    /// <summary>How long the part of a JWT is that begins here.</summary>
    private static int PartOf(ReadOnlySpan<char> said)
    {
        var length = 0;
        while (length < said.Length && IsOfBase64(said[length]))
        {
            length++;
        }

        return length;
    }

    private static bool IsOfBase64(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_';

    private static bool IsPlain(Rune rune) => Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
}
