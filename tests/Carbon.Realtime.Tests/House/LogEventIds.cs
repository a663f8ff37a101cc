using System.Reflection;
using Carbon.Realtime.Primitives;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Tests.House;

/// <summary>Holds the log messages of a set of types against the id ranges of the rooms.</summary>
internal static class LogEventIds
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    /// <summary>First id by room, from the constants of <see cref="LogEventRanges"/>.</summary>
    public static IReadOnlyDictionary<string, int> Ranges { get; } = typeof(LogEventRanges)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Where(field => field.Name != nameof(LogEventRanges.Size))
        .ToDictionary(field => field.Name, field => (int)field.GetRawConstantValue()!);

    public static IReadOnlyList<(MethodInfo Method, LoggerMessageAttribute Message)> Messages(IEnumerable<Type> types) =>
        [.. from type in types
            from method in type.GetMethods(Declared)
            let message = method.GetCustomAttribute<LoggerMessageAttribute>()
            where message is not null
            select (method, message)];

    public static IReadOnlyList<string> Problems(IEnumerable<Type> types, RoomMap rooms)
    {
        var messages = Messages(types);
        var problems = new List<string>();
        foreach (var (method, message) in messages)
        {
            var name = $"{method.DeclaringType!.Name}.{method.Name}";
            var room = rooms.RoomOf(method.DeclaringType);
            if (message.EventId is -1 or 0)
            {
                problems.Add($"{name} has no event id");
            }
            else if (room is null || !Ranges.TryGetValue(room, out var first))
            {
                problems.Add($"{name}: room {room ?? "none"} has no range in LogEventRanges");
            }
            else if (message.EventId < first || message.EventId >= first + LogEventRanges.Size)
            {
                problems.Add($"{name}: {message.EventId} is outside {room}'s range from {first}");
            }
        }

        problems.AddRange(
            from message in messages
            where message.Message.EventId is not (-1 or 0)
            group message.Method by message.Message.EventId into same
            where same.Count() > 1
            let names = same.Select(method => $"{method.DeclaringType!.Name}.{method.Name}").Order(StringComparer.Ordinal)
            select $"{same.Key} is used by {string.Join(" and ", names)}");
        return problems;
    }
}
