using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Carbon.Realtime.Filters;

namespace Carbon.Realtime.Tables;

/// <summary>Compares rows as values, where what is held may have come with a change and the other one with a read. Pure.</summary>
/// <remarks>
/// <para>
/// Realtime and PostgREST do not write JSON alike (docs/protocol.md, "Values"): a text comparison would find a difference in every row that changed since it
/// was read, and each would look like a change that was lost. So values are compared: numbers by what they are worth, objects without regard to order,
/// the last of repeated names, as jsonb keeps it.
/// </para>
/// <para>
/// Some values are written so differently that their column's type would have to be known to call them equal: a bytea without its <c>\x</c> (or, by servers before
/// February 2026, encoded twice), an instant in another zone, NaN and the infinities, which changes bring as null. Those are
/// <see cref="RowDifference.Spelling"/>: the read's word is taken, and nothing is concluded from it.
/// </para>
/// </remarks>
internal static class JsonDifference
{
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <param name="held">A row, or one of its values.</param>
    /// <param name="read">What a read brought.</param>
    public static RowDifference Between(ReadOnlySpan<byte> held, ReadOnlySpan<byte> read)
    {
        var (one, other) = (Parse(held), Parse(read));
        return one.ValueKind == JsonValueKind.Object && other.ValueKind == JsonValueKind.Object
            ? OfObjects(one, other, alone: RowDifference.Spelling) // a column was added or dropped, of which no change tells
            : Of(one, other);
    }

    private static JsonElement Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        return JsonElement.ParseValue(ref reader);
    }

    private static RowDifference Of(JsonElement held, JsonElement read) => (held.ValueKind, read.ValueKind) switch
    {
        (JsonValueKind.Null, JsonValueKind.String) => IsNoNumber(read) ? RowDifference.Spelling : RowDifference.Content,
        var (one, other) when one != other => RowDifference.Content,
        (JsonValueKind.Object, _) => OfObjects(held, read, alone: RowDifference.Content),
        (JsonValueKind.Array, _) => OfArrays(held, read),
        (JsonValueKind.String, _) => OfTexts(TextOf(held), TextOf(read)),
        (JsonValueKind.Number, _) => AreOneNumber(held, read) ? RowDifference.None : RowDifference.Content,
        _ => RowDifference.None,
    };

    /// <param name="held">An object.</param>
    /// <param name="read">Another.</param>
    /// <param name="alone">What a name is that only one of them has.</param>
    private static RowDifference OfObjects(JsonElement held, JsonElement read, RowDifference alone)
    {
        var (values, others) = (Properties(held), Properties(read));
        var difference = RowDifference.None;
        foreach (var (name, value) in values)
        {
            difference = Greater(difference, others.Remove(name, out var other) ? Of(value, other) : alone);
            if (difference == RowDifference.Content)
            {
                return difference;
            }
        }

        return others.Count == 0 ? difference : Greater(difference, alone);
    }

    private static Dictionary<string, JsonElement> Properties(JsonElement json)
    {
        var properties = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var property in json.EnumerateObject())
        {
            properties[NameOf(property)] = property.Value;
        }

        return properties;
    }

    /// <summary>By what they are worth; as they are written where an exponent is greater than System.Text.Json compares, which a json column may hold.</summary>
    private static bool AreOneNumber(JsonElement held, JsonElement read)
    {
        try
        {
            return JsonElement.DeepEquals(held, read);
        }
        catch (ArgumentOutOfRangeException)
        {
            return JsonMarshal.GetRawUtf8Value(held).SequenceEqual(JsonMarshal.GetRawUtf8Value(read));
        }
    }

    /// <summary>The text; as it is written where it is not Unicode: a json column may hold half a surrogate pair, as an escape.</summary>
    private static string TextOf(JsonElement json)
    {
        try
        {
            return json.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8Value(json));
        }
    }

    private static string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            return Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8PropertyName(property));
        }
    }

    private static RowDifference OfArrays(JsonElement held, JsonElement read)
    {
        if (held.GetArrayLength() != read.GetArrayLength())
        {
            return RowDifference.Content;
        }

        var difference = RowDifference.None;
        foreach (var (value, other) in held.EnumerateArray().Zip(read.EnumerateArray()))
        {
            difference = Greater(difference, Of(value, other));
        }

        return difference;
    }

    private static RowDifference OfTexts(string held, string read) =>
        held == read ? RowDifference.None
        : AreOneByteArray(held, read) || AreOneInstant(Encoding.UTF8.GetBytes(held), Encoding.UTF8.GetBytes(read)) ? RowDifference.Spelling
        : RowDifference.Content;

    private static bool AreOneByteArray(string held, string read) =>
        IsBytes(read)
        && (read.AsSpan(2).SequenceEqual(held)
            || (IsBytes(held) && Convert.FromHexString(held.AsSpan(2)).AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(read))));

    /// <summary>A bytea as PostgREST writes it.</summary>
    private static bool IsBytes(string text) =>
        text.StartsWith(@"\x", StringComparison.Ordinal) && text.Length % 2 == 0 && text.AsSpan(2).IndexOfAnyExcept(HexDigits) < 0;

    private static bool AreOneInstant(ReadOnlySpan<byte> held, ReadOnlySpan<byte> read) =>
        TimestampText.TryParse(held, out var one) && TimestampText.TryParse(read, out var other)
        && one.HasTime && other.HasTime && one.HasZone == other.HasZone
        && (one.HasZone ? TimestampText.CompareInstants(one, other) : TimestampText.CompareWallTimes(one, other)) == 0;

    private static bool IsNoNumber(JsonElement text) => TextOf(text) is "NaN" or "Infinity" or "-Infinity";

    private static RowDifference Greater(RowDifference one, RowDifference other) => one > other ? one : other;
}
