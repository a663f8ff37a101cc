using System.Collections.Concurrent;
using System.Globalization;
using Carbon.Realtime.IntegrationTests.Security;

namespace Carbon.Realtime.IntegrationTests.Torture;

/// <summary>Everything that a program can do with a manager, from many threads at once, on the real thread pool. Programs are drawn from seeds and counted in acts; how they meet is up to the machine.</summary>
/// <remarks><c>eng/torture</c> runs more rounds (docs/reliability.md, "Concurrency").</remarks>
[Collection(AloneCollection.Name)]
public sealed class TortureTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(180);

    [Fact]
    public async Task Whatever_threads_do_at_once_every_promise_is_kept_and_nothing_is_left_behind()
    {
        var rounds = Setting("CARBON_TORTURE_ROUNDS", 6);
        var first = Setting("CARBON_TORTURE_SEED", 1);
        var figures = new Figures();
        var unobserved = new ConcurrentQueue<string>();
        Collect(); // what other tests have left is not ours
        void OnUnobserved(object? sender, UnobservedTaskExceptionEventArgs e) => unobserved.Enqueue($"{e.Exception}");
        TaskScheduler.UnobservedTaskException += OnUnobserved;
        try
        {
            // Two at a time: they disturb each other, which is welcome.
            for (var seed = first; seed < first + rounds; seed += 2)
            {
                var pair = await Task.WhenAll(Enumerable.Range(seed, Math.Min(2, first + rounds - seed)).Select(s => Task.Run(() => PlayAsync(s, figures))));
                await ForgetAsync(pair);
                unobserved.Should().BeEmpty($"nobody may have to look at every task (seeds {seed} and {seed + 1})");
                pair.Select(static p => p.Broken).Should().AllBe("");
            }
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= OnUnobserved;
            if (Environment.GetEnvironmentVariable("CARBON_TORTURE_FIGURES") is { } file)
            {
                await File.WriteAllTextAsync(file, figures + "\n");
            }
        }
    }

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    /// <returns>What did not hold, and what must be gone once nobody holds it.</returns>
    /// <remarks>On the thread pool from beginning to end: the workers of a test framework's context may keep their last piece of work on the stack.</remarks>
    private static async Task<(string Broken, (string Name, WeakReference Left)[] Left)> PlayAsync(int seed, Figures figures)
    {
        using var hang = new CancellationTokenSource(Hang);
        using var round = new TortureRound(seed, figures, hang.Token);
        await round.RunAsync();
        var left = round.Stores.Select(static s => (s.Table, new WeakReference(s))).Append(("the manager", new WeakReference(round.World.Manager)))
            .Concat(round.Witnesses.Select(static w => (w.Name, new WeakReference(w)))).ToArray();
        return (string.Join('\n', round.World.Broken.Distinct().Select(b => $"seed {seed}: {b}")), left);
    }

    /// <summary>Nothing holds a disposed manager, its stores or their observers.</summary>
    private static async Task ForgetAsync((string Broken, (string Name, WeakReference Left)[] Left)[] rounds)
    {
        var left = rounds.SelectMany(static r => r.Left).ToList();
        for (var i = 0; i < 20 && left.Exists(static l => l.Left.IsAlive); i++)
        {
            await Task.Yield(); // whatever thread held something in its registers has something else to do
            Collect();
        }

        left.Where(static l => l.Left.IsAlive).Select(static l => l.Name).Distinct().Should().BeEmpty("nobody holds them any more");
    }

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }
}
