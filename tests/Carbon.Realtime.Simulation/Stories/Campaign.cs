using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>Many stories, as many at once as there are processors; stops and goes on between batches.</summary>
internal static class Campaign
{
    /// <summary>Tells the stories of seeds <paramref name="first"/> and on.</summary>
    public static Figures Tell(int first, int count, Figures into)
    {
        var clock = Stopwatch.StartNew();
        var told = new ConcurrentBag<(Story Story, Outcome Outcome)>();
        Parallel.ForEach(
            Partitioner.Create(Enumerable.Range(first, count), EnumerablePartitionerOptions.NoBuffering),
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            seed =>
            {
                var story = Story.Of(seed);
                told.Add((story, Tell(story)));
            });
        foreach (var (story, outcome) in told.OrderBy(static t => t.Story.Seed))
        {
            into.Add(story, outcome);
        }

        into.Seconds += clock.Elapsed.TotalSeconds;
        return into;
    }

    private static Outcome Tell(Story story)
    {
        try
        {
            return Run.Tell(story);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return new Outcome { Failure = $"the world itself: {e}" };
        }
    }

    /// <summary>The figures as docs/reliability.md has them.</summary>
    public static string Markdown(Figures figures)
    {
        var faults = Faults.Names;
        return string.Join('\n',
        [
            "| | |",
            "|---|--:|",
            Text($"| stories (seeds {figures.First:N0} to {figures.First + figures.Seeds - 1:N0}) | {figures.Seeds:N0} |"),
            Text($"| stories that did not end well | {figures.Failures.Count:N0} |"),
            Text($"| of these, by the promise that each broke first: stores that were not the database's (V11, V13); rows of others (V1); secrets (V8) | {figures.Broken("V11") + figures.Broken("V13"):N0}; {figures.Broken("V1"):N0}; {figures.Broken("V8"):N0} |"),
            Text($"| simulated time of a client | {figures.SimulatedSeconds / 86_400:N1} days |"),
            Text($"| kinds of faults; faults | {faults.Count}; {faults.Sum(f => figures.Steps.GetValueOrDefault(f)):N0} |"),
            Text($"| writes | {Verbs.Writes.Distinct().Sum(w => figures.Steps.GetValueOrDefault(w)):N0} |"),
            Text($"| rows that a read put right after the stream had lost their change | {figures.Repairs:N0} |"),
            Text($"| requests that read rows; in the worst minute | {figures.Reads:N0}; {figures.WorstReads} |"),
            Text($"| dials in the worst minute | {figures.WorstDials} |"),
            Text($"| stories whose stores were live at the heal | {figures.Recoveries(RecoveryKind.None):N0} |"),
            Times("live again after the ok that came after the heal", RecoveryKind.Joined),
            Times("after the heal, where the channels had stood", RecoveryKind.StayedJoined),
            Times("the same where a read hung, somebody was refused, or the stream had proven unreliable", RecoveryKind.Waited),
            Text($"| changes lost in silence after the heal, on purpose; made good at the latest after | {figures.Lost:N0}; {figures.SlowestRepairSeconds:F0} s |"),
            Text($"| equal to the database after the heal, at the latest | {figures.SlowestToEqualSeconds:F0} s (seed {figures.SlowestToEqualSeed}) |"),
            Text($"| time of this machine | {figures.Seconds / 60:F0} min, {figures.Seconds / Math.Max(1, figures.Seeds) * 1000:F1} ms a story |"),
            "",
            string.Join(", ", faults.Select(f => Text($"{f} {figures.Steps.GetValueOrDefault(f):N0}"))),
        ]);

        string Times(string what, RecoveryKind kind) => Text(
            $"| {what}: stories; median, p99, worst | {figures.Recoveries(kind):N0}; {figures.TimeToLive(kind, 0.5):F2} s, {figures.TimeToLive(kind, 0.99):F2} s, {figures.TimeToLive(kind, 1):F2} s |");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
