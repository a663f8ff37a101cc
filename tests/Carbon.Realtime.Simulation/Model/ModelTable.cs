using Carbon.Realtime.Convergence;

namespace Carbon.Realtime.Simulation.Model;

/// <summary>What a store may get wrong, and what ours gets right (docs/convergence.md, "The traps"; docs/reliability.md, "The small rows").</summary>
internal static class ModelTable
{
    private static readonly ConvergencePolicy Overwrite = ConvergencePolicy.Full with { StreamWinsDuringReads = false, TouchedKeysAreReread = false };
    private static readonly ConvergencePolicy EventWins = ConvergencePolicy.Full with { TouchedKeysAreReread = false };
    private static readonly Func<Scenario, ClientRule> ExactMark = static scenario => new MarkRule(scenario);

    private static readonly Scenario Calm = new() { Keys = 2, Commits = 3 };
    private static readonly Scenario Reconnecting = new() { Keys = 1, Commits = 3, Disconnects = 1 };
    private static readonly Scenario Told = new()
    {
        Keys = 1,
        Commits = 2,
        Disconnects = 1,
        Resubscriptions = 1,
        Overflows = 1,
        FailedReads = 1,
        Verifications = 1,
        ScansOutliveEpochs = true,
        CanBeLate = false,
        Timer = Timer.WhenLeft,
    };

    private static readonly Scenario Cold = new() { Keys = 1, Commits = 3, IsCold = true };
    private static readonly Scenario Dropping = new() { Keys = 1, Commits = 3, Drops = 1, Timer = Timer.OnceAfterLoss };
    private static readonly Scenario Settling = new() { Keys = 1, Commits = 2, Timer = Timer.UntilSettled };
    private static readonly Scenario Resubscribing = new() { Keys = 1, Commits = 3, Resubscriptions = 1 };

    private static readonly Scenario Mixed = new()
    {
        Keys = 1,
        Commits = 3,
        IsCold = true,
        Disconnects = 1,
        Drops = 1,
        LostSubscriptions = 1,
        Resubscriptions = 1,
        Timer = Timer.OnceAfterLoss,
    };

    private static readonly Scenario Paged = new() { Keys = 2, Commits = 3, HasPages = true, HasMoves = true };
    private static readonly Scenario Overlapping = new() { Keys = 1, Commits = 2, Verifications = 1, Resubscriptions = 1, CanBeLate = false };
    private static readonly Scenario Tenants = new() { Keys = 2, Commits = 2, HasTenants = true, Switches = 1 };
    private static readonly Scenario Cached = new() { Keys = 2, Commits = 2, HasCache = true, Crashes = 1 };

    /// <summary>Small enough for every build.</summary>
    public static IReadOnlyList<ModelRow> Small { get; } =
    [
        new("A1", "reads begin with the join, and overwrite", Calm with { Policy = Overwrite with { ReadsAwaitOk = false } }, 8, Fault: "a is missing, version 1"),
        new("A2", "reads begin with the join, the stream wins", Calm with { Policy = EventWins with { ReadsAwaitOk = false } }, 8, Fault: "a is missing, version 1"),
        new("A3", "reads begin at the ok, and overwrite", Calm with { Policy = Overwrite }, 9, Fault: "a is missing, version 1"),
        new("A4", "the stream wins during reads", Calm with { Policy = EventWins }, null, 2_116, 5_130),
        new("A4r", "A4, asked whether a row ever goes back", Calm with { Policy = EventWins, IsMonotone = true }, 10, Fault: "a went back from version 2 to 1"),
        new("A5", "A4 with true versions", Calm with { Policy = EventWins, HasVersions = true, IsMonotone = true }, null, 2_844, 6_880),
        new("A6", "A4, and touched keys are read again: ours", Calm, null, 21_297, 58_271),
        new("A6p", "A6 where events may lack columns", Calm with { Keys = 1, HasPartialRows = true, FailedReads = 1 }, null, 27_976, 98_340),
        new("A6s", "A6 where events are only signs to read: ours", Calm with { Keys = 1, IsSignalOnly = true, FailedReads = 1 }, null, 27_887, 98_675),
        new("A6r", "A6, asked whether a row ever goes back", Calm with { IsMonotone = true }, 10, Fault: "a went back from version 2 to 1"),
        new("A7", "A6 with true versions: ours", Calm with { HasVersions = true, IsMonotone = true }, null, 21_924, 60_169),
        new("A8", "the exact mark", Calm with { Foreign = ExactMark, IsMonotone = true }, null, 1_658, 3_844),

        new("B1", "a reconnect reads nothing", Reconnecting with { Policy = ConvergencePolicy.Full with { EpochsAreRead = false } }, 12, Fault: "a is missing, version 1, after a disconnect"),
        new("B2", "every epoch is read: ours", Reconnecting, null, 37_485, 127_249),
        new("B3", "B2 with true versions: ours", Reconnecting with { HasVersions = true, IsMonotone = true }, null, 40_124, 137_925),
        new("B4", "B2 where scans outlive epochs: ours", Reconnecting with { Commits = 2, Resubscriptions = 1, ScansOutliveEpochs = true, CanBeLate = false }, null, 40_282, 143_679),
        new("B5", "an ok takes the scan under way for its own", Reconnecting with { Resubscriptions = 1, CanBeLate = false, Breaks = Breaks.ScansSpanEpochs }, 11, Fault: "a is missing, version 1, after another subscription"),

        new("B6", "faults that are told of, and the keys they leave: ours", Told with { Verifications = 0, FailedReads = 0 }, null, 64_963, 238_883),

        new("C1", "cold slot, nothing read again", Cold, 8, Fault: "a is missing, version 1"),
        new("C2", "cold slot, one pass after it exists", Cold with { Timer = Timer.Settle }, null, 21_489, 71_557),
        new("C3", "cold slot, reconciles: ours", Cold with { Commits = 2, Timer = Timer.UntilSettled }, null, 3_854, 9_847),

        new("D1", "silent drops, no reconcile", Dropping with { Timer = Timer.None }, 8, Fault: "a is missing, version 1, after a drop"),
        new("D2", "one reconcile, reads overwrite", Dropping with { Policy = Overwrite, IsOfDrops = true }, 11, Fault: "a is stale, version 1 for 2, after a drop"),
        new("D3", "one reconcile, the stream wins", Dropping with { Policy = EventWins }, 11, Fault: "a is stale, version 1 for 2, after a drop"),
        new("D4", "one reconcile, true versions, no row ever goes away", Dropping with { Policy = EventWins, HasVersions = true, HasDeletes = false }, null, 2_250, 5_927),
        new("D5", "one reconcile, true versions", Dropping with { Policy = EventWins, HasVersions = true }, 11, Fault: "a is extra, version 1, after a drop"),
        new("D6", "one reconcile, touched keys are read again", Dropping, 12, Fault: "a is stale, version 1 for 2, after a drop and a pause"),
        new("D6n", "D6 where no event is later than the store allows for: ours", Dropping with { CanBeLate = false, Drops = 2 }, null, 18_528, 49_861),
        new("D7", "one reconcile, the exact mark", Dropping with { Foreign = ExactMark }, null, 1_995, 4_831),

        new("E1", "the slot is lost, one reconcile", Dropping with { Drops = 0, LostSlots = 1 }, 13, Fault: "a is stale, version 1 for 2, after a lost slot and a pause"),
        new("E2", "the subscription is forgotten, one reconcile", Dropping with { Drops = 0, LostSubscriptions = 1 }, 13, Fault: "a is stale, version 1 for 2, after a lost subscription and a pause"),
        new("E3", "a repeated ok is ignored", Resubscribing with { Policy = ConvergencePolicy.Full with { RepeatedOkIsEpoch = false } }, 11, Fault: "a is missing, version 1, after another subscription"),
        new("E4", "a repeated ok is an epoch, and no event is later than the store allows for: ours", Resubscribing with { CanBeLate = false }, null, 37_882, 115_128),
        new("E5", "E4, and an event is later", Resubscribing, 14, Fault: "a is stale, version 1 for 2, after another subscription and a pause"),
        new("E6", "E5 until settled: ours", Resubscribing with { Commits = 2, Timer = Timer.UntilSettled }, null, 21_729, 69_459),

        new("F1", "faults mixed, one reconcile, reads overwrite", Mixed with { Policy = Overwrite, IsOfDrops = true }, 12, Fault: "a is stale, version 1 for 2, after a drop"),
        new("F2", "faults mixed, one reconcile, the stream wins", Mixed with { Policy = EventWins }, 12, Fault: "a is stale, version 1 for 2, after a drop"),
        new("F3", "faults mixed, one reconcile, true versions", Mixed with { Policy = EventWins, HasVersions = true }, 12, Fault: "a is extra, version 1, after a drop"),
        new("F4", "faults mixed, one reconcile, touched keys are read again", Mixed, 13, Fault: "a is stale, version 1 for 2, after a drop and a pause"),

        new("G0", "D6 until settled: ours", Settling with { Drops = 2 }, null, 5_378, 13_666),
        new("G1", "D2 until settled", Dropping with { Timer = Timer.UntilSettled, Policy = Overwrite }, null, 6_078, 16_601),
        new("G2", "D3 until settled", Dropping with { Timer = Timer.UntilSettled, Policy = EventWins }, null, 5_156, 13_882),
        new("G3", "D5 until settled, and touched keys are read again: ours", Settling with { Drops = 1, Commits = 3, HasVersions = true, IsMonotone = true }, null, 64_112, 209_444),
        new("G4", "E1 until settled: ours", Settling with { LostSlots = 1 }, null, 12_384, 38_345),
        new("G5", "E2 until settled: ours", Settling with { LostSubscriptions = 1 }, null, 8_040, 23_643),
        new("G6", "reconnects and drops until settled: ours", Settling with { Drops = 1, Disconnects = 1 }, null, 32_098, 102_515),
        new("G7", "overflows and reads that fail until settled: ours", Settling with { Drops = 1, Overflows = 1, FailedReads = 1 }, null, 18_758, 59_860),
        new("G8", "scans of several pages until settled: ours", Paged with { Commits = 2, Timer = Timer.UntilSettled, Drops = 1, HasMoves = false }, null, 107_127, 291_137),
        new("I1", "faults mixed, one reconcile, the exact mark", Mixed with { Commits = 2, Foreign = ExactMark }, null, 29_370, 95_932),

        new("P1", "rows move between pages: ours", Paged with { Commits = 2 }, null, 17_203, 42_794),
        new("P2", "P1, the sweep has no guard", Paged with { Foreign = static scenario => new UnguardedSweepRule(scenario) }, 9, Fault: "a is missing, version 1"),
        new("P3", "P1, rows that a scan did not bring stay", Paged with { Policy = ConvergencePolicy.Full with { Sweeps = false }, Disconnects = 1, Commits = 2 }, 14, Fault: "a is extra, version 1, after a disconnect"),
        new("R1", "two reads overlap: ours", Overlapping, null, 32_163, 107_785),
        new("R2", "R1, and neither minds the other", Overlapping with { Policy = ConvergencePolicy.Full with { ReadsTouchEachOther = false } }, 18, Fault: "a is stale, version 1 for 2, after another subscription"),

        new("S1", "another user signs in at any step: ours", Tenants with { HasCache = true }, null, 13_063, 43_269),
        new("S2", "S1, late answers are shown", Tenants with { Breaks = Breaks.LateAnswersAreShown }, 7, Fault: "a is another tenant's, and shown, after another sign-in"),
        new("S3", "S1, the cache has no generation", Tenants with { HasCache = true, Breaks = Breaks.CacheHasNoGeneration }, 11, Fault: "a is another tenant's, and shown, after another sign-in"),
        new("K1", "the process crashes at any step, true versions: ours", Cached with { HasVersions = true, IsMonotone = true }, null, 7_957, 23_910),
        new("K2", "K1, a save may be cut in two", Cached with { Breaks = Breaks.SavesAreNotAtomic }, 12, Fault: "what is loaded is torn: half of it is older than the other half, after a crash"),
        new("K3", "K1, reads do not wait for the cache", Cached with { Breaks = Breaks.ScansDoNotAwaitCache }, 20, Fault: "a is stale, version 1 for 2, after a crash"),
    ];

    /// <summary>For eng/model, which says when a number is another one.</summary>
    public static IReadOnlyList<ModelRow> Large { get; } =
    [
        new("A7+", "touched keys are read again, true versions: ours", Calm with { Commits = 4, HasVersions = true, IsMonotone = true }, null, 263_755, 840_467),
        new("B2+", "every epoch is read: ours", Reconnecting with { Keys = 2, Disconnects = 2 }, null, 1_008_997, 3_809_227),
        new("B4+", "scans outlive epochs: ours", Reconnecting with { Disconnects = 2, Resubscriptions = 2, ScansOutliveEpochs = true, CanBeLate = false, Timer = Timer.WhenLeft }, null, 2_104_921, 10_426_247),
        new("B6+", "faults that are told of, and the keys they leave: ours", Told, null, 793_259, 4_020_840),
        new("G8+", "scans of several pages until settled: ours", Paged with { Commits = 2, Timer = Timer.UntilSettled, Drops = 1, Disconnects = 1 }, null, 2_514_461, 8_512_274),
        new("G9", "all silent faults at once, until settled: ours", Mixed with { Timer = Timer.UntilSettled, LostSlots = 1, Drops = 2 }, null, 13_889_017, 69_268_864),
        new("P1+", "rows move between pages: ours", Paged, null, 489_322, 1_545_536),
        new("R1+", "reads overlap: ours", Overlapping with { Commits = 3, Verifications = 2, Timer = Timer.WhenLeft }, null, 739_352, 3_045_844),
        new("S1+", "users sign in and come back at any step, processes crash: ours", Tenants with { Commits = 3, HasCache = true, Switches = 2, Crashes = 1 }, null, 854_656, 3_900_768),
        new("K1+", "processes crash, until settled: ours", Cached with { Commits = 3, Crashes = 2, Timer = Timer.UntilSettled, Drops = 1 }, null, 6_293_088, 24_381_940),
    ];
}
