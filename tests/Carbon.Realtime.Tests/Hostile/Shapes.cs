using System.Text.Json;

namespace Carbon.Realtime.Tests.Hostile;

/// <summary>Every way to damage one place of a JSON text: another value there, the place missing, doubled, or something beside it.</summary>
internal static class Shapes
{
    private static readonly string[] Values =
    [
        "null", "true", "0", "-1", "1e400", "9223372036854775808", "-0.0", "NaN", "Infinity", "\"\"", "\"x\"", "\"\\ud800\"", "\"\\u0000\"", "\"\\x\"",
        "[]", "{}", "[null]", "[[1]]", "{\"id\":null}", "", "tru", "'x'", "/**/1",
        new string('[', 80) + new string(']', 80),
        string.Concat(Enumerable.Repeat("{\"a\":", 80)) + "1" + new string('}', 80),
        "\"" + new string('y', 70_000) + "\"",
    ];

    public static IEnumerable<string> Of(string json)
    {
        using var document = JsonDocument.Parse(json);
        foreach (var shape in Of(document.RootElement.Clone()))
        {
            yield return shape;
        }
    }

    private static IEnumerable<string> Of(JsonElement element)
    {
        foreach (var value in Values)
        {
            yield return value;
        }

        var (open, close) = element.ValueKind == JsonValueKind.Object ? ('{', '}') : ('[', ']');
        List<(string Name, JsonElement Value)> parts = element.ValueKind switch
        {
            JsonValueKind.Object => [.. element.EnumerateObject().Select(static part => (JsonSerializer.Serialize(part.Name) + ":", part.Value))],
            JsonValueKind.Array => [.. element.EnumerateArray().Select(static part => ("", part))],
            _ => [],
        };
        var texts = parts.ConvertAll(static part => part.Name + part.Value.GetRawText());
        for (var i = 0; i < parts.Count; i++)
        {
            yield return Join([.. texts[..i], .. texts[(i + 1)..]]);
            yield return Join([.. texts[..i], texts[i], .. texts[i..]]);
            yield return Join([.. texts, parts[i].Name + "null"]);
            foreach (var shape in Of(parts[i].Value))
            {
                yield return Join([.. texts[..i], parts[i].Name + shape, .. texts[(i + 1)..]]);
            }
        }

        if (parts.Count > 0)
        {
            yield return Join([.. texts, parts[0].Name.Length > 0 ? "\"more\":[{}]" : "{\"more\":1}"]);
            yield return Join(texts)[..^1];
            yield return Join(texts) + close;
        }

        string Join(List<string> inner) => open + string.Join(',', inner) + close;
    }
}
