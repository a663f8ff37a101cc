using Carbon.Realtime.Convergence;

namespace Carbon.Realtime.Simulation.Model;

/// <summary>What makes the store read everything again although nothing told it to. An abstraction of time: what is due will happen, some time.</summary>
internal enum Timer
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>One pass after each ok, once the slot exists.</summary>
    Settle,

    /// <summary>One pass after a key was given up, because reads have not settled it so often.</summary>
    WhenLeft,

    /// <summary>One pass after a loss.</summary>
    OnceAfterLoss,

    /// <summary>Passes as long as there was a loss since the last one began, or an event of a key since its last read began: what a period without end comes to.</summary>
    UntilSettled,
}

/// <summary>A small world: how much happens in it, what goes wrong, and by which rules its store goes.</summary>
internal sealed record Scenario
{
    public int Keys { get; init; } = 1;

    public int Commits { get; init; } = 3;

    public Timer Timer { get; init; }

    /// <summary>
    /// Whether events may be on their way for longer than <see cref="ConvergenceRules{TKey, TRow}.LateEvents"/>, and so come later than that after a read that
    /// brought what they tell.
    /// </summary>
    public bool CanBeLate { get; init; } = true;

    /// <summary>Whether rows go away; if not, a deletion is an update like any other.</summary>
    public bool HasDeletes { get; init; } = true;

    /// <summary>Whether events may lack columns.</summary>
    public bool HasPartialRows { get; init; }

    /// <summary>Whether events are only taken as a sign that a row has to be read.</summary>
    public bool IsSignalOnly { get; init; }

    /// <summary>Whether primary keys are updated.</summary>
    public bool HasMoves { get; init; }

    /// <summary>Whether a scan takes a request for each row, and one more that finds none; if not, one brings everything.</summary>
    public bool HasPages { get; init; }

    /// <summary>Whether the replication slot has yet to be created.</summary>
    public bool IsCold { get; init; }

    /// <summary>Whether every other key is another tenant's.</summary>
    public bool HasTenants { get; init; }

    /// <summary>Whether what is shown is kept, and loaded at the start.</summary>
    public bool HasCache { get; init; }

    /// <summary>Whether a scan may go on when its epoch ends or another begins, as it does when they come too fast or somebody waits for it.</summary>
    public bool ScansOutliveEpochs { get; init; }

    /// <summary>How many changes the poller throws away without a word.</summary>
    public int Drops { get; init; }

    /// <summary>Whether a fault counts only where a change was dropped before: what goes wrong without that is another row's.</summary>
    public bool IsOfDrops { get; init; }

    public int Disconnects { get; init; }

    /// <summary>How often the server takes the subscription away and makes another one, with another ok.</summary>
    public int Resubscriptions { get; init; }

    /// <summary>How often the server forgets the subscription without a word, for good.</summary>
    public int LostSubscriptions { get; init; }

    /// <summary>How often the slot is lost, and what it held.</summary>
    public int LostSlots { get; init; }

    /// <summary>How often the mailbox overflows.</summary>
    public int Overflows { get; init; }

    /// <summary>How many reads fail.</summary>
    public int FailedReads { get; init; }

    /// <summary>How often somebody asks that everything be read, or one row.</summary>
    public int Verifications { get; init; }

    public int Crashes { get; init; }

    public int Switches { get; init; }

    /// <summary>Which of the library's rules hold.</summary>
    public ConvergencePolicy Policy { get; init; } = ConvergencePolicy.Full;

    /// <summary>Whether rows have a version that the store may compare.</summary>
    public bool HasVersions { get; init; }

    /// <summary>Whether a row's version must never go back while the row lives.</summary>
    public bool IsMonotone { get; init; }

    /// <summary>Rules that are not the library's; <see langword="null"/> for the library's.</summary>
    public Func<Scenario, ClientRule>? Foreign { get; init; }

    /// <summary>What is broken around the rules.</summary>
    public Breaks Breaks { get; init; }

    public ClientRule CreateRule() => Foreign is null ? new LibraryRule(this) : Foreign(this);
}

/// <summary>What a store may get wrong beside its event and read rules.</summary>
[Flags]
internal enum Breaks
{
    None = 0,

    /// <summary>What was asked for another user is shown to this one.</summary>
    LateAnswersAreShown = 1,

    /// <summary>What was kept for another user is loaded for this one.</summary>
    CacheHasNoGeneration = 2,

    /// <summary>Reads begin while the cache is being loaded.</summary>
    ScansDoNotAwaitCache = 4,

    /// <summary>A save may be cut in two.</summary>
    SavesAreNotAtomic = 8,

    /// <summary>A scan that an ok finds under way is taken for the one that the ok asks for.</summary>
    ScansSpanEpochs = 16,
}
