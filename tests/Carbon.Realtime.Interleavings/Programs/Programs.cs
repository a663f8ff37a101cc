namespace Carbon.Realtime.Interleavings;

/// <summary>What runs beside each other. Each begins in a world that is prepared one step after the other, and says what must be true when all is over.</summary>
internal static class Programs
{
    /// <summary>So many times the clock goes on to the next timer while a program runs; what is due later comes when it is over.</summary>
    public const int Timers = 6;

    private static readonly Dictionary<string, Func<Shop, (string Name, Action Body)[]>> All = new(StreamPrograms.All.Concat(StorePrograms.All), StringComparer.Ordinal);

    public static IEnumerable<string> Names => All.Keys;

    public static Outcome Run(string name, Choice choose)
    {
        var shop = new Shop();
        var outcome = Interleaver.Run(shop.Env.Scheduler, All[name](shop), choose, shop.Env.Time, Timers);
        if (outcome.Fault is not null)
        {
            return outcome;
        }

        try
        {
            shop.End();
            return outcome;
        }
        catch (BrokenPromiseException e)
        {
            return outcome with { Fault = e.Message };
        }
    }
}
