using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Carbon.Realtime.Filters;
using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Tables;

/// <summary>The key columns' JSON values, in the key's order.</summary>
internal readonly ref struct KeyValues
{
    public ReadOnlySpan<byte> First { get; init; }

    public ReadOnlySpan<byte> Second { get; init; }

    public ReadOnlySpan<byte> Third { get; init; }

    /// <summary>Whether a part is JSON's null: no primary key's is, so what came is no key.</summary>
    public bool HasNull => NullAt >= 0;

    /// <summary>The first part that is null; -1 for none.</summary>
    public int NullAt => IsNull(First) ? 0 : IsNull(Second) ? 1 : IsNull(Third) ? 2 : -1;

    private static bool IsNull(ReadOnlySpan<byte> json) => json.SequenceEqual("null"u8);
}

/// <summary>Makes a key from the values of its columns. May throw what System.Text.Json throws.</summary>
internal abstract class KeyCodec<TKey>(params string[] columns)
{
    /// <summary>The most columns a key can have.</summary>
    public const int MaxColumns = 3;

    public IReadOnlyList<string> Columns { get; } = columns;

    public byte[][] ColumnsUtf8 { get; } = [.. columns.Select(System.Text.Encoding.UTF8.GetBytes)];

    /// <summary>When two keys are one.</summary>
    public virtual IEqualityComparer<TKey> Comparer => EqualityComparer<TKey>.Default;

    public abstract TKey Decode(in KeyValues values);

    /// <summary>The text that PostgreSQL reads each part from, unquoted: what a request for the row names.</summary>
    public abstract string[] Encode(TKey key);
}

/// <summary>A key's part as text.</summary>
internal static class KeyText
{
    /// <summary>The server's own text, not reformatted: a client type may round what it reads (timestamps, numerics).</summary>
    public static string Of(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty || json[0] != '"')
        {
            return System.Text.Encoding.UTF8.GetString(json);
        }

        var reader = new Utf8JsonReader(json);
        reader.Read();
        return reader.GetString()!;
    }

    public static string Of<TPart>(TPart part, JsonTypeInfo<TPart> type) => Of(JsonSerializer.SerializeToUtf8Bytes(part, type));
}

internal sealed class SingleKeyCodec<TKey>(string column, JsonTypeInfo<TKey> type) : KeyCodec<TKey>(column)
{
    public override IEqualityComparer<TKey> Comparer { get; } = TextKeys.Comparer as IEqualityComparer<TKey> ?? EqualityComparer<TKey>.Default;

    public override TKey Decode(in KeyValues values) => Part(values.First, type);

    public override string[] Encode(TKey key) => [KeyText.Of(key, type)];

    /// <summary>A key part is never null: PostgreSQL's primary keys are not.</summary>
    internal static TKey Part(ReadOnlySpan<byte> json, JsonTypeInfo<TKey> type) =>
        JsonSerializer.Deserialize(json, type) ?? throw new JsonException("A key column is null.");
}

internal sealed class PairKeyCodec<T1, T2>(string first, string second, JsonTypeInfo<T1> type1, JsonTypeInfo<T2> type2)
    : KeyCodec<(T1, T2)>(first, second)
{
    public override (T1, T2) Decode(in KeyValues values) =>
        (SingleKeyCodec<T1>.Part(values.First, type1), SingleKeyCodec<T2>.Part(values.Second, type2));

    public override string[] Encode((T1, T2) key) => [KeyText.Of(key.Item1, type1), KeyText.Of(key.Item2, type2)];
}

internal sealed class TripleKeyCodec<T1, T2, T3>(
    string first, string second, string third, JsonTypeInfo<T1> type1, JsonTypeInfo<T2> type2, JsonTypeInfo<T3> type3)
    : KeyCodec<(T1, T2, T3)>(first, second, third)
{
    public override (T1, T2, T3) Decode(in KeyValues values) =>
        (SingleKeyCodec<T1>.Part(values.First, type1), SingleKeyCodec<T2>.Part(values.Second, type2), SingleKeyCodec<T3>.Part(values.Third, type3));

    public override string[] Encode((T1, T2, T3) key) => [KeyText.Of(key.Item1, type1), KeyText.Of(key.Item2, type2), KeyText.Of(key.Item3, type3)];
}

/// <summary>The key of an untyped table: the column's value, or an array of the columns' values.</summary>
internal sealed class JsonKeyCodec(params string[] columns) : KeyCodec<JsonElement>(columns)
{
    public override IEqualityComparer<JsonElement> Comparer => JsonKeyComparer.Instance;

    public override JsonElement Decode(in KeyValues values)
    {
        CheckText(values.First);
        CheckText(values.Second);
        CheckText(values.Third);
        if (Columns.Count == 1)
        {
            return Parse(values.First);
        }

        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            writer.WriteRawValue(values.First);
            writer.WriteRawValue(values.Second);
            if (Columns.Count > 2)
            {
                writer.WriteRawValue(values.Third);
            }

            writer.WriteEndArray();
        }

        return Parse(buffer.WrittenSpan);
    }

    public override string[] Encode(JsonElement key) =>
        Columns.Count == 1 ? [PartText(key)] : [.. key.EnumerateArray().Select(PartText)];

    public static byte[] TextOf(JsonElement row) => System.Text.Encoding.UTF8.GetBytes(row.GetRawText());

    private static string PartText(JsonElement part) => part.ValueKind == JsonValueKind.String ? part.GetString()! : part.GetRawText();

    /// <exception cref="JsonException">It is no JSON, or not UTF-8: then whoever asked it for a text would be thrown at.</exception>
    internal static JsonElement Parse(ReadOnlySpan<byte> json)
    {
        if (!System.Text.Unicode.Utf8.IsValid(json))
        {
            throw new JsonException("The text is not UTF-8.");
        }

        var reader = new Utf8JsonReader(json);
        return JsonElement.ParseValue(ref reader);
    }

    /// <summary>Half a surrogate pair, which only an escape can hold, can neither be compared nor asked for; nor can a number of an exponent that no number of PostgreSQL's has.</summary>
    private static void CheckText(ReadOnlySpan<byte> json)
    {
        if (!json.ContainsAny((byte)'\\', (byte)'e', (byte)'E'))
        {
            return;
        }

        var reader = new Utf8JsonReader(json);
        try
        {
            while (reader.Read())
            {
                _ = reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped ? reader.GetString() : null;
                if (reader.TokenType is JsonTokenType.Number && !DecimalText.TryParse(reader.ValueSpan, out _))
                {
                    throw new JsonException("A key's number is too large.");
                }
            }
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException("A key's text is not Unicode.", e);
        }
    }

    /// <summary>By value: an element's own equality is that of its place in its document.</summary>
    private sealed class JsonKeyComparer : IEqualityComparer<JsonElement>
    {
        public static JsonKeyComparer Instance { get; } = new();

        public bool Equals(JsonElement x, JsonElement y) => JsonElement.DeepEquals(x, y);

        public int GetHashCode(JsonElement key)
        {
            var hash = new HashCode();
            foreach (var part in key.ValueKind == JsonValueKind.Array ? [.. key.EnumerateArray()] : (JsonElement[])[key])
            {
                hash.Add(part.ValueKind switch
                {
                    JsonValueKind.String => part.GetString()!.GetHashCode(StringComparison.Ordinal),
                    JsonValueKind.Number => HashOfNumber(JsonMarshal.GetRawUtf8Value(part)),
                    var kind => (int)kind,
                });
            }

            return hash.ToHashCode();
        }

        /// <summary>1, 1.0 and 1e0 are one key, so that the text does not tell.</summary>
        private static int HashOfNumber(ReadOnlySpan<byte> text) => DecimalText.TryParse(text, out var number) ? number.HashOf(text) : 0;
    }
}
