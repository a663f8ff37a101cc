using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>
/// JSON in the two spellings that frames of the real server mix: PostgreSQL's <c>jsonb</c> text and the compact one of its own encoder.
/// </summary>
internal static class JsonText
{
    /// <summary>
    /// The text of a <c>jsonb</c> value: a blank after <c>:</c> and <c>,</c>, keys by length and then by bytes, the last of equal keys
    /// wins.
    /// </summary>
    public static string Jsonb(JsonElement value)
    {
        var text = new StringBuilder();
        AppendJsonb(text, value);
        return text.ToString();
    }

    /// <summary>The compact text with sorted keys in which the server echoes what a client sent.</summary>
    public static void AppendCanonical(StringBuilder text, JsonElement value) =>
        Append(text, value, ",", ":", static p => p.OrderBy(x => x.Name, StringComparer.Ordinal));

    /// <summary>
    /// Reads JSON that others wrote. What .NET takes for JSON and cannot turn into text (a lone surrogate, bytes that are no UTF-8) is none, for the server
    /// neither.
    /// </summary>
    public static bool TryParse(ReadOnlyMemory<byte> utf8, out JsonElement json)
    {
        json = default;
        if (!Utf8.IsValid(utf8.Span))
        {
            return false;
        }

        try
        {
            using var document = JsonDocument.Parse(utf8);
            if (utf8.Span.IndexOf("\\u"u8) >= 0)
            {
                ReadTexts(document.RootElement);
            }

            json = document.RootElement.Clone();
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    public static string Quote(string value)
    {
        var text = new StringBuilder(value.Length + 2);
        AppendQuoted(text, value);
        return text.ToString();
    }

    /// <summary>Escapes what JSON demands and nothing else: both encoders of the server leave all other characters as they are.</summary>
    public static void AppendQuoted(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }

        text.Append('"');
    }

    /// <summary>An object in <c>jsonb</c> spelling from names and texts that are <c>jsonb</c> already.</summary>
    public static void AppendJsonbObject(StringBuilder text, IEnumerable<(string Name, string Value)> members)
    {
        text.Append('{');
        var first = true;
        foreach (var (name, value) in members.OrderBy(static m => m.Name, JsonbKeyOrder.Instance))
        {
            text.Append(first ? "" : ", ");
            first = false;
            AppendQuoted(text, name);
            text.Append(": ").Append(value);
        }

        text.Append('}');
    }

    /// <exception cref="InvalidOperationException">A name or a string is no text.</exception>
    private static void ReadTexts(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                _ = value.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var element in value.EnumerateArray())
                {
                    ReadTexts(element);
                }

                break;
            case JsonValueKind.Object:
                foreach (var property in value.EnumerateObject())
                {
                    _ = property.Name;
                    ReadTexts(property.Value);
                }

                break;
            default:
                break;
        }
    }

    private static void AppendJsonb(StringBuilder text, JsonElement value) =>
        Append(text, value, ", ", ": ", static p => p.OrderBy(x => x.Name, JsonbKeyOrder.Instance));

    private static void Append(
        StringBuilder text, JsonElement value, string comma, string colon, Func<IEnumerable<JsonProperty>, IEnumerable<JsonProperty>> order)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                text.Append('{');
                var properties = value.EnumerateObject().GroupBy(static p => p.Name, StringComparer.Ordinal).Select(static g => g.Last());
                var firstProperty = true;
                foreach (var property in order(properties))
                {
                    text.Append(firstProperty ? "" : comma);
                    firstProperty = false;
                    AppendQuoted(text, property.Name);
                    text.Append(colon);
                    Append(text, property.Value, comma, colon, order);
                }

                text.Append('}');
                break;
            case JsonValueKind.Array:
                text.Append('[');
                var firstElement = true;
                foreach (var element in value.EnumerateArray())
                {
                    text.Append(firstElement ? "" : comma);
                    firstElement = false;
                    Append(text, element, comma, colon, order);
                }

                text.Append(']');
                break;
            case JsonValueKind.String:
                AppendQuoted(text, value.GetString()!);
                break;
            case JsonValueKind.Number when comma.Length > 1:
                text.Append(PgNumber.Plain(value.GetRawText()));
                break;
            default:
                text.Append(value.GetRawText());
                break;
        }
    }

    private sealed class JsonbKeyOrder : IComparer<string>
    {
        public static JsonbKeyOrder Instance { get; } = new();

        public int Compare(string? x, string? y)
        {
            var byLength = Encoding.UTF8.GetByteCount(x!).CompareTo(Encoding.UTF8.GetByteCount(y!));
            return byLength != 0 ? byLength : string.CompareOrdinal(x, y);
        }
    }
}
