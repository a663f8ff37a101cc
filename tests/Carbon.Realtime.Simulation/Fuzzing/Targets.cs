namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>Every parser of what comes from outside.</summary>
internal static class Targets
{
    private static readonly Dictionary<string, Func<FuzzTarget>> All = new(StringComparer.Ordinal)
    {
        ["envelope"] = static () => new EnvelopeTarget(),
        ["change"] = static () => new ChangeTarget(),
        ["filter"] = static () => new FilterTarget(),
        ["image"] = static () => new ImageTarget(),
        ["file"] = static () => new CacheFileTarget(),
        ["page"] = static () => new PageTarget(),
        ["answer"] = static () => new AnswerTarget(),
        ["token"] = static () => new TokenTarget(),
        ["seed"] = static () => new SeedTarget(),
        ["socket"] = static () => new SocketTarget(),
    };

    public static IReadOnlyCollection<string> Names => All.Keys;

    public static int Share(string name)
    {
        using var target = Create(name);
        return target.Share;
    }

    public static FuzzTarget Create(string name) => All.TryGetValue(name, out var create)
        ? create()
        : throw new ArgumentException($"There is no target {name}: {string.Join(", ", Names)}.", nameof(name));
}
