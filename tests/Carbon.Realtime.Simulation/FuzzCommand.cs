using System.Globalization;
using Carbon.Realtime.Simulation.Fuzzing;

namespace Carbon.Realtime.Simulation;

/// <summary>Gives every parser inputs by the million (docs/reliability.md, "Fuzzing").</summary>
internal static class FuzzCommand
{
    public const string Usage =
        "fuzz [--inputs N] [--target NAME] [--seed S] [--state FILE]   gives the targets N inputs; with a file it goes on where it was stopped\n" +
        "fuzz --input TARGET BASE64                                    gives one input to a target, and shows what it makes of it\n" +
        "fuzz --cache FILE                                             makes the recorded cache file anew, when its format is another one";

    private const int Inputs = 1_000_000;

    /// <summary>Of the quickest targets; those that take longer get their share.</summary>
    private const int Batch = 50_000;

    public static int Run(string[] args)
    {
        switch (args)
        {
            case ["--cache", var file]:
                CacheFileTarget.Make(file);
                return 0;
            case ["--input", var name, var input] when Targets.Names.Contains(name):
                return One(name, Bytes(input));
        }

        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i + 1 < args.Length; i += 2)
        {
            options[args[i]] = args[i + 1];
        }

        if (args.Length % 2 != 0 || options.Keys.Except(["--inputs", "--target", "--seed", "--state"]).Any() || (options.TryGetValue("--target", out var target) && !Targets.Names.Contains(target)))
        {
            Console.Error.WriteLine($"{Usage}\nTargets: {string.Join(", ", Targets.Names)}");
            return 2;
        }

        return Run(
            options.TryGetValue("--inputs", out var inputs) ? Arguments.Count(inputs) : Inputs,
            options.TryGetValue("--target", out var only) ? [only] : Targets.Names,
            options.TryGetValue("--seed", out var seed) ? Arguments.Seed(seed) : 1,
            options.GetValueOrDefault("--state"));
    }

    private static int Run(long inputs, IReadOnlyCollection<string> targets, int seed, string? file)
    {
        var figures = FuzzFigures.Load(file, seed);
        var shares = targets.ToDictionary(static t => t, static t => Targets.Share(t), StringComparer.Ordinal);
        var total = (double)shares.Values.Sum();
        while (true)
        {
            var due = targets.Select(t => (Name: t, Left: (long)Math.Ceiling(inputs * (shares[t] / total)) - figures.Of(t).Inputs)).Where(t => t.Left > 0 && !figures.Of(t.Name).HasNoEnd).ToList();
            if (due.Count == 0)
            {
                break;
            }

            foreach (var (name, left) in due)
            {
                Fuzzer.Run(name, figures.Seed, (int)Math.Min(left, Math.Max(1, Batch * shares[name] / 100)), figures.Of(name));
                if (file is not null)
                {
                    figures.Save(file);
                }
            }

            Console.Error.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{figures.Targets.Values.Sum(static t => t.Inputs):N0} inputs, {figures.Targets.Values.Sum(static t => t.Findings.Count)} findings, {figures.Targets.Values.Sum(static t => t.Seconds):F0} s"));
        }

        Console.WriteLine(FuzzReport.Markdown(figures));
        foreach (var finding in figures.Targets.Values.SelectMany(static t => t.Findings))
        {
            Console.WriteLine($"FOUND {finding}");
        }

        return figures.Targets.Values.Any(static t => t.Findings.Count > 0) ? 1 : 0;
    }

    private static int One(string name, byte[] input)
    {
        using var target = Targets.Create(name);
        var fault = Fuzzer.Fault(target, input);
        Console.WriteLine(System.Text.Encoding.UTF8.GetString(input));
        Console.WriteLine(fault ?? string.Create(CultureInfo.InvariantCulture, $"{target.Try(input)}, {target.Allocated} bytes allocated"));
        return fault is null ? 0 : 1;
    }

    private static byte[] Bytes(string input)
    {
        try
        {
            return Convert.FromBase64String(input);
        }
        catch (FormatException e)
        {
            throw new UsageException($"The input is no base64: {e.Message}", e);
        }
    }
}
