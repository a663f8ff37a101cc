using System.Text;

namespace Carbon.Realtime.Filters;

/// <summary>A boolean in any form PostgreSQL reads: 1, 0, and unambiguous beginnings of true, false, yes, no, on, off.</summary>
internal static class BooleanText
{
    public static bool TryParse(ReadOnlySpan<byte> text, out bool value)
    {
        value = text.SequenceEqual("1"u8) || Begins("true"u8, text, 1) || Begins("yes"u8, text, 1) || Begins("on"u8, text, 2);
        return value || text.SequenceEqual("0"u8) || Begins("false"u8, text, 1) || Begins("no"u8, text, 1) || Begins("off"u8, text, 2);
    }

    private static bool Begins(ReadOnlySpan<byte> word, ReadOnlySpan<byte> text, int atLeast) =>
        text.Length >= atLeast && text.Length <= word.Length && Ascii.EqualsIgnoreCase(word[..text.Length], text);
}
