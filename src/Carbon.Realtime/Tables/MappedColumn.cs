using System.Text;
using System.Text.Json.Serialization.Metadata;
using Carbon.Realtime.Filters;

namespace Carbon.Realtime.Tables;

/// <summary>A column that the row type maps, and what the property's type says about its values.</summary>
internal sealed class MappedColumn(JsonPropertyInfo property)
{
    public string Name { get; } = property.Name;

    public byte[] Utf8 { get; } = Encoding.UTF8.GetBytes(property.Name);

    public Type PropertyType { get; } = property.PropertyType;

    /// <summary>Whether it is a PostgreSQL array, which must not be filtered on.</summary>
    public bool IsArray { get; } = property.Options.GetTypeInfo(property.PropertyType).Kind == JsonTypeInfoKind.Enumerable;

    /// <summary>Whether its numbers become decimals, by themselves or in an array: numeric may have more digits.</summary>
    public bool HoldsDecimals { get; } = property.CustomConverter is null && IsDecimal(property.Options.GetTypeInfo(property.PropertyType));

    /// <summary>Why the client cannot judge a condition on this column in the server's stead; <see langword="null"/> if it can.</summary>
    /// <remarks>By the property's type; the column's own is known when the first change arrives.</remarks>
    public string? WhyNotJudged(FilterCondition condition) =>
        FilterColumnTypes.Of(PropertyType) is { } type && FilterExactness.IsExact(condition, type)
            ? null
            : $"column '{Name}' is mapped to {PropertyType.Name}, whose '{condition.Operator.Name()}' the client cannot judge exactly as PostgreSQL would";

    private static bool IsDecimal(JsonTypeInfo type) =>
        (Nullable.GetUnderlyingType(type.Type) ?? type.Type) == typeof(decimal)
        || (type is { Kind: JsonTypeInfoKind.Enumerable, ElementType: { } element } && IsDecimal(type.Options.GetTypeInfo(element)));
}
