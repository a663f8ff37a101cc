using System.Buffers.Text;

namespace Carbon.Realtime.Filters;

/// <summary>A date or time stamp in PostgreSQL's ISO form, strictly: anything looser depends on settings of the database session.</summary>
/// <remarks>
/// <c>YYYY-MM-DD[(T| )HH:MM[:SS[.f]][zone]][ BC]</c>, years of four to six digits, <c>infinity</c> and <c>-infinity</c>
/// (docs/protocol.md, "Values", transcript 08). .NET's own types reject BC, infinity and zones with seconds.
/// </remarks>
internal readonly struct TimestampText
{
    private const long MicrosecondsPerSecond = 1_000_000;
    private const long SecondsPerDay = 86_400;

    private readonly long _days;
    private readonly long _microseconds;
    private readonly int _zoneSeconds;

    private TimestampText(long days, long microseconds, int zoneSeconds, bool hasTime, bool hasZone, int infinity)
    {
        _days = days;
        _microseconds = microseconds;
        _zoneSeconds = zoneSeconds;
        HasTime = hasTime;
        HasZone = hasZone;
        Infinity = infinity;
    }

    public bool HasTime { get; }

    public bool HasZone { get; }

    /// <summary>-1, 0 for a finite one, or 1.</summary>
    public int Infinity { get; }

    /// <summary>Compares the instants that two stamps with zones name.</summary>
    public static int CompareInstants(in TimestampText left, in TimestampText right) =>
        left.Infinity != 0 || right.Infinity != 0
            ? left.Infinity.CompareTo(right.Infinity)
            : left.Microseconds(left._zoneSeconds).CompareTo(right.Microseconds(right._zoneSeconds));

    /// <summary>Compares what calendar and clock show, as a column without zone does.</summary>
    public static int CompareWallTimes(in TimestampText left, in TimestampText right) =>
        left.Infinity != 0 || right.Infinity != 0
            ? left.Infinity.CompareTo(right.Infinity)
            : left.Microseconds(0).CompareTo(right.Microseconds(0));

    public static bool TryParse(ReadOnlySpan<byte> text, out TimestampText stamp)
    {
        if (text.SequenceEqual("infinity"u8) || text.SequenceEqual("-infinity"u8))
        {
            stamp = new TimestampText(0, 0, 0, hasTime: false, hasZone: false, text[0] == '-' ? -1 : 1);
            return true;
        }

        stamp = default;
        var beforeChrist = text.EndsWith(" BC"u8);
        var rest = beforeChrist ? text[..^3] : text;
        if (!TryReadDate(ref rest, beforeChrist, out var days))
        {
            return false;
        }

        if (rest.IsEmpty)
        {
            stamp = new TimestampText(days, 0, 0, hasTime: false, hasZone: false, 0);
            return true;
        }

        if (rest[0] is not ((byte)'T' or (byte)' '))
        {
            return false;
        }

        rest = rest[1..];
        if (!TryReadTime(ref rest, out var microseconds))
        {
            return false;
        }

        var hasZone = !rest.IsEmpty;
        var zoneSeconds = 0;
        if (hasZone && !TryReadZone(rest, out zoneSeconds))
        {
            return false;
        }

        stamp = new TimestampText(days, microseconds, zoneSeconds, hasTime: true, hasZone, 0);
        return true;
    }

    private Int128 Microseconds(int zoneSeconds) =>
        ((((Int128)_days * SecondsPerDay) - zoneSeconds) * MicrosecondsPerSecond) + _microseconds;

    private static bool TryReadDate(ref ReadOnlySpan<byte> text, bool beforeChrist, out long days)
    {
        days = 0;
        var dash = text.IndexOf((byte)'-');
        if (dash is < 4 or > 6
            || !TryReadNumber(text[..dash], out var year)
            || text.Length < dash + 6
            || !TryReadNumber(text.Slice(dash + 1, 2), out var month)
            || text[dash + 3] != '-'
            || !TryReadNumber(text.Slice(dash + 4, 2), out var day)
            || year == 0
            || month is < 1 or > 12)
        {
            return false;
        }

        year = beforeChrist ? 1 - year : year;
        var leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        if (day < 1 || day > (month == 2 ? (leap ? 29 : 28) : month is 4 or 6 or 9 or 11 ? 30 : 31))
        {
            return false;
        }

        days = DaysFromCivil(year, month, day);
        text = text[(dash + 6)..];
        return true;
    }

    // The proleptic Gregorian calendar, counted from 1 March so that the leap day comes last
    // (Howard Hinnant, "chrono-compatible low-level date algorithms").
    private static long DaysFromCivil(int year, int month, int day)
    {
        var shifted = month <= 2 ? year - 1 : year;
        var era = (shifted >= 0 ? shifted : shifted - 399) / 400;
        var yearOfEra = shifted - (era * 400);
        var dayOfYear = (((153 * (month > 2 ? month - 3 : month + 9)) + 2) / 5) + day - 1;
        return (era * 146_097L) + (yearOfEra * 365) + (yearOfEra / 4) - (yearOfEra / 100) + dayOfYear;
    }

    private static bool TryReadTime(ref ReadOnlySpan<byte> text, out long microseconds)
    {
        microseconds = 0;
        if (text.Length < 5
            || !TryReadNumber(text[..2], out var hour)
            || text[2] != ':'
            || !TryReadNumber(text.Slice(3, 2), out var minute)
            || hour > 23
            || minute > 59)
        {
            return false;
        }

        text = text[5..];
        var second = 0;
        var fraction = 0;
        if (!text.IsEmpty && text[0] == ':')
        {
            if (text.Length < 3 || !TryReadNumber(text.Slice(1, 2), out second) || second > 59)
            {
                return false;
            }

            text = text[3..];
            if (!text.IsEmpty && text[0] == '.' && !TryReadFraction(ref text, out fraction))
            {
                return false;
            }
        }

        microseconds = ((((hour * 60) + minute) * 60) + second) * MicrosecondsPerSecond + fraction;
        return true;
    }

    // Beyond the sixth digit PostgreSQL rounds; only zeros there are certain.
    private static bool TryReadFraction(ref ReadOnlySpan<byte> text, out int microseconds)
    {
        microseconds = 0;
        var digits = 0;
        var at = 1;
        for (; at < text.Length && text[at] is >= (byte)'0' and <= (byte)'9'; at++)
        {
            if (digits < 6)
            {
                microseconds = (microseconds * 10) + (text[at] - '0');
                digits++;
            }
            else if (text[at] != '0')
            {
                return false;
            }
        }

        var read = digits;
        for (; digits < 6; digits++)
        {
            microseconds *= 10;
        }

        text = text[at..];
        return read > 0;
    }

    // Z, +HH, +HHMM, +HH:MM, +HH:MM:SS
    private static bool TryReadZone(ReadOnlySpan<byte> text, out int seconds)
    {
        seconds = 0;
        if (text.SequenceEqual("Z"u8))
        {
            return true;
        }

        if (text.Length < 3 || text[0] is not ((byte)'+' or (byte)'-') || !TryReadNumber(text.Slice(1, 2), out var hour) || hour > 15)
        {
            return false;
        }

        var minute = 0;
        var second = 0;
        var valid = text.Length switch
        {
            3 => true,
            5 => TryReadNumber(text.Slice(3, 2), out minute),
            6 => text[3] == ':' && TryReadNumber(text.Slice(4, 2), out minute),
            9 => text[3] == ':' && TryReadNumber(text.Slice(4, 2), out minute)
                && text[6] == ':' && TryReadNumber(text.Slice(7, 2), out second),
            _ => false,
        };
        seconds = ((((hour * 60) + minute) * 60) + second) * (text[0] == '-' ? -1 : 1);
        return valid && minute <= 59 && second <= 59;
    }

    private static bool TryReadNumber(ReadOnlySpan<byte> text, out int number) =>
        // The parser also takes a sign, which is none of ours.
        Utf8Parser.TryParse(text, out number, out var read) && read == text.Length && text[0] is >= (byte)'0' and <= (byte)'9';
}
