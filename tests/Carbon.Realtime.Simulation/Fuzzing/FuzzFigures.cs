using System.Text.Json;
using System.Text.Json.Serialization;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>An input that a parser was wrong about.</summary>
/// <param name="Target">Which parser.</param>
/// <param name="Seed">Of the campaign.</param>
/// <param name="Index">Of the input.</param>
/// <param name="What">What was wrong.</param>
/// <param name="Input">Cut down, in base64.</param>
internal sealed record Finding(string Target, int Seed, long Index, string What, string Input)
{
    /// <summary>What is wrong about an input that is still under way.</summary>
    public const string NoEnd = "does not end";

    public override string ToString() => $"{Target} {Seed}/{Index}: {What}\n  {Input}";
}

/// <summary>What a campaign found out about one target. Written to a file between batches, so that it can go on where it was stopped.</summary>
internal sealed class TargetFigures
{
    public long Inputs { get; set; }

    public double Seconds { get; set; }

    /// <summary>How many got past the outermost layer, by what came of them.</summary>
    public SortedDictionary<string, long> Accepted { get; set; } = new(StringComparer.Ordinal);

    /// <summary>How many did not, by the declared reason.</summary>
    public SortedDictionary<string, long> Refused { get; set; } = new(StringComparer.Ordinal);

    /// <summary>The most bytes that one input made the parser allocate.</summary>
    public long MostAllocated { get; set; }

    /// <summary>The most of what an input may make the parser allocate that one did, in hundredths.</summary>
    public long MostOfBudget { get; set; }

    /// <summary>The longest that one input took, on a machine that does other work as well.</summary>
    public double SlowestMilliseconds { get; set; }

    /// <summary>How many rows could not be compared, for they hold what no JSON can say.</summary>
    public long Uncompared { get; set; }

    /// <summary>Whether an input never ended: then no more are given.</summary>
    [JsonIgnore]
    public bool HasNoEnd => Findings.Exists(static f => f.What == Finding.NoEnd);

    public List<Finding> Findings { get; set; } = [];

    public void Add(Verdict verdict)
    {
        var counts = verdict.IsAccepted ? Accepted : Refused;
        counts[verdict.Reason] = counts.GetValueOrDefault(verdict.Reason) + 1;
    }

    public void Add(TargetFigures other)
    {
        Inputs += other.Inputs;
        MostAllocated = Math.Max(MostAllocated, other.MostAllocated);
        MostOfBudget = Math.Max(MostOfBudget, other.MostOfBudget);
        SlowestMilliseconds = Math.Max(SlowestMilliseconds, other.SlowestMilliseconds);
        Uncompared += other.Uncompared;
        foreach (var (into, from) in new[] { (Accepted, other.Accepted), (Refused, other.Refused) })
        {
            foreach (var (reason, count) in from)
            {
                into[reason] = into.GetValueOrDefault(reason) + count;
            }
        }

        Findings.AddRange(other.Findings);
    }
}

/// <summary>The figures of all targets, by name; of one seed and one build, for the same inputs say something else of another one.</summary>
internal sealed class FuzzFigures
{
    public int Seed { get; set; } = 1;

    /// <summary>Which build they are of.</summary>
    public string Build { get; set; } = "";

    public SortedDictionary<string, TargetFigures> Targets { get; set; } = new(StringComparer.Ordinal);

    /// <summary>The oracles and what they judge, by what the compiler names each build of them.</summary>
    public static string ThisBuild { get; } = string.Join(' ', ((Type[])[typeof(FuzzFigures), typeof(RealtimeFilter), typeof(RealtimeEmulator), typeof(SqliteStoreCache)])
        .Select(static t => t.Module.ModuleVersionId.ToString("N")));

    /// <summary>Reads what was written, or begins anew where there is no file.</summary>
    /// <exception cref="UsageException">It is of another build or seed: what was found may be mended, and what was not may be found.</exception>
    public static FuzzFigures Load(string? file, int seed)
    {
        if (file is null || !File.Exists(file))
        {
            return new FuzzFigures { Seed = seed, Build = ThisBuild };
        }

        var figures = Arguments.Read(file, static text => JsonSerializer.Deserialize<FuzzFigures>(text)!);
        return figures.Build == ThisBuild && figures.Seed == seed
            ? figures
            : throw new UsageException($"{file} is of another build or seed (seed {figures.Seed}): delete it, or give another file.");
    }

    /// <summary>Writes beside and moves: whoever reads it, or ends the campaign, meets a whole file.</summary>
    public void Save(string file)
    {
        var beside = file + ".new";
        File.WriteAllText(beside, JsonSerializer.Serialize(this));
        File.Move(beside, file, overwrite: true);
    }

    public TargetFigures Of(string target) => Targets.TryGetValue(target, out var figures) ? figures : Targets[target] = new TargetFigures();
}
