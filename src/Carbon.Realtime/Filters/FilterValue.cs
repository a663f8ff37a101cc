using System.Globalization;

namespace Carbon.Realtime;

/// <summary>A literal of a filter in PostgreSQL's text form; any value listed here converts to one by itself.</summary>
/// <remarks>
/// Formatting never depends on the current culture. The server casts the text to the type of the column when it subscribes
/// and refuses the subscription if it cannot. Two values are equal if their texts are. For any other type convert to text yourself.
/// </remarks>
public readonly record struct FilterValue
{
    private readonly string? _text;

    private FilterValue(string text) => _text = text;

    internal string Text => _text ?? throw new ArgumentException("The filter value is empty: it was made by default(FilterValue).");

    /// <summary>Text as it is; also enums, ranges, intervals and whatever else has no conversion of its own.</summary>
    /// <param name="value">Not <see langword="null"/>: SQL's comparisons with NULL never match, <c>IsNull</c> does.</param>
    /// <exception cref="ArgumentNullException"><paramref name="value"/> is <see langword="null"/>.</exception>
    public static implicit operator FilterValue(string value) => new(
        value ?? throw new ArgumentNullException(nameof(value), "A comparison with NULL never matches: use IsNull(), or Not.IsNull()."));

    /// <summary>A single character as text.</summary>
    /// <param name="value">The character.</param>
    public static implicit operator FilterValue(char value) => new(value.ToString());

    /// <summary><c>true</c> or <c>false</c>.</summary>
    /// <param name="value">The boolean.</param>
    public static implicit operator FilterValue(bool value) => new(value ? "true" : "false");

    /// <summary>An integer in decimal digits.</summary>
    /// <param name="value">The number.</param>
    public static implicit operator FilterValue(int value) => new(value.ToString(CultureInfo.InvariantCulture));

    /// <summary>An integer in decimal digits.</summary>
    /// <param name="value">The number.</param>
    public static implicit operator FilterValue(long value) => new(value.ToString(CultureInfo.InvariantCulture));

    /// <summary>An exact number; its scale is kept and does not matter to PostgreSQL.</summary>
    /// <param name="value">The number.</param>
    public static implicit operator FilterValue(decimal value) => new(value.ToString(CultureInfo.InvariantCulture));

    /// <summary>The shortest text that reads back as the same number; PostgreSQL too has <c>NaN</c> and <c>Infinity</c>.</summary>
    /// <param name="value">The number.</param>
    public static implicit operator FilterValue(float value) => new(value.ToString("R", CultureInfo.InvariantCulture));

    /// <summary>The shortest text that reads back as the same number; PostgreSQL too has <c>NaN</c> and <c>Infinity</c>.</summary>
    /// <param name="value">The number.</param>
    public static implicit operator FilterValue(double value) => new(value.ToString("R", CultureInfo.InvariantCulture));

    /// <summary>A uuid in lower case with hyphens.</summary>
    /// <param name="value">The uuid.</param>
    public static implicit operator FilterValue(Guid value) => new(value.ToString("D", CultureInfo.InvariantCulture));

    /// <summary>An instant with its offset. Microseconds are PostgreSQL's finest unit: what lies below is cut off.</summary>
    /// <param name="value">The instant.</param>
    public static implicit operator FilterValue(DateTimeOffset value) =>
        new(value.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFzzz", CultureInfo.InvariantCulture));

    /// <summary>A time stamp: without a zone if its kind is unspecified, with <c>Z</c> if it is UTC; cut off below microseconds.</summary>
    /// <param name="value">The time stamp. Use <see cref="DateTimeOffset"/> for an instant of local time.</param>
    /// <exception cref="ArgumentException">The kind is local: its meaning would depend on the machine.</exception>
    public static implicit operator FilterValue(DateTime value) => value.Kind switch
    {
        DateTimeKind.Local => throw new ArgumentException(
            "A local DateTime means another instant on another machine: pass a DateTimeOffset, or a DateTime that is UTC or unspecified.",
            nameof(value)),
        DateTimeKind.Utc => new(value.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture)),
        _ => new(value.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFF", CultureInfo.InvariantCulture)),
    };

    /// <summary>A date as <c>2024-02-29</c>.</summary>
    /// <param name="value">The date.</param>
    public static implicit operator FilterValue(DateOnly value) => new(value.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));

    /// <summary>The text that the filter compares with, unquoted; empty for <c>default(FilterValue)</c>, which no filter accepts.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => _text ?? "";
}
