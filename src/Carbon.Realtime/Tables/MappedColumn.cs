using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Carbon.Realtime.Filters;

namespace Carbon.Realtime.Tables;

/// <summary>A column that the row type maps, and what the property's type says about its values.</summary>
internal sealed class MappedColumn
{
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

    private static bool IsDecimal(JsonTypeInfo type) =>
        (Nullable.GetUnderlyingType(type.Type) ?? type.Type) == typeof(decimal)
        || (type is { Kind: JsonTypeInfoKind.Enumerable, ElementType: { } element } && IsDecimal(type.Options.GetTypeInfo(element)));
}
