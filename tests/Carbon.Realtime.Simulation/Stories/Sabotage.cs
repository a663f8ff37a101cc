using System.Text.Json.Nodes;
using Carbon.Realtime.Convergence;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>A rule that is broken on purpose: a rig that does not notice proves nothing.</summary>
internal sealed record Sabotage
{
    /// <summary>How long after the heal a broken client is judged: by its rows alone, for some that are wrong never call themselves live.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromMinutes(10);

    /// <summary>Nothing is broken.</summary>
    public static Sabotage None { get; } = new();

    /// <summary>Which promise it breaks: found out as anything else it is not found out.</summary>
    public string Breaks { get; init; } = "V11";

    /// <summary>Which of the algorithm's rules hold.</summary>
    public ConvergencePolicy Policy { get; init; } = ConvergencePolicy.Full;

    /// <summary>What is left out beside the rule, so that it shows: with that alone the same story must end well.</summary>
    public Sabotage? Beside { get; init; }

    /// <summary>Whether it is told the story to its end, and all that must hold there is asked of it; not its rows alone.</summary>
    public bool IsToldToTheEnd { get; init; }

    /// <summary>Who must get through the story that this one does not: the client beside it, or a whole one.</summary>
    private Sabotage Other => Beside ?? None;

    /// <summary>The cache knows tables only, and neither tenants nor users.</summary>
    public bool CacheHasNoGeneration { get; init; }

    /// <summary>What is saved goes nowhere.</summary>
    public bool CacheForgets { get; init; }

    /// <summary>The stores do not know that their tables belong to tenants.</summary>
    public bool IgnoresTenants { get; init; }

    /// <summary>A version that concurrent writers move backwards, as <c>updated_at = now()</c> is.</summary>
    public bool VersionGoesBack { get; init; }

    /// <summary>What becomes of each frame before the client sees it: it cannot see what is not there any more.</summary>
    public Func<Func<JsonObject, bool>>? MakesFrames { get; init; }

    /// <summary>Each read that is refused for its token asks for another one by itself.</summary>
    public bool EachReadRefreshes { get; init; }

    /// <summary>A list is kept by hand beside the stores: whether an INSERT is a further row in it, whatever is there.</summary>
    public bool? KeepsList { get; init; }

    /// <summary>Repeated reads put everything right in the end: without them a rule's own work is seen.</summary>
    private static ConvergencePolicy NeverAgain { get; } = ConvergencePolicy.Full with { Reconciles = false };

    /// <summary>By what a user of such a library would see; the letters are those of the model's rows (docs/reliability.md, "The model").</summary>
    public static IReadOnlyDictionary<string, Sabotage> All { get; } = new Dictionary<string, Sabotage>
    {
        ["A1: rows are read with the join and not after the server's ok"] = Of(static p => p with { ReadsAwaitOk = false, Reconciles = false }),
        ["A3: a read overwrites what the stream said meanwhile"] =
            Of(static p => p with { StreamWinsDuringReads = false, TouchedKeysAreReread = false, Reconciles = false }, NeverAgain with { TouchedKeysAreReread = false }),
        ["B1: nothing is read after a reconnect"] = Of(static p => p with { EpochsAreRead = false, Reconciles = false }),
        ["C1, D1: nothing is read again unless the stream is joined anew"] = Of(static p => p with { Reconciles = false }),
        ["D6: keys that the stream touched during a read are not read again"] = Of(static p => p with { TouchedKeysAreReread = false, Reconciles = false }),
        ["E3: only the first ok of a join is one"] = Of(static p => p with { RepeatedOkIsEpoch = false, Reconciles = false }),
        ["Rows that a complete read did not bring stay"] = Of(static p => p with { Sweeps = false }),
        ["The cache is one for all tenants and users"] = new() { CacheHasNoGeneration = true, Breaks = "V1" },
        ["The cache keeps nothing"] = new() { CacheForgets = true, IsToldToTheEnd = true, Breaks = "V12b" },
        ["What is lost in silence is never looked for"] = new() { Policy = NeverAgain, IsToldToTheEnd = true, Breaks = "V13" },
        ["The tenant is not asked for"] = new() { IgnoresTenants = true, Breaks = "V1" },
        ["A time of change is taken for a version"] = new() { VersionGoesBack = true, Policy = NeverAgain, Beside = new Sabotage { Policy = NeverAgain } },
        ["What a join repeats is new"] = new() { MakesFrames = BrokenFrames.NoTwoAlike, Breaks = "V15" },
        ["A column that is absent is null"] = new() { MakesFrames = static () => BrokenFrames.NullForAbsent, Policy = NeverAgain, Beside = new Sabotage { Policy = NeverAgain } },
        ["An INSERT is a further row, whatever is there"] = new() { KeepsList = true, Beside = new Sabotage { KeepsList = false }, Breaks = "V4" },
        ["Each read that is refused asks for a token by itself"] = new() { EachReadRefreshes = true, Breaks = "V9a" },
    };

    /// <summary>Those of <see cref="All"/> whose names begin so.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static IReadOnlyList<KeyValuePair<string, Sabotage>> Named(string beginning) =>
        All.Where(c => c.Key.StartsWith(beginning, StringComparison.Ordinal)).ToList() is { Count: > 0 } named
            ? named
            : throw new UsageException($"No broken client's name begins with '{beginning}'. There are:\n  {string.Join("\n  ", All.Keys)}");

    /// <summary>Tells the client the stories of seeds 1 and on, until one finds it out that the client beside it gets through.</summary>
    /// <param name="most">The last seed.</param>
    /// <returns>The story, and what was broken; nothing if it was never found out.</returns>
    public (Story Story, string Failure)? FindOut(int most)
    {
        for (var seed = 1; seed <= most; seed++)
        {
            var story = Story.Of(seed);
            if (Try(story) is { IsFoundOut: true, Outcome.Failure: { } failure })
            {
                return (story, failure);
            }
        }

        return null;
    }

    /// <summary>Tells it a story. It is found out where it breaks the promise that it is there to break, and the client beside it gets through.</summary>
    public (Outcome Outcome, bool IsFoundOut) Try(Story story, bool keepsLog = false)
    {
        var outcome = Tell(story, this, keepsLog);
        return (outcome, outcome.Failure is { } failure && failure.StartsWith($"{Breaks} ", StringComparison.Ordinal) && Tell(story, Other).Failure is null);
    }

    private Outcome Tell(Story story, Sabotage client, bool keepsLog = false) => IsToldToTheEnd ? Run.Tell(story, client, keepsLog) : Run.Judge(story, client, keepsLog);

    private static Sabotage Of(Func<ConvergencePolicy, ConvergencePolicy> change, ConvergencePolicy? beside = null)
    {
        var policy = change(ConvergencePolicy.Full);
        return new() { Policy = policy, Beside = new Sabotage { Policy = beside ?? (policy.Reconciles || policy == NeverAgain ? ConvergencePolicy.Full : NeverAgain) } };
    }
}
