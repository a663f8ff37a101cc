using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Carbon.Realtime.Filters;

namespace Carbon.Realtime.Tables;

/// <summary>A column that the row type maps, and what the property's type says about its values.</summary>
internal sealed class MappedColumn(JsonPropertyInfo property)
{
    private readonly JsonTypeInfo _type = property.Options.GetTypeInfo(property.PropertyType);
    private readonly bool _hasConverter = property.CustomConverter is not null;

    public string Name { get; } = property.Name;

    public byte[] Utf8 { get; } = Encoding.UTF8.GetBytes(property.Name);

    public Type PropertyType { get; } = property.PropertyType;

    /// <summary>Whether it is a PostgreSQL array, which must not be filtered on.</summary>
    public bool IsArray { get; } = property.Options.GetTypeInfo(property.PropertyType) is { Kind: JsonTypeInfoKind.Enumerable };

    /// <summary>Whether its numbers become decimals, by themselves or in an array: numeric may have more digits.</summary>
    public bool HoldsDecimals { get; } = property.CustomConverter is null && IsDecimal(property.Options.GetTypeInfo(property.PropertyType));

    /// <summary>Why the client cannot judge a condition on this column in the server's stead; <see langword="null"/> if it can.</summary>
    /// <remarks>By the property's type; the column's own is known when the first change arrives.</remarks>
    public string? WhyNotJudged(FilterCondition condition) =>
        FilterColumnTypes.Of(PropertyType) is { } type && FilterExactness.IsExact(condition, type)
            ? null
            : $"column '{Name}' is mapped to {PropertyType.Name}, whose '{condition.Operator.Name()}' the client cannot judge exactly as PostgreSQL would";

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
