using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Emulator;

/// <summary>Reads the members of a command's body. A member of another type throws, by its name, what the endpoint answers with 400.</summary>
internal static class ControlBody
{
    private const double LongestSeconds = 10_000d * 366 * 24 * 3600;

    public static JsonObject Done(Action action)
    {
        action();
        return [];
    }

    public static string? Text(JsonObject body, string name) => body[name] is { } node ? Text(node, name) : null;

    /// <summary>The texts of an array; <see langword="null"/> without the member.</summary>
    public static string[]? Texts(JsonObject body, string name) => body[name] switch
    {
        null => null,
        JsonArray array => [.. array.Select(element => Text(element, name))],
        var node => throw Wrong(name, "an array of texts", node),
    };

    public static JsonObject? Object(JsonObject body, string name) => body[name] switch
    {
        null => null,
        JsonObject json => json,
        var node => throw Wrong(name, "an object", node),
    };

    public static string Needed(JsonObject body, string name) => Text(body, name) ?? throw new ArgumentException($"The member '{name}' is missing.");

    public static int? Number(JsonObject body, string name) => Value<int>(body, name, "a whole number");

    public static int NeededNumber(JsonObject body, string name) => Number(body, name) ?? throw new ArgumentException($"The member '{name}' is missing.");

    public static bool? Flag(JsonObject body, string name) => Value<bool>(body, name, "true or false");

    /// <summary>How many times: a number, 1 without one, and any number of times for <c>"all"</c>.</summary>
    public static int Count(JsonObject body) => body["count"] is JsonValue value && value.TryGetValue<string>(out var text) && text == "all"
        ? int.MaxValue
        : Value<int>(body, "count", "a whole number or \"all\"") ?? 1;

    /// <summary>A share of a whole, 0 without one.</summary>
    public static double Share(JsonObject body, string name) => Value<double>(body, name, "a number from 0 to 1") ?? 0;

    /// <exception cref="ArgumentException">It is more than ten thousand years.</exception>
    public static TimeSpan? Seconds(JsonObject body, string name)
    {
        if (Value<double>(body, name, "a number of seconds") is not { } seconds)
        {
            return null;
        }

        return Math.Abs(seconds) <= LongestSeconds
            ? TimeSpan.FromSeconds(seconds)
            : throw new ArgumentException($"The member '{name}' is no time: at most {LongestSeconds:0} seconds.");
    }

    /// <summary>From nothing to as many seconds as the body says.</summary>
    public static EmulatorDelay UpTo(JsonObject body, string name, double seconds) => new(TimeSpan.Zero, Seconds(body, name) ?? TimeSpan.FromSeconds(seconds));

    /// <summary>Refuses a body that says the same thing in two ways, of which one would be ignored.</summary>
    /// <exception cref="ArgumentException">It has more than one of these members.</exception>
    public static void AtMostOne(JsonObject body, params string[] names)
    {
        var said = names.Where(body.ContainsKey).ToArray();
        if (said.Length > 1)
        {
            throw new ArgumentException($"Of the members '{string.Join("', '", said)}' there can be one only.");
        }
    }

    private static string Text(JsonNode? node, string name) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : throw Wrong(name, "a text", node);

    private static TValue? Value<TValue>(JsonObject body, string name, string what)
        where TValue : struct =>
        body[name] is not { } node ? null : node is JsonValue value && value.TryGetValue<TValue>(out var read) ? read : throw Wrong(name, what, node);

    private static ArgumentException Wrong(string name, string what, JsonNode? node) =>
        new($"The member '{name}' must be {what}, and not {node?.ToJsonString(ControlEndpoint.Plain) ?? "null"}.");
}
