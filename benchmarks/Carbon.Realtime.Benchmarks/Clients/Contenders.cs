using Carbon.Realtime.Benchmarks.Race;

namespace Carbon.Realtime.Benchmarks.Clients;

/// <summary>Who can race. Each name is also the command that runs it.</summary>
internal static class Contenders
{
    public static IReadOnlyDictionary<string, Func<RunOptions, Task<RunFigures>>> All { get; } =
        new Dictionary<string, Func<RunOptions, Task<RunFigures>>>
        {
            ["limit"] = LimitClient.RunAsync,
            ["carbon"] = CarbonClient.RunAsync,
            ["drain"] = DrainClient.RunAsync,
        };

    /// <summary>A comma-separated list of them.</summary>
    public static IReadOnlyList<string> Parse(string list)
    {
        var names = list.Split(',');
        foreach (var name in names)
        {
            if (!All.ContainsKey(name)) throw new ArgumentException($"There is no contender '{name}' in this build; there are {string.Join(", ", All.Keys)}.");
        }

        return names;
    }
}
