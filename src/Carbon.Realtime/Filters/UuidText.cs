namespace Carbon.Realtime.Filters;

/// <summary>A uuid in any form PostgreSQL reads: any case, with or without braces, a hyphen allowed after every four digits.</summary>
internal static class UuidText
{
    /// <summary>The sixteen bytes as a big-endian number: ordered as PostgreSQL orders uuids.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out UInt128 uuid)
    {
        uuid = default;
        if (text.Length > 2 && text[0] == '{' && text[^1] == '}')
        {
            text = text[1..^1];
        }

        var digits = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '-')
            {
                if (digits is 0 or 32 || digits % 4 != 0 || text[i - 1] == '-')
                {
                    return false;
                }

                continue;
            }

            if (!char.IsAsciiHexDigit((char)text[i]) || ++digits > 32)
            {
                return false;
            }

            uuid = (uuid << 4) | (UInt128)Convert(text[i]);
        }

        return digits == 32;
    }

    private static int Convert(byte hexDigit) => hexDigit <= '9' ? hexDigit - '0' : (hexDigit | 0x20) - 'a' + 10;
}
