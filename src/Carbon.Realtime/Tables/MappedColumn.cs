using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Carbon.Realtime.Filters;

namespace Carbon.Realtime.Tables;

/// <summary>A column that the row type maps, and what the property's type says about its values.</summary>
internal sealed class MappedColumn
{
    /// <summary>A number written with no more characters has at most 28 digits and fits, but for one with a negative exponent, as PostgreSQL writes floats.</summary>
    public const int SurelyFits = 28;

    private readonly JsonTypeInfo _type;
    private readonly bool _hasConverter;

    public MappedColumn(JsonPropertyInfo property)
    {
        _type = property.Options.GetTypeInfo(property.PropertyType);
        _hasConverter = property.CustomConverter is not null;
        Name = property.Name;
        Utf8 = Encoding.UTF8.GetBytes(property.Name);
        IsArray = _type.Kind == JsonTypeInfoKind.Enumerable;
        HoldsDecimals = !_hasConverter && IsDecimal(_type);
    }

    public string Name { get; }

    public byte[] Utf8 { get; }

    /// <summary>The property's type.</summary>
    public string TypeName => _type.Type.ToString();

    /// <summary>Whether it is a PostgreSQL array, which must not be filtered on.</summary>
    public bool IsArray { get; }

    /// <summary>Whether its numbers become decimals, by themselves or in an array: numeric may have more digits.</summary>
    public bool HoldsDecimals { get; }

    /// <summary>Why the client cannot judge a condition on this column in the server's stead; <see langword="null"/> if it can.</summary>
    /// <remarks>By the property's type; the column's own is known when the first change arrives.</remarks>
    public string? WhyNotJudged(FilterCondition condition) =>
        FilterColumnTypes.Of(_type.Type) is { } type && FilterExactness.IsExact(condition, type)
            ? null
            : $"column '{Name}' is mapped to {(Nullable.GetUnderlyingType(_type.Type) ?? _type.Type).Name}, whose '{condition.Operator.Name()}' the client cannot judge exactly as PostgreSQL would";

    /// <summary>Whether a value can be read by itself: asked only to name the column after a row could not be, as most exceptions do not.</summary>
    public bool CanRead(ReadOnlySpan<byte> json)
    {
        try
        {
            if (!_hasConverter)
            {
                JsonSerializer.Deserialize(json, _type);
            }

            return true;
        }
#pragma warning disable CA1031 // A converter is the user's code.
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
    }

    /// <summary>Whether the property holds the value as it is: System.Text.Json would round a longer number to a decimal without a word.</summary>
    /// <remarks>
    /// What counts is the value: a scale of more than 28 whose last digits are zeros is no loss.
    /// </remarks>
    public bool Holds(ReadOnlySpan<byte> json) => !HoldsDecimals || (json.Length <= SurelyFits && !HasNegativeExponent(json)) || HoldsNumbers(json);

    /// <summary>Whether a number with a negative exponent may be in it; a uuid may look like one.</summary>
    public static bool HasNegativeExponent(ReadOnlySpan<byte> json) => json.IndexOf("e-"u8) >= 0 || json.IndexOf("E-"u8) >= 0;

    private static bool HoldsNumbers(ReadOnlySpan<byte> json)
    {
        // Arrays too. Text that is no JSON is for the row's own decoding to refuse.
        var reader = new Utf8JsonReader(json);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.Number or JsonTokenType.String && (reader.ValueSpan.Length > SurelyFits || HasNegativeExponent(reader.ValueSpan))
                    && !Fits(reader.ValueSpan))
                {
                    return false;
                }
            }
        }
        catch (JsonException)
        {
        }

        return true;
    }

    /// <summary>Text that neither side takes for a number is for the row's own decoding to refuse. One of an exponent that no PostgreSQL has (<c>1e-9999999</c>) .NET would round to nothing.</summary>
    private static bool Fits(ReadOnlySpan<byte> text) => DecimalText.TryParse(text, out var number)
        ? FitsNumber(text, number)
        : !decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _);

    private static bool FitsNumber(ReadOnlySpan<byte> text, in DecimalText number)
    {
        Span<byte> rounded = stackalloc byte[64];
        return decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            && value.TryFormat(rounded, out var length, provider: CultureInfo.InvariantCulture)
            && DecimalText.TryParse(rounded[..length], out var kept)
            && DecimalText.Compare(text, number, rounded[..length], kept) == 0;
    }

    private static bool IsDecimal(JsonTypeInfo type) =>
        (Nullable.GetUnderlyingType(type.Type) ?? type.Type) == typeof(decimal)
        || (type is { Kind: JsonTypeInfoKind.Enumerable, ElementType: { } element } && IsDecimal(type.Options.GetTypeInfo(element)));
}
