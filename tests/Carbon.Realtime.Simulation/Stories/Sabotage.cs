using Carbon.Realtime.Convergence;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>A rule that is broken on purpose: a rig that does not notice proves nothing.</summary>
internal sealed record Sabotage
{
    /// <summary>How long after the heal a broken client is judged: by its rows alone, for some that are wrong never call themselves live.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromMinutes(10);

    /// <summary>Nothing is broken.</summary>
    public static Sabotage None { get; } = new();

    /// <summary>Which of the algorithm's rules hold.</summary>
    public ConvergencePolicy Policy { get; init; } = ConvergencePolicy.Full;

    /// <summary>What is left out beside the rule, so that it shows: with that alone the same story must end well.</summary>
    public Sabotage? Beside { get; init; }

    /// <summary>The cache knows tables only, and neither tenants nor users.</summary>
    public bool CacheHasNoGeneration { get; init; }

    /// <summary>The stores do not know that their tables belong to tenants.</summary>
    public bool IgnoresTenants { get; init; }

    /// <summary>A version that concurrent writers move backwards, as <c>updated_at = now()</c> is.</summary>
    public bool VersionGoesBack { get; init; }

    /// <summary>Repeated reads put everything right in the end: without them a rule's own work is seen.</summary>
    private static ConvergencePolicy NeverAgain { get; } = ConvergencePolicy.Full with { Reconciles = false };

    /// <summary>Every one that the issue and live-store §4 name, by what a user of such a library would see.</summary>
    public static IReadOnlyDictionary<string, Sabotage> All { get; } = new Dictionary<string, Sabotage>
    {
        ["A1: rows are read with the join and not after the server's ok"] = Of(static p => p with { ReadsAwaitOk = false, Reconciles = false }),
        ["A3: a read overwrites what the stream said meanwhile"] = Of(static p => p with { StreamWinsDuringReads = false, TouchedKeysAreReread = false, Reconciles = false }),
        ["B1: nothing is read after a reconnect"] = Of(static p => p with { EpochsAreRead = false, Reconciles = false }),
        ["C1, D1: nothing is read again unless the stream is joined anew"] = Of(static p => p with { Reconciles = false }),
        ["D6: keys that the stream touched during a read are not read again"] = Of(static p => p with { TouchedKeysAreReread = false, Reconciles = false }),
        ["E3: only the first ok of a join is one"] = Of(static p => p with { RepeatedOkIsEpoch = false, Reconciles = false }),
        ["Rows that a complete read did not bring stay"] = Of(static p => p with { Sweeps = false }),
        ["Of two reads that overlap the one that arrives last wins"] = Of(static p => p with { ReadsTouchEachOther = false, Reconciles = false }),
        ["The cache is one for all tenants and users"] = new() { CacheHasNoGeneration = true },
        ["The tenant is not asked for"] = new() { IgnoresTenants = true },
        ["A time of change is taken for a version"] = new() { VersionGoesBack = true },
    };

    private static Sabotage Of(Func<ConvergencePolicy, ConvergencePolicy> change)
    {
        var policy = change(ConvergencePolicy.Full);
        return new() { Policy = policy, Beside = !policy.Reconciles && policy != NeverAgain ? new Sabotage { Policy = NeverAgain } : null };
    }
}
