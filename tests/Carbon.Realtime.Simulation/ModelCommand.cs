using System.Globalization;
using Carbon.Realtime.Simulation.Model;

namespace Carbon.Realtime.Simulation;

/// <summary>Explores rows of the model, and prints what came of them.</summary>
internal static class ModelCommand
{
    public const string Usage = "model [--small] [--traces] [NAME...]   every state of the large rows, of the small ones too, or of those that are named";

    /// <summary>So many at most: about 4 GB.</summary>
    private const int MostStates = 30_000_000;

    public static int Run(string[] arguments)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        var names = arguments.Where(static a => !a.StartsWith("--", StringComparison.Ordinal)).ToList();
        var isSmall = arguments.Contains("--small");
        var rows = ModelTable.Small.Concat(ModelTable.Large).Where(row =>
            names.Count > 0 ? names.Contains(row.Name) : isSmall == ModelTable.Small.Contains(row)).ToList();
        if (rows.Count == 0 || arguments.Any(static a => a.StartsWith("--", StringComparison.Ordinal) && a is not ("--small" or "--traces")))
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        Console.WriteLine("| row | what | came of it | states | transitions | depth | seconds |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        var isProved = true;
        foreach (var row in rows)
        {
            isProved &= Explore(row, arguments.Contains("--traces"));
        }

        return isProved ? 0 : 1;
    }

    /// <returns>Whether it came out as the table says.</returns>
    private static bool Explore(ModelRow row, bool tellsTrace)
    {
        var found = new Explorer(row.Scenario).Run(MostStates);
        var outcome = found.Diverges ? ModelRow.OutcomeOf(found) : "converges";
        Console.WriteLine($"| {row.Name} | {row.Words} | {outcome} | {found.States:N0} | {found.Transitions:N0} | {found.Depth} | {found.Elapsed.TotalSeconds:F1} |");
        var isExpected = ModelRow.OutcomeOf(found) == row.Outcome;
        if (!isExpected)
        {
            Console.WriteLine($"\n{row.Name} differs: the table says, {row.Outcome}. Either the rules have changed or the model has.");
        }

        if (found.Diverges && (tellsTrace || !isExpected))
        {
            Console.WriteLine($"\n{row.Name}:\n{found}\n");
        }

        return isExpected;
    }
}
