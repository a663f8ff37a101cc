using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Carbon.Realtime.Simulation;

/// <summary>Many stories, as many at once as there are processors; stops and goes on between batches.</summary>
internal static class Campaign
{
    private const int Batch = 2_000;

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
                told.Add((story, Run.Tell(story)));
            });
        foreach (var (story, outcome) in told.OrderBy(static t => t.Story.Seed))
        {
            into.Add(story, outcome);
        }

        into.Seconds += clock.Elapsed.TotalSeconds;
        return into;
    }

    /// <summary>The command <c>simulate</c>.</summary>
    public static int Execute(int seeds, string? file)
    {
        var figures = file is not null && File.Exists(file) ? JsonSerializer.Deserialize<Figures>(File.ReadAllText(file))! : new Figures();
        while (figures.Seeds < seeds)
        {
            Tell(figures.First + figures.Seeds, Math.Min(Batch, seeds - figures.Seeds), figures);
            if (file is not null)
            {
                File.WriteAllText(file, JsonSerializer.Serialize(figures));
            }

            Console.Error.WriteLine(Text($"{figures.Seeds:N0} of {seeds:N0} stories, {figures.Failures.Count} failed, {figures.Seconds / figures.Seeds * 1000:F1} ms each"));
        }

        Console.WriteLine(Markdown(figures));
        foreach (var failure in figures.Failures.Take(10))
        {
            Console.WriteLine($"FAILED {failure}");
        }

        return figures.Failures.Count == 0 ? 0 : 1;
    }

    /// <summary>The command <c>story</c>: one story, cut down if it fails, and its log.</summary>
    public static int Explain(Story story)
    {
        var shortest = Run.Tell(story).Failure is null ? story : Shrinker.Shrink(story, static s => Run.Tell(s).Failure);
        var outcome = Run.Tell(shortest, Sabotage.None, keepsLog: true);
        Console.WriteLine($"{shortest}\n{outcome.Log}\n{outcome.Failure ?? "All is well."}");
        return outcome.Failure is null ? 0 : 1;
    }

    private static string Markdown(Figures figures)
    {
        var faults = Verbs.Faults.Where(static f => !f.EndsWith("heals", StringComparison.Ordinal) && !f.EndsWith("heal", StringComparison.Ordinal)).ToList();
        return string.Join('\n',
        [
            "| | |",
            "|---|--:|",
            Text($"| stories (seeds {figures.First:N0} to {figures.First + figures.Seeds - 1:N0}) | {figures.Seeds:N0} |"),
            Text($"| stories that did not end well | {figures.Failures.Count:N0} |"),
            Text($"| simulated time of a client | {figures.SimulatedSeconds / 86_400:N1} days |"),
            Text($"| kinds of faults; faults | {faults.Count}; {faults.Sum(f => figures.Steps.GetValueOrDefault(f)):N0} |"),
            Text($"| writes | {Verbs.Writes.Distinct().Sum(w => figures.Steps.GetValueOrDefault(w)):N0} |"),
            Text($"| rows that a read put right after the stream had lost their change | {figures.Repairs:N0} |"),
            Text($"| requests that read rows; in the worst minute | {figures.Reads:N0}; {figures.WorstReads} |"),
            Text($"| dials in the worst minute | {figures.WorstDials} |"),
            Text($"| live again after the heal: median, p99, worst | {figures.TimeToLive(0.5):F2} s, {figures.TimeToLive(0.99):F2} s, {figures.TimeToLive(1):F2} s |"),
            Text($"| equal to the database after the heal, at the latest | {figures.SlowestToEqualSeconds:F0} s |"),
            Text($"| time of this machine | {figures.Seconds / 60:F0} min, {figures.Seconds / Math.Max(1, figures.Seeds) * 1000:F1} ms a story |"),
            "",
            string.Join(", ", faults.Select(f => Text($"{f} {figures.Steps.GetValueOrDefault(f):N0}"))),
        ]);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
