namespace Carbon.Realtime.Benchmarks.Clients;

/// <summary>Who can race. But for realtime-js, which is another program, each name is also the command that runs it.</summary>
internal static class Contenders
{
    public const string Limit = "limit";
    public const string Carbon = "carbon";
    public const string RealtimeJs = "realtime-js";
    public const string Drain = "drain";

    /// <summary>Who races when nobody is named.</summary>
    public static IReadOnlyList<string> Default { get; } = RealtimeJsProgram.IsInstalled ? [Limit, Carbon, RealtimeJs] : [Limit, Carbon];

    /// <summary>A comma-separated list of them.</summary>
    public static IReadOnlyList<string> Parse(string list)
    {
        string[] known = [Limit, Carbon, RealtimeJs, Drain];
        var names = list.Split(',');
        foreach (var name in names)
        {
            if (!known.Contains(name)) throw new ArgumentException($"There is no contender '{name}' in this build; there are {string.Join(", ", known)}.");
        }

        return names.Contains(RealtimeJs) && !RealtimeJsProgram.IsInstalled
            ? throw new ArgumentException("realtime-js cannot race: it needs node, and its packages (npm ci in benchmarks/realtime-js; eng/bench does it).")
            : names;
    }
}
