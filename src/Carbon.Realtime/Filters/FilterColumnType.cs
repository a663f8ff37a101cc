namespace Carbon.Realtime.Filters;

/// <summary>What the name of a column's PostgreSQL type says about comparing its values here.</summary>
internal enum FilterColumnType
{
    /// <summary>The caller does not know the type, or it has several words for one value: equal texts are equal values, nothing else is certain.</summary>
    Unspecified = 0,

    /// <summary>An enum, a domain, or a type without rules here: equal texts are equal values, and different words are different ones.</summary>
    Other,

    /// <summary>Values do not arrive as they are: char(n) and bit(n) are cut
    /// (docs/protocol.md, "Thirty facts", fact 27), bytea lacks its prefix.</summary>
    Mangled,

    Json,
    Array,
    Boolean,
    Integer,
    Numeric,
    Float4,
    Float8,
    Text,
    Name,
    CaseInsensitiveText,
    Uuid,
    Date,
    Timestamp,
    TimestampWithZone,
}

internal static class FilterColumnTypes
{
    /// <summary>Whether a filter on a column of this type must be refused.</summary>
    /// <remarks>
    /// The server accepts one and then fails to decode changes: every client of the project silently loses whole batches
    /// (docs/protocol.md, "Thirty facts", fact 8). Array types are named after their element with an underscore in front.
    /// </remarks>
    public static bool IsArray(ReadOnlySpan<byte> pgType) => pgType.StartsWith((byte)'_');

    /// <inheritdoc cref="IsArray(ReadOnlySpan{byte})"/>
    public static bool IsArray(ReadOnlySpan<char> pgType) => pgType.StartsWith('_');

    /// <summary>The type that columns mapped to a .NET type usually have; <see langword="null"/> where none can be compared here.</summary>
    public static FilterColumnType? Of(Type property) => (Nullable.GetUnderlyingType(property) ?? property) switch
    {
        var type when type == typeof(string) => FilterColumnType.Text,
        var type when type == typeof(bool) => FilterColumnType.Boolean,
        var type when type == typeof(Guid) => FilterColumnType.Uuid,
        var type when type == typeof(decimal) => FilterColumnType.Numeric,
        var type when type == typeof(double) => FilterColumnType.Float8,
        var type when type == typeof(float) => FilterColumnType.Float4,
        var type when type == typeof(DateTimeOffset) => FilterColumnType.TimestampWithZone,
        var type when type == typeof(DateTime) => FilterColumnType.Timestamp,
        var type when type == typeof(DateOnly) => FilterColumnType.Date,
        { IsEnum: true } => null,
        var type => Type.GetTypeCode(type) is >= TypeCode.SByte and <= TypeCode.UInt64 ? FilterColumnType.Integer : null,
    };

    public static FilterColumnType Classify(ReadOnlySpan<byte> pgType) => pgType.Length switch
    {
        0 => FilterColumnType.Unspecified,
        _ when IsArray(pgType) => FilterColumnType.Array,
        3 when pgType.SequenceEqual("bit"u8) => FilterColumnType.Mangled,
        4 => ClassifyFour(pgType),
        5 when pgType.SequenceEqual("jsonb"u8) => FilterColumnType.Json,
        5 when pgType.SequenceEqual("bytea"u8) => FilterColumnType.Mangled,
        6 when pgType.SequenceEqual("bpchar"u8) => FilterColumnType.Mangled,
        6 when pgType.SequenceEqual("citext"u8) => FilterColumnType.CaseInsensitiveText,
        6 when pgType.SequenceEqual("float4"u8) => FilterColumnType.Float4,
        6 when pgType.SequenceEqual("float8"u8) => FilterColumnType.Float8,
        7 when pgType.SequenceEqual("varchar"u8) => FilterColumnType.Text,
        7 when pgType.SequenceEqual("numeric"u8) => FilterColumnType.Numeric,
        7 when pgType.SequenceEqual("regtype"u8) => FilterColumnType.Unspecified, // int is integer
        9 when pgType.SequenceEqual("timestamp"u8) => FilterColumnType.Timestamp,
        11 when pgType.SequenceEqual("timestamptz"u8) => FilterColumnType.TimestampWithZone,
        _ => FilterColumnType.Other,
    };

    private static FilterColumnType ClassifyFour(ReadOnlySpan<byte> pgType) => pgType[0] switch
    {
        (byte)'t' when pgType.SequenceEqual("text"u8) => FilterColumnType.Text,
        (byte)'u' when pgType.SequenceEqual("uuid"u8) => FilterColumnType.Uuid,
        (byte)'i' when pgType.SequenceEqual("int4"u8) || pgType.SequenceEqual("int8"u8) || pgType.SequenceEqual("int2"u8) =>
            FilterColumnType.Integer,
        (byte)'b' when pgType.SequenceEqual("bool"u8) => FilterColumnType.Boolean,
        (byte)'d' when pgType.SequenceEqual("date"u8) => FilterColumnType.Date,
        (byte)'n' when pgType.SequenceEqual("name"u8) => FilterColumnType.Name,
        (byte)'j' when pgType.SequenceEqual("json"u8) => FilterColumnType.Json,
        (byte)'c' when pgType.SequenceEqual("char"u8) => FilterColumnType.Mangled,
        _ => FilterColumnType.Other,
    };
}
