using System.Text;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>Damages bytes: some ways know nothing, others know what JSON is made of.</summary>
internal static class Mutations
{
    /// <summary>No input is longer: giants within a bound.</summary>
    public const int MaxLength = 24 * 1024;

    private const int GiantLength = 8 * 1024;

    public static readonly IReadOnlyList<byte[]> JsonWords = Utf8(
        "{", "}", "[", "]", "\"", "\\", ",", ":", " ", "\n", "null", "true", "false", "-", "1", "e", "[]", "{}", "[null]", "\"\"", "\"\\u0000\"", "\"\\ud83d\"",
        "\"\\ud83d\\ude00\"", "\\u0022", "\\\"", "\"id\":", "\"id\":null,", "\"companyId\":\"co_2\",", "\"companyId\":\"co_1\",", "\"company\\u0049d\":\"co_2\",", "\"topic\":", "\"event\":",
        "\"payload\":", "\"ref\":", "\"ids\":[1]", "\"data\":{}", "\"record\":{}", "\"columns\":[]", "\"errors\":[\"Error 413: Payload Too Large\"]", "\0", "\ufeff", "/**/");

    private static readonly byte[][] Numbers = [.. Utf8(
        "0", "-0", "-1", "00", "1e400", "-1e-400", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551616", "2147483648", "0.1e1", "1E+2", "NaN", "Infinity",
        "79228162514264337593543950335", "79228162514264337593543950336", "0.12345678901234567890123456789012345", "1.", ".5", "+1", "0x10", "1e", "253402300800", "1e99999999")];

    /// <summary>Makes one to four changes; most inputs get one, so that they stay recognisable.</summary>
    public static byte[] Mutate(byte[] input, byte[] other, IReadOnlyList<byte[]> words, Chance chance)
    {
        var result = input;
        do
        {
            result = Once(result, other, words, chance);
        }
        while (chance.OneIn(3));
        return result.Length <= MaxLength ? result : result[..MaxLength];
    }

    private static byte[] Once(byte[] input, byte[] other, IReadOnlyList<byte[]> words, Chance chance)
    {
        var at = chance.Below(input.Length + 1);
        var end = Math.Min(input.Length, at + 1 + chance.Below(chance.OneIn(4) ? 200 : 12));
        var (before, span, after) = (input[..at], input[at..end], input[end..]);
        switch (chance.Below(17))
        {
            case 0 when span.Length > 0: // a bit
                return [.. before, (byte)(span[0] ^ (1 << chance.Below(8))), .. span[1..], .. after];
            case 1 when span.Length > 0: // a byte
                return [.. before, chance.Byte(), .. span[1..], .. after];
            case 2: // bytes more
                return [.. before, .. Bytes(1 + chance.Below(6), chance), .. span, .. after];
            case 3: // bytes less
                return [.. before, .. after];
            case 4: // twice
                return [.. before, .. span, .. span, .. after];
            case 5: // cut short
                return before;
            case 6: // the head of one, the tail of another
                return [.. before, .. other[chance.Below(other.Length + 1)..]];
            case 7:
                return [.. before, .. chance.Of(words), .. span, .. after];
            case 8:
                return [.. before, .. chance.Of(words), .. after];
            case 9: // invalid UTF-8
                return [.. before, .. chance.Of(Broken), .. span, .. after];
            case 10: // one token, very long
                return [.. before, .. Enumerable.Repeat(span.Length > 0 ? span[0] : (byte)'y', 1 + chance.Below(chance.OneIn(8) ? GiantLength : 300)), .. after];
            case 11:
                return Token(input, at, chance, IsNumber, (_, c) => c.Of(Numbers));
            case 12: // another text
                return Token(input, at, chance, IsText, (_, c) => Encoding.UTF8.GetBytes(HostileJson.Text(c)));
            case 13: // deeper
                return Token(input, at, chance, static b => IsNumber(b) || IsText(b), (token, c) => Nest(token, c.OneIn(3) ? c.OneIn(2) ? 60 + c.Below(8) : 140 : 1 + c.Below(3)));
            case 14: // another value altogether
                return Token(input, at, chance, static b => IsNumber(b) || IsText(b), (_, c) => Encoding.UTF8.GetBytes(HostileJson.Value(c, 2)));
            case 15: // a letter as an escape
                return span.Length > 0 && char.IsAsciiLetter((char)span[0]) ? [.. before, .. Encoding.ASCII.GetBytes($"\\u{(int)span[0]:x4}"), .. span[1..], .. after] : input;
            default: // a name twice, with the value of the first or another one
                return Repeat(input, at, chance);
        }
    }

    private static readonly byte[][] Broken = [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0x80]];

    private static byte[] Bytes(int count, Chance chance)
    {
        var bytes = new byte[count];
        for (var i = 0; i < count; i++)
        {
            bytes[i] = chance.Byte();
        }

        return bytes;
    }

    private static bool IsNumber(byte first) => first is >= (byte)'0' and <= (byte)'9' or (byte)'-';

    private static bool IsText(byte first) => first == (byte)'"';

    /// <summary>Replaces the next token of a kind from a place on; nothing if there is none.</summary>
    private static byte[] Token(byte[] input, int from, Chance chance, Func<byte, bool> begins, Func<byte[], Chance, byte[]> replace)
    {
        var start = Array.FindIndex(input, from, b => begins(b));
        if (start < 0)
        {
            return input;
        }

        var end = EndOf(input, start);
        return [.. input[..start], .. replace(input[start..end], chance), .. input[end..]];
    }

    private static int EndOf(byte[] input, int start)
    {
        var end = start + 1;
        if (IsText(input[start]))
        {
            for (; end < input.Length && input[end] != '"'; end++)
            {
                end += input[end] == '\\' ? 1 : 0;
            }

            return Math.Min(input.Length, end + 1);
        }

        while (end < input.Length && (IsNumber(input[end]) || input[end] is (byte)'.' or (byte)'e' or (byte)'E' or (byte)'+'))
        {
            end++;
        }

        return end;
    }

    private static byte[] Nest(byte[] token, int levels)
    {
        var isList = levels % 2 == 0;
        var (open, close) = isList ? ("[", "]") : ("{\"a\":", "}");
        return [.. Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(open, levels))), .. token, .. Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(close, levels)))];
    }

    private static byte[] Repeat(byte[] input, int from, Chance chance)
    {
        var start = Array.IndexOf(input, (byte)'"', Math.Min(from, input.Length));
        if (start < 0)
        {
            return input;
        }

        var end = EndOf(input, start);
        var name = input[start..end];
        return end < input.Length && input[end] == ':' ? [.. input[..start], .. name, .. Encoding.UTF8.GetBytes($":{HostileJson.Value(chance, 1)},"), .. input[start..]] : input;
    }

    private static byte[][] Utf8(params string[] texts) => [.. texts.Select(Encoding.UTF8.GetBytes)];
}
