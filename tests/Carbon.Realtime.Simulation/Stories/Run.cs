namespace Carbon.Realtime.Simulation.Stories;

/// <summary>How a story ended.</summary>
/// <param name="Failure">What was broken; <see langword="null"/> for nothing.</param>
/// <param name="Log">All that happened, if it was kept.</param>
/// <param name="Simulated">How much time of the client was simulated.</param>
/// <param name="ToLive">
/// From the heal, or the first truthful ok after it, to the last store's being live, without the complete read that made it so. <see langword="null"/> after one of
/// <see cref="Verbs.Waits"/>.
/// </param>
/// <param name="ToEqual">From the heal to equality with the database.</param>
/// <param name="Reads">How many requests read rows.</param>
/// <param name="WorstReads">In the worst minute.</param>
/// <param name="WorstDials">How many dials in the worst minute.</param>
/// <param name="Repairs">How many rows a read put right after the stream had lost their change.</param>
internal sealed record Outcome(string? Failure, string Log, TimeSpan Simulated, TimeSpan? ToLive, TimeSpan ToEqual, int Reads, int WorstReads, int WorstDials, int Repairs);

/// <summary>Tells a story to the end: faults, heal, and then everything must be well.</summary>
internal static class Run
{
    /// <summary>All is well in this time, whatever happened: the longest pause between two complete reads, one read, and the patience of whoever was refused.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(75);

    /// <summary>What was committed before the heal has come by then.</summary>
    private static readonly TimeSpan LastPoll = TimeSpan.FromSeconds(2);

    /// <summary>A read, the save behind it, and that of everything where a change found nothing that it could be applied to.</summary>
    private static readonly TimeSpan LastSave = TimeSpan.FromSeconds(30);

    public static Outcome Tell(Story story) => Tell(story, Sabotage.None, keepsLog: false);

    public static Outcome Tell(Story story, Sabotage sabotage, bool keepsLog)
    {
        // Awaits prefer a synchronisation context, as a test framework has one, to the world's scheduler: what runs there runs when it likes.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            return TellHere(story, sabotage, keepsLog);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private static Outcome TellHere(Story story, Sabotage sabotage, bool keepsLog)
    {
        using var world = new SimulatedWorld(story, sabotage, keepsLog);
        var (toLive, toEqual) = ((TimeSpan?)null, TimeSpan.Zero);
        string? failure = null;
        try
        {
            world.Act(world.Client.Begin);
            foreach (var step in story.Steps)
            {
                world.Do(step);
            }

            world.Heal();
            if (sabotage != Sabotage.None)
            {
                Judge(world);
                return Outcome();
            }

            (toLive, toEqual) = UntilWell(world);
            if (story.Steps.Any(static s => Verbs.Waits.Contains(s.Verb)))
            {
                toLive = null;
            }

            world.Advance(LastPoll);
            UntilWell(world); // and it stays so
            if (!story.Steps.Any(static s => Verbs.Silent.Contains(s.Verb)))
            {
                world.Client.Stream.CheckComplete();
                world.Look();
            }

            CheckDisk(world);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            failure = e is InvariantException ? e.Message : e.ToString();
        }

        return Outcome();

        Outcome Outcome() => new(failure, world.Log, world.Elapsed, toLive, toEqual, world.Traffic.Reads, world.Traffic.WorstReads, world.Traffic.WorstDials, world.Secrets.Repairs);
    }

    /// <summary>Until every store is live, has no doubts and equals the database (V11, V13, V14).</summary>
    private static (TimeSpan? ToLive, TimeSpan ToEqual) UntilWell(SimulatedWorld world)
    {
        var healed = world.Elapsed;
        TimeSpan? toLive = null;
        while (true)
        {
            var isLive = world.Client.Stores.All(static s => s.Store.Status.State == StoreState.Live);
            if (isLive && toLive is null)
            {
                toLive = world.Elapsed - (world.Traffic.LastOk > healed ? world.Traffic.LastOk : healed) - world.Secrets.LongestScan;
                toLive = toLive > TimeSpan.Zero ? toLive : TimeSpan.Zero;
            }

            if (isLive && world.Client.Stream.IsWell && world.Client.Stores.All(static s => s.Store.Status.Unverified == 0 && s.Shown.SequenceEqual(s.Truth)))
            {
                return (toLive, world.Elapsed - healed);
            }

            var sinceHeal = world.Elapsed - healed;
            if (sinceHeal > Patience)
            {
                throw new InvariantException(string.Join("; ", world.Client.Stores.Select(static s =>
                    $"V11 {s.Name} is {s.Store.Status}, shows [{string.Join(' ', s.Shown)}], and true is [{string.Join(' ', s.Truth)}]")));
            }

            world.Advance(sinceHeal < TimeSpan.FromMinutes(1) ? TimeSpan.FromMilliseconds(250) : TimeSpan.FromSeconds(5));
        }
    }

    /// <summary>Whether a broken client shows what the database has not, or lacks what it has.</summary>
    private static void Judge(SimulatedWorld world)
    {
        world.Advance(Sabotage.Patience);
        foreach (var store in world.Client.Stores)
        {
            world.Require(store.Shown.SequenceEqual(store.Truth), $"V11 {store.Name} is {store.Store.Status.State}, shows [{string.Join(' ', store.Shown)}], and true is [{string.Join(' ', store.Truth)}]");
        }

        world.Client.List?.Look();

        world.Look();
    }

    /// <summary>What is kept when the client has ended is what it showed (V12).</summary>
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
        var shown = client.Stores.Select(static s => (s.Name, Rows: s.Shown)).ToList();
        var ending = Task.CompletedTask;
        world.Act(() => ending = world.End());
        for (var tries = 0; !ending.IsCompleted && tries < 60; tries++)
        {
            world.Manual.Advance(TimeSpan.FromSeconds(1));
        }

        world.Require(ending.IsCompletedSuccessfully, "a client that was disposed of does not end");
        foreach (var (name, rows) in world.Disk.WasForged ? [] : shown)
        {
            world.Require(
                world.Disk.Cache.Images.Values.Any(i => i.Rows.Keys.Count() == rows.Count && rows.All(r => i.Rows.Values.Any(json => Same(r, json)))),
                $"V12 {name}: what is kept is not what was shown: [{string.Join(' ', rows)}], but {string.Join("; ", world.Disk.Cache.Images.Select(static i => $"{i.Key} has {string.Join(" ", i.Value.Rows.Keys)}"))}");
        }

        world.Look();

        static bool Same(Order row, string json) => System.Text.Json.JsonSerializer.Deserialize(json, OrderJson.Default.Order) == row;
    }
}
