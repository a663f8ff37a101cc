using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Emulator;

/// <summary>Reads the members of a command's body. A member of another type throws what the endpoint answers with 400.</summary>
internal static class ControlBody
{
    private const double LongestSeconds = 10_000d * 366 * 24 * 3600;

    public static JsonObject Done(Action action)
    {
        action();
        return [];
    }

    public static string? Text(JsonObject body, string name) => body[name]?.GetValue<string>();

    public static string Needed(JsonObject body, string name) => Text(body, name) ?? throw new ArgumentException($"The member '{name}' is missing.");

    public static int? Number(JsonObject body, string name) => body[name]?.GetValue<int>();

    public static bool? Flag(JsonObject body, string name) => body[name]?.GetValue<bool>();

    /// <summary>How many times: a number, 1 without one, and any number of times for <c>"all"</c>.</summary>
    public static int Count(JsonObject body) =>
        body["count"] is JsonValue value && value.TryGetValue<string>(out var text) && text == "all" ? int.MaxValue : Number(body, "count") ?? 1;

    /// <summary>A share of a whole, 0 without one.</summary>
    public static double Share(JsonObject body, string name) => body[name]?.GetValue<double>() ?? 0;

    /// <exception cref="ArgumentException">It is more than ten thousand years.</exception>
    public static TimeSpan? Seconds(JsonObject body, string name)
    {
        if (body[name]?.GetValue<double>() is not { } seconds)
        {
            return null;
        }

        return Math.Abs(seconds) <= LongestSeconds
            ? TimeSpan.FromSeconds(seconds)
            : throw new ArgumentException($"The member '{name}' is no time: at most {LongestSeconds:0} seconds.");
    }

    /// <summary>From nothing to as many seconds as the body says.</summary>
    public static EmulatorDelay UpTo(JsonObject body, string name, double seconds) => new(TimeSpan.Zero, Seconds(body, name) ?? TimeSpan.FromSeconds(seconds));
}
