using System.Globalization;
using System.Text;

namespace Carbon.Realtime.Filters;

/// <summary>How a record's value relates to a literal.</summary>
internal enum FilterOrder
{
    CannotTell = 0,
    Less,
    Equal,
    Greater,

    /// <summary>Different, but which is greater depends on the database: collation, order of an enum's labels.</summary>
    Unequal,
}

/// <summary>A value of a record that is not null, unescaped, with the type of its column.</summary>
internal readonly ref struct FilterOperand(ReadOnlySpan<byte> utf8, bool isText, FilterColumnType type)
{
    private const int LongestName = 63;

    private static readonly System.Buffers.SearchValues<byte> WordBytes =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ _-"u8);

    /// <summary>The content of a JSON string, or the JSON text of anything else.</summary>
    public ReadOnlySpan<byte> Utf8 { get; } = utf8;

    /// <summary>Whether it is a JSON string.</summary>
    public bool IsText { get; } = isText;

    public FilterColumnType Type { get; } = type;

    public bool IsObject => !IsText && Utf8[0] == '{';

    /// <summary>A JSON boolean, or the <c>t</c> and <c>f</c> of servers before 2023 (docs/protocol.md, "Values").</summary>
    public bool TryGetBoolean(out bool value)
    {
        value = Utf8.SequenceEqual("true"u8);
        return IsText
            ? Type is FilterColumnType.Boolean && BooleanText.TryParse(Utf8, out value)
            : value || Utf8.SequenceEqual("false"u8);
    }

    /// <summary>Compares as PostgreSQL would after casting the literal to the column's type.</summary>
    public FilterOrder CompareTo(FilterLiteral literal) => Type switch
    {
        FilterColumnType.Text when IsText => CompareText(literal),
        FilterColumnType.Name when IsText && literal.Utf8.Length <= LongestName => CompareText(literal), // longer ones are cut
        FilterColumnType.CaseInsensitiveText when IsText => CompareIgnoringCase(literal),
        FilterColumnType.Integer => CompareIntegers(literal),
        FilterColumnType.Numeric => CompareNumbers(literal),
        FilterColumnType.Float4 => CompareFloats(literal, single: true),
        FilterColumnType.Float8 => CompareFloats(literal, single: false),
        FilterColumnType.Boolean => literal.HasBoolean && TryGetBoolean(out var value) ? Order(value.CompareTo(literal.Boolean)) : default,
        FilterColumnType.Uuid when IsText => CompareUuids(literal),
        FilterColumnType.Date or FilterColumnType.Timestamp or FilterColumnType.TimestampWithZone when IsText => CompareTimes(literal),
        FilterColumnType.Other or FilterColumnType.Unspecified => CompareUnknown(literal),
        _ => FilterOrder.CannotTell,
    };

    private FilterOrder CompareText(FilterLiteral literal) =>
        Utf8.SequenceEqual(literal.Utf8) ? FilterOrder.Equal : FilterOrder.Unequal;

    private FilterOrder CompareIgnoringCase(FilterLiteral literal) =>
        Utf8.SequenceEqual(literal.Utf8) ? FilterOrder.Equal
        : !literal.IsAscii || !Ascii.IsValid(Utf8) ? FilterOrder.CannotTell
        : Ascii.EqualsIgnoreCase(Utf8, literal.Utf8) ? FilterOrder.Equal
        : FilterOrder.Unequal;

    private FilterOrder CompareIntegers(FilterLiteral literal) =>
        !literal.HasNumber || !literal.Number.IsInteger ? FilterOrder.CannotTell
        : Utf8.SequenceEqual(literal.Utf8) ? FilterOrder.Equal
        : CompareNumbers(literal);

    private FilterOrder CompareNumbers(FilterLiteral literal) =>
        literal.HasNumber && DecimalText.TryParse(Utf8, out var number)
            ? Order(DecimalText.Compare(Utf8, number, literal.Utf8, literal.Number))
            : FilterOrder.CannotTell;

    // The literal is rounded to the column's precision before it is compared, so decimal places would tell too much.
    private FilterOrder CompareFloats(FilterLiteral literal, bool single)
    {
        if (!literal.HasNumber || !DecimalText.TryParse(Utf8, out var number))
        {
            return FilterOrder.CannotTell;
        }

        if (!number.IsFinite || !literal.Number.IsFinite)
        {
            return Order(DecimalText.Compare(Utf8, number, literal.Utf8, literal.Number));
        }

        var left = Parse(Utf8, single);
        var right = Parse(literal.Utf8, single);
        return double.IsFinite(left) && double.IsFinite(right) && (left != 0) != number.IsZero && (right != 0) != literal.Number.IsZero
            ? Order(left.CompareTo(right))
            : FilterOrder.CannotTell; // PostgreSQL refuses what overflows or vanishes.
    }

    private static double Parse(ReadOnlySpan<byte> number, bool single) => single
        ? float.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var narrow) ? narrow : double.NaN
        : double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var wide) ? wide : double.NaN;

    private FilterOrder CompareUuids(FilterLiteral literal) =>
        literal.HasUuid && UuidText.TryParse(Utf8, out var uuid) ? Order(uuid.CompareTo(literal.Uuid)) : FilterOrder.CannotTell;

    private FilterOrder CompareTimes(FilterLiteral literal)
    {
        if (!literal.HasTimestamp || !TimestampText.TryParse(Utf8, out var stamp))
        {
            return FilterOrder.CannotTell;
        }

        var wanted = literal.Timestamp;
        return Type switch
        {
            // Without a zone it means the time zone of the database session.
            FilterColumnType.TimestampWithZone when IsInstant(stamp) && IsInstant(wanted) =>
                Order(TimestampText.CompareInstants(stamp, wanted)),
            FilterColumnType.Timestamp => Order(TimestampText.CompareWallTimes(stamp, wanted)), // PostgreSQL ignores a zone here
            FilterColumnType.Date when !stamp.HasTime && !wanted.HasTime => Order(TimestampText.CompareWallTimes(stamp, wanted)),
            _ => FilterOrder.CannotTell,
        };
    }

    private static bool IsInstant(in TimestampText stamp) => stamp.HasZone || stamp.Infinity != 0;

    // Whatever the type, its text form read back is the same value. Different texts may still be equal values, but for words.
    private FilterOrder CompareUnknown(FilterLiteral literal) =>
        IsText ? Utf8.SequenceEqual(literal.Utf8) ? FilterOrder.Equal : AreDifferentWords(literal) ? FilterOrder.Unequal : FilterOrder.CannotTell
        : IsObject || Utf8[0] == '[' ? FilterOrder.CannotTell
        : Utf8.SequenceEqual(literal.Utf8) || CompareNumbers(literal) is FilterOrder.Equal ? FilterOrder.Equal
        : FilterOrder.CannotTell;

    /// <summary>Whether two texts are labels, as enums have them, that no type takes for the same value.</summary>
    /// <remarks>
    /// The name of a type does not tell an enum from a domain, and a domain may be over anything. So only what stays different over anything counts: words without
    /// digits (no instant, interval, address or number is written so), different in more than case (citext), neither the beginning of the other
    /// (<c>char(n)</c>, which is cut; <c>inf</c> for <c>Infinity</c>), none of them a truth value (<c>yes</c> is <c>true</c>), and none so long that it
    /// would be cut (<c>name</c>). Not looked for: domains over <c>regtype</c> (<c>decimal</c> is <c>numeric</c>) or with a collation that ignores
    /// letters.
    /// </remarks>
    private bool AreDifferentWords(FilterLiteral literal) =>
        Type is FilterColumnType.Other
        && IsWord(Utf8) && IsWord(literal.Utf8) && !literal.HasUuid
        && !IsTruth(Utf8) && !IsTruth(literal.Utf8)
        && !BeginsWith(literal.Utf8, Utf8) && !BeginsWith(Utf8, literal.Utf8);

    /// <summary>What PostgreSQL reads as a <c>bool</c>: these words, and their beginnings.</summary>
    private static bool IsTruth(ReadOnlySpan<byte> word) =>
        BeginsWith("true"u8, word) || BeginsWith("false"u8, word) || BeginsWith("yes"u8, word) || BeginsWith("no"u8, word) || BeginsWith("on"u8, word)
        || BeginsWith("off"u8, word);

    private static bool BeginsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> beginning) =>
        text.Length >= beginning.Length && Ascii.EqualsIgnoreCase(text[..beginning.Length], beginning);

    private static bool IsWord(ReadOnlySpan<byte> text) =>
        text.Length is > 1 and <= LongestName
        && char.IsAsciiLetter((char)text[0]) && char.IsAsciiLetter((char)text[^1])
        && text.IndexOfAnyExcept(WordBytes) < 0;

    private static FilterOrder Order(int sign) => sign < 0 ? FilterOrder.Less : sign > 0 ? FilterOrder.Greater : FilterOrder.Equal;
}
