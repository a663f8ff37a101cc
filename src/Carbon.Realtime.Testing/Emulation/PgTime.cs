using System.Globalization;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>Dates and times in PostgreSQL's spellings (docs/protocol.md, "Values").</summary>
internal static class PgTime
{
    public static bool TryParse(string text, out long ticks)
    {
        text = text.Trim();
        if (text is "infinity" or "-infinity")
        {
            ticks = text[0] == '-' ? long.MinValue : long.MaxValue;
            return true;
        }

        var parsed = DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var value);
        ticks = value.UtcTicks;
        return parsed;
    }

    /// <summary><c>2024-01-02T03:04:05.678912+00:00</c>: microseconds, without trailing zeros.</summary>
    public static string TimestampTz(DateTimeOffset value) =>
        value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'+00:00'", CultureInfo.InvariantCulture);

    public static string Timestamp(DateTimeOffset value) => value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF", CultureInfo.InvariantCulture);

    public static string Date(DateTimeOffset value) => value.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary><c>2026-08-21T09:15:07.120Z</c>: always three digits, cut and not rounded.</summary>
    public static string Commit(DateTimeOffset value) => value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
