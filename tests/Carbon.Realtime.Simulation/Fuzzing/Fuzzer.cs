using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>Gives inputs to targets, as many at once as there are processors, and finds out what was wrong.</summary>
internal static class Fuzzer
{
    /// <summary>More findings of one kind say nothing more.</summary>
    private const int MostFindings = 10;

    /// <summary>Inputs under way since when: one that never ends shows here.</summary>
    private static readonly ConcurrentDictionary<int, (string Target, long Index, long Since)> Running = new();

    /// <summary>Gives a target its next inputs.</summary>
    public static void Run(string name, int seed, int count, TargetFigures into)
    {
        var clock = Stopwatch.StartNew();
        var first = into.Inputs;
        var merge = new Lock();
        var next = first;
        Parallel.For(0, Environment.ProcessorCount, _ =>
        {
            // Awaits prefer a synchronisation context, as a test framework has one, to a target's own scheduler.
            var context = SynchronizationContext.Current;
            SynchronizationContext.SetSynchronizationContext(null);
            using var target = Targets.Create(name);
            var figures = new TargetFigures();
            for (long index; (index = Interlocked.Increment(ref next) - 1) < first + count;)
            {
                TryOne(target, seed, index, figures);
            }

            SynchronizationContext.SetSynchronizationContext(context);
            lock (merge)
            {
                into.Add(figures);
            }
        });
        into.Findings = [.. into.Findings.OrderBy(static f => f.Index).DistinctBy(static f => Way(f.What)).Take(MostFindings)];
        into.Seconds += clock.Elapsed.TotalSeconds;
    }

    /// <summary>What is wrong about an input; <see langword="null"/> for nothing.</summary>
    public static string? Fault(FuzzTarget target, byte[] input) => Try(target, input, out _);

    /// <summary>Inputs that have been running for a time.</summary>
    public static IEnumerable<string> LateBy(TimeSpan time) =>
        Running.Values.Where(r => Stopwatch.GetElapsedTime(r.Since) > time).Select(static r => string.Create(CultureInfo.InvariantCulture, $"{r.Target}/{r.Index}"));

    private static void TryOne(FuzzTarget target, int seed, long index, TargetFigures figures)
    {
        var input = Inputs.Of(target, seed, index);
        var began = Stopwatch.GetTimestamp();
        Running[Environment.CurrentManagedThreadId] = (target.Name, index, began);
        var fault = Try(target, input, out var verdict);
        Running.TryRemove(Environment.CurrentManagedThreadId, out _);
        figures.Inputs++;
        figures.MostAllocated = Math.Max(figures.MostAllocated, target.Allocated);
        figures.SlowestMilliseconds = Math.Max(figures.SlowestMilliseconds, Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        if (fault is null)
        {
            figures.Add(verdict);
        }
        else if (figures.Findings.Count < MostFindings && !figures.Findings.Exists(f => Way(f.What) == Way(fault)))
        {
            var shortest = InputShrinker.Shrink(input, shorter => Try(target, shorter, out _) is { } other ? Way(other) : null, 2_000 * target.Share / 100);
            figures.Findings.Add(new Finding(target.Name, seed, index, Try(target, shortest, out _) ?? fault, Convert.ToBase64String(shortest)));
        }
    }

    private static string? Try(FuzzTarget target, byte[] input, out Verdict verdict)
    {
        verdict = default;
        try
        {
            verdict = target.Try(input);
            if (target.Allocated > Limit(target, input))
            {
                verdict = target.Try(input); // what is made once, buffers and metadata, was not the input's
            }

            return target.Allocated > Limit(target, input)
                ? string.Create(CultureInfo.InvariantCulture, $"memory: {target.Allocated} bytes were allocated for an input of {input.Length}")
                : null;
        }
        catch (OracleException e)
        {
            return e.Message;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return $"undeclared {e}";
        }
    }

    private static long Limit(FuzzTarget target, byte[] input) => target.Budget.Fixed + (target.Budget.PerByte * input.Length);

    /// <summary>The kind of a fault: its first words, and for an exception where it was thrown.</summary>
    private static string Way(string fault)
    {
        if (!fault.StartsWith("undeclared", StringComparison.Ordinal))
        {
            return fault.Split(':')[0];
        }

        var lines = fault.Split('\n');
        return $"{lines[0].Split(':')[0]} {Array.Find(lines, static l => l.Contains(" at Carbon.Realtime", StringComparison.Ordinal))}";
    }
}
