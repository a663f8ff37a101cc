namespace Carbon.Realtime.Simulation.Stories;

/// <summary>Tells a story to the end: faults, heal, and then everything must be well, stay so, and go on.</summary>
internal static class Run
{
    /// <summary>All is well in this time, whatever happened: the longest pause between two complete reads, one read, and the patience of whoever was refused.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(75);

    /// <summary>Live in this time, where nobody was refused and nothing hangs (V14).</summary>
    private static readonly TimeSpan LongestToLive = TimeSpan.FromSeconds(60);

    /// <summary>What was committed has come by then, if it comes.</summary>
    private static readonly TimeSpan Arrived = TimeSpan.FromSeconds(2);

    /// <summary>A read that was under way at the heal, and knows nothing of what came after it, was answered or given up by then.</summary>
    private static readonly TimeSpan LastAnswer = TimeSpan.FromSeconds(40);

    /// <summary>How long all is looked at when it is well.</summary>
    private static readonly TimeSpan Calm = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Often = TimeSpan.FromSeconds(4);

    /// <summary>A change is shown in this time when nothing is wrong: a poll, and a moment.</summary>
    private static readonly TimeSpan Prompt = TimeSpan.FromSeconds(5);

    /// <summary>A read, the save behind it, and that of everything where a change found nothing that it could be applied to.</summary>
    private static readonly TimeSpan LastSave = TimeSpan.FromSeconds(30);

    public static Outcome Tell(Story story) => Tell(story, Sabotage.None, keepsLog: false);

    /// <summary>Tells a story to a client that is broken on purpose, or to a whole one that is judged alike: some time after the heal, by its rows alone.</summary>
    public static Outcome Judge(Story story, Sabotage sabotage, bool keepsLog) => Tell(story, sabotage, keepsLog, Judge);

    public static Outcome Tell(Story story, Sabotage sabotage, bool keepsLog) => Tell(story, sabotage, keepsLog, world => End(world, story));

    private static Outcome Tell(Story story, Sabotage sabotage, bool keepsLog, Func<SimulatedWorld, Outcome> end)
    {
        // Awaits prefer a synchronisation context, as a test framework has one, to the world's scheduler: what runs there runs when it likes.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            using var world = new SimulatedWorld(story, sabotage, keepsLog);
            var outcome = new Outcome();
            try
            {
                world.Act(world.Client.Begin);
                foreach (var step in story.Steps)
                {
                    world.Do(step);
                }

                world.Heal();
                outcome = end(world);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                outcome = new Outcome { Failure = e is InvariantException ? e.Message : e.ToString() };
            }

            return outcome with
            {
                Log = world.Log,
                Simulated = world.Elapsed,
                Reads = world.Traffic.Reads,
                WorstReads = world.Traffic.WorstReads,
                WorstDials = world.Traffic.WorstDials,
                Repairs = world.Secrets.Repairs,
            };
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private static Outcome End(SimulatedWorld world, Story story)
    {
        var hadToWait = story.Steps.Any(static s => Verbs.Waits.Contains(s.Verb));
        var (toLive, toEqual, wasLossy) = UntilWell(world);
        hadToWait |= wasLossy; // a stream that has proven unreliable says so until some complete reads have found nothing
        var kind = toLive is null ? RecoveryKind.None : hadToWait ? RecoveryKind.Waited : world.Traffic.FirstOk is null ? RecoveryKind.StayedJoined : RecoveryKind.Joined;
        world.Require(kind is RecoveryKind.None or RecoveryKind.Waited || toLive <= LongestToLive, $"V14 live {toLive} after the heal, {kind}");
        world.Advance(LastAnswer);
        UntilWell(world);
        StayWell(world);
        var hasLost = story.Seed % 3 == 0;
        var toShow = GoOn(world, hasLost);
        world.Advance(Arrived);
        world.Client.Stream.CheckComplete();
        world.Look();
        CheckDisk(world);
        return new Outcome { ToLive = toLive ?? default, Recovery = kind, ToEqual = toEqual, HasLost = hasLost, ToShow = toShow };
    }

    /// <summary>Until every store is live, has no doubts and equals the database (V11, V13).</summary>
    private static (TimeSpan? ToLive, TimeSpan ToEqual, bool WasLossy) UntilWell(SimulatedWorld world)
    {
        var wasLossy = false;
        var healed = world.Elapsed;
        var toLive = (TimeSpan?)null;
        var wereLive = world.Client.Stores.All(static s => s.LiveSince is not null);
        while (true)
        {
            var isLive = world.Client.Stores.All(static s => s.LiveSince is not null);
            wasLossy |= world.Client.Stores.Any(static s => s.Store.Status.Reason == StoreReason.LossyStream);
            toLive ??= isLive ? ToLive(world, healed) : null;
            if (isLive && world.Client.Stream.IsWell && world.Client.Stores.All(static s => s.Store.Status.Unverified == 0 && s.IsTrue))
            {
                return (wereLive ? null : toLive, world.Elapsed - healed, wasLossy);
            }

            var sinceHeal = world.Elapsed - healed;
            if (sinceHeal > Patience)
            {
                throw new InvariantException(string.Join("; ", world.Client.Stores.Select(static s => $"V11 {s.Describe()}")));
            }

            world.Advance(sinceHeal < TimeSpan.FromMinutes(1) ? TimeSpan.FromMilliseconds(250) : TimeSpan.FromSeconds(5));
        }
    }

    /// <summary>From the ok after the heal, or the heal where there was none, without what the read took.</summary>
    private static TimeSpan ToLive(SimulatedWorld world, TimeSpan healed)
    {
        var from = world.Traffic.FirstOk ?? healed;
        var live = world.Client.Stores.Max(static s => s.LiveSince!.Value);
        var read = world.Secrets.Scans.Where(s => s.Ended <= live).Select(s => s.Ended - (s.Began > from ? s.Began : from)).DefaultIfEmpty().Max();
        var wait = live - from - (read > TimeSpan.Zero ? read : TimeSpan.Zero);
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    /// <summary>Nothing is written any more, and so nothing changes, whatever is read, saved and renewed meanwhile.</summary>
    private static void StayWell(SimulatedWorld world)
    {
        var truths = world.Client.Stores.Select(static s => (Store: s, s.Truth)).ToList();
        for (var time = TimeSpan.Zero; time < Calm; time += Often)
        {
            world.Advance(Often);
            foreach (var (store, truth) in truths)
            {
                world.Require(store.Shown.SequenceEqual(truth), $"V11 it does not stay so: {store.Describe()}");
            }
        }
    }

    /// <summary>A change more is shown, also where the server loses it in silence: at the latest when everything is read again (V13).</summary>
    private static TimeSpan GoOn(SimulatedWorld world, bool isLost)
    {
        var since = world.Elapsed;
        var tenant = world.Client.Tenant!;
        var longest = world.Client.Stores.Max(static s => s.LongestRepair);
        world.Act(() =>
        {
            if (isLost)
            {
                world.Silences.Begin("the last change", world.Elapsed);
                world.Faults.DropChanges(SimulatedDatabase.Tables.Count);
            }

            world.Database.Probe(tenant);
        });
        while (!world.Client.Stores.All(static s => s.IsTrue))
        {
            var time = world.Elapsed - since;
            world.Require(time <= longest, $"V13 a change that was lost in silence is not made good in {longest}: {string.Join("; ", world.Client.Stores.Select(static s => s.Describe()))}");
            world.Advance(time < Prompt ? TimeSpan.FromMilliseconds(250) : TimeSpan.FromSeconds(2));
        }

        return world.Elapsed - since;
    }

    /// <summary>Whether a broken client shows what the database has not, or lacks what it has.</summary>
    private static Outcome Judge(SimulatedWorld world)
    {
        world.Advance(Sabotage.Patience);
        foreach (var store in world.Client.Stores)
        {
            world.Require(store.IsTrue, $"V11 {store.Describe()}");
        }

        world.Client.List?.Look();
        world.Look();
        return new Outcome();
    }

    /// <summary>What the client showed when it ended the next one shows before it has read anything (V12b).</summary>
    private static void CheckDisk(SimulatedWorld world)
    {
        var client = world.Client;
        if (world.Disk.HasLost)
        {
            // What one of two stores of the same rows was refused, or found damaged, is gone for the other one too, until that has read it anew.
            world.Act(() => Enumerable.Range(0, client.Stores.Count).ToList().ForEach(client.Verify));
            world.Advance(LastSave);
        }

        world.Advance(world.Disk.BusyFor);
        var shown = client.Stores.Select(static s => s.Shown).ToList();
        End(world);
        if (!world.Disk.WasTouched)
        {
            world.Disk.Crash();
            world.Act(() =>
            {
                world.Faults.HoldReads = true;
                world.Begin();
            });
            world.Advance(Prompt);
            foreach (var (store, rows) in world.Client.Stores.Zip(shown))
            {
                world.Require(
                    store.Shown.SequenceEqual(rows),
                    $"V12b what was kept is not what was shown: [{string.Join(' ', rows)}], but {store.Describe()}");
            }

            End(world);
        }

        world.Look();
    }

    private static void End(SimulatedWorld world)
    {
        var ending = Task.CompletedTask;
        world.Act(() => ending = world.End());
        for (var tries = 0; !ending.IsCompleted && tries < 60; tries++)
        {
            world.Manual.Advance(TimeSpan.FromSeconds(1));
        }

        world.Require(ending.IsCompletedSuccessfully, "V7 a client that was disposed of does not end");
    }
}
