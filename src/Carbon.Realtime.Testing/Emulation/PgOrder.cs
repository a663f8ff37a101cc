using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Numerics;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>
/// The order of types that are passed on as text and do not compare as such. Each value becomes a text whose code points have the type's order; equal values have
/// equal ones.
/// </summary>
internal static class PgOrder
{
    /// <summary>Types whose order is not known here: comparing their texts would answer something wrong.</summary>
    private static readonly HashSet<string> Unordered = new(StringComparer.Ordinal)
    {
        "box", "circle", "daterange", "int4multirange", "int4range", "int8range", "line", "lseg", "numrange", "path", "point", "polygon", "timetz", "tsquery",
        "tsrange", "tstzrange", "tsvector", "xml",
    };

    private static readonly Dictionary<string, long> Units = new(StringComparer.Ordinal)
    {
        ["microsecond"] = 1,
        ["millisecond"] = 1000,
        ["second"] = 1_000_000,
        ["sec"] = 1_000_000,
        ["minute"] = 60_000_000,
        ["min"] = 60_000_000,
        ["hour"] = 3_600_000_000,
        ["day"] = 86_400_000_000,
        ["week"] = 7 * 86_400_000_000,

        // PostgreSQL compares intervals with months of thirty days.
        ["month"] = 30 * 86_400_000_000,
        ["mon"] = 30 * 86_400_000_000,
        ["year"] = 360 * 86_400_000_000,
    };

    public static bool IsKnown(PgType type) => type.Kind != PgKind.Other || !Unordered.Contains(type.Name);

    /// <summary>The key of a value; <see langword="null"/> where the text is none of its type, or in a spelling that is not read here.</summary>
    /// <param name="type">A type of <see cref="PgKind.Other"/>.</param>
    /// <param name="text">The value.</param>
    public static string? Key(PgType type, string text) => type.Name switch
    {
        "oid" => long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var oid) && oid is >= int.MinValue and <= uint.MaxValue
            ? Sortable((uint)oid) : null,
        "money" => Money(text.Trim()) is { } cents ? Sortable(cents) : null,
        "interval" => Interval(text.Trim()) is { } microseconds ? Sortable(microseconds) : null,
        "inet" or "cidr" => Network(text.Trim()),
        "time" => TimeOnly.TryParse(text.Trim(), CultureInfo.InvariantCulture, out var time) ? Sortable(time.Ticks) : null,
        "bytea" => (text.StartsWith(@"\x", StringComparison.Ordinal) ? text[2..] : text).ToLowerInvariant(),
        "macaddr" => text.ToLowerInvariant(),
        "pg_lsn" => Position(text),
        _ => text,
    };

    private static string Sortable(BigInteger number) =>
        (number + BigInteger.Pow(10, 30)).ToString("D32", CultureInfo.InvariantCulture);

    private static BigInteger? Money(string text)
    {
        var isNegative = text.StartsWith('-') || (text.StartsWith('(') && text.EndsWith(')'));
        var plain = text.Trim('(', ')', '-', '$', ' ').Replace(",", "", StringComparison.Ordinal);
        return decimal.TryParse(plain, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount)
            ? (BigInteger)decimal.Round(amount * 100, MidpointRounding.AwayFromZero) * (isNegative ? -1 : 1)
            : null;
    }

    /// <summary>PostgreSQL's own spelling, <c>1 year 2 mons -3 days 04:05:06.7</c>, and numbers with units.</summary>
    private static BigInteger? Interval(string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        BigInteger sum = 0;
        for (var i = 0; i < words.Length; i++)
        {
            if (words[i].Contains(':', StringComparison.Ordinal))
            {
                if (Clock(words[i]) is not { } clock)
                {
                    return null;
                }

                sum += clock;
            }
            else if (decimal.TryParse(words[i], NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count)
                && i + 1 < words.Length && Units.TryGetValue(words[i + 1].ToLowerInvariant().TrimEnd('s'), out var unit) && Math.Abs(count) < 1_000_000_000)
            {
                sum += (BigInteger)(count * unit);
                i++;
            }
            else
            {
                return null;
            }
        }

        return words.Length == 0 ? null : sum;
    }

    private static BigInteger? Clock(string text)
    {
        var sign = text[0] == '-' ? -1 : 1;
        var parts = text.TrimStart('-', '+').Split(':');
        if (parts.Length is < 2 or > 3 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var hours)
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var minutes))
        {
            return null;
        }

        var seconds = 0m;
        return parts.Length == 3 && !decimal.TryParse(parts[2], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out seconds)
            ? null
            : sign * ((((BigInteger)hours * 60) + minutes) * 60_000_000 + (BigInteger)(seconds * 1_000_000));
    }

    /// <summary>By family, by the bits that both networks have, by the length of the network, and then by the whole address.</summary>
    private static string? Network(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!IPAddress.TryParse(slash < 0 ? text : text[..slash], out var address) || (address.AddressFamily == AddressFamily.InterNetwork && text.AsSpan(0, slash < 0 ? text.Length : slash).Count('.') != 3))
        {
            return null;
        }

        var bytes = address.GetAddressBytes();
        var bits = bytes.Length * 8;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out bits) || bits > bytes.Length * 8))
        {
            return null;
        }

        // Digits of the network, then what sorts before any digit: a shorter network comes before those inside it.
        var digits = string.Concat(bytes.Select(static b => Convert.ToString(b, 2).PadLeft(8, '0')));
        return $"{bytes.Length:00}{digits[..bits]} {digits}";
    }

    private static string? Position(string text)
    {
        var parts = text.Split('/');
        return parts.Length == 2 && uint.TryParse(parts[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var high)
            && uint.TryParse(parts[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var low) ? Sortable(((ulong)high << 32) | low) : null;
    }
}
