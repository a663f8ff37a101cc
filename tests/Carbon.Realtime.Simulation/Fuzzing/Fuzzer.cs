using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>Gives inputs to targets, as many at once as there are processors, and finds out what was wrong.</summary>
internal static class Fuzzer
{
    /// <summary>More findings of one kind say nothing more.</summary>
    private const int MostFindings = 10;

    /// <summary>What was in use after the first quarter of the first run on a target.</summary>
    private static readonly ConcurrentDictionary<string, long> FirstInUse = new(StringComparer.Ordinal);

    /// <summary>Gives a target its next inputs.</summary>
    public static void Run(string name, int seed, int count, TargetFigures into) => Run(name, () => Targets.Create(name), seed, count, into, FuzzLimits.Default);

    /// <inheritdoc cref="Run(string, int, int, TargetFigures)"/>
    public static void Run(string name, Func<FuzzTarget> create, int seed, int count, TargetFigures into, FuzzLimits limits)
    {
        var clock = Stopwatch.StartNew();
        using var crew = new FuzzCrew(create, seed, into.Inputs, limits);
        var findings = into.Findings;
        if (crew.Give(count / 4))
        {
            var first = FirstInUse.GetOrAdd(name, static _ => GC.GetTotalMemory(forceFullCollection: true));
            if (crew.Give(count - (count / 4)) && GC.GetTotalMemory(forceFullCollection: true) - first is var kept && kept > limits.Kept)
            {
                findings.Add(new Finding(name, seed, into.Inputs + count, string.Create(CultureInfo.InvariantCulture, $"memory kept: {kept} bytes more than after the first inputs"), ""));
            }
        }

        crew.AddTo(into);
        into.Findings = [.. into.Findings.OrderBy(static f => f.Index).DistinctBy(static f => Way(f.What)).Take(MostFindings)];
        into.Seconds += clock.Elapsed.TotalSeconds;
    }

    /// <summary>What is wrong about an input; <see langword="null"/> for nothing.</summary>
    public static string? Fault(FuzzTarget target, byte[] input) => Try(target, input, out _);

    public static string? Try(FuzzTarget target, byte[] input, out Verdict verdict)
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

    /// <summary>The kind of a fault: its first words, and for an exception where it was thrown.</summary>
    public static string Way(string fault)
    {
        if (!fault.StartsWith("undeclared", StringComparison.Ordinal))
        {
            return fault.Split(':')[0];
        }

        var lines = fault.Split('\n');
        return $"{lines[0].Split(':')[0]} {Array.Find(lines, static l => l.Contains(" at Carbon.Realtime", StringComparison.Ordinal))}";
    }

    public static bool IsNew(TargetFigures figures, string fault) => figures.Findings.Count < MostFindings && !figures.Findings.Exists(f => Way(f.What) == Way(fault));

    /// <summary>How many bytes an input may make the parser allocate.</summary>
    public static long Limit(FuzzTarget target, byte[] input) => target.Budget.Fixed + (target.Budget.PerByte * input.Length);
}
