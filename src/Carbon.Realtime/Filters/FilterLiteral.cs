using System.Text;

namespace Carbon.Realtime.Filters;

/// <summary>A literal of a filter with every form it may be compared in, made once so that judging a change allocates nothing.</summary>
/// <remarks>Which form counts is decided by the column's type, and that is known only when a change arrives.</remarks>
internal sealed class FilterLiteral
{
    private readonly byte[] _utf8;
    private readonly DecimalText _number;
    private readonly UInt128 _uuid;
    private readonly TimestampText _timestamp;
    private readonly bool _boolean;

    public FilterLiteral(string text)
    {
        Text = text;
        _utf8 = Encoding.UTF8.GetBytes(text);
        IsAscii = Ascii.IsValid(text);
        HasNumber = DecimalText.TryParse(_utf8, out _number);
        HasUuid = UuidText.TryParse(_utf8, out _uuid);
        HasTimestamp = TimestampText.TryParse(_utf8, out _timestamp);
        HasBoolean = BooleanText.TryParse(_utf8, out _boolean);
    }

    public string Text { get; }

    public ReadOnlySpan<byte> Utf8 => _utf8;

    public bool IsAscii { get; }

    public bool HasNumber { get; }

    /// <summary>The parts of <see cref="Utf8"/> as a number.</summary>
    public DecimalText Number => _number;

    public bool HasUuid { get; }

    public UInt128 Uuid => _uuid;

    public bool HasTimestamp { get; }

    public TimestampText Timestamp => _timestamp;

    public bool HasBoolean { get; }

    public bool Boolean => _boolean;
}
