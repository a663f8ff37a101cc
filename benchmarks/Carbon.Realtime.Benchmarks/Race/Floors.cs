namespace Carbon.Realtime.Benchmarks.Race;

/// <summary>How a floor is missed, and what a command does then.</summary>
internal static class Floors
{
    /// <summary>A figure is missed when it is off by more than this: the machine's noise.</summary>
    private const double Tolerance = 0.1;

    public static bool IsBelow(double figure, double floor) => figure < floor * (1 - Tolerance);

    public static bool IsAbove(double figure, double ceiling) => figure > ceiling * (1 + Tolerance);

    /// <summary>Tells the misses; the command's exit code.</summary>
    public static int Check(IEnumerable<string> misses)
    {
        var code = 0;
        foreach (var miss in misses)
        {
            Console.Error.WriteLine($"FLOOR MISSED: {miss}");
            code = 1;
        }

        return code;
    }
}
