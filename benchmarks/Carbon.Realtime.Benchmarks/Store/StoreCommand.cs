using Carbon.Realtime.Benchmarks.Race;
using Carbon.Realtime.Changes;

namespace Carbon.Realtime.Benchmarks.Store;

/// <summary>How stores are measured.</summary>
internal sealed record StoreBenchOptions
{
    public required IReadOnlyList<int> Sizes { get; init; }

    public required int Changes { get; init; }

    public required int Runs { get; init; }

    public string? Date { get; init; }

    public string? Out { get; init; }

    public bool Check { get; init; }
}

/// <summary>What a store costs beside a plain dictionary: updates of random rows, publications, memory. Interleaved in one process.</summary>
internal static class StoreCommand
{
    private static readonly int[] Bursts = [256, 16, 1];

    public static int Run(StoreBenchOptions options)
    {
        var load = Machine.LoadAverage();
        WarmUp();
        var sizes = options.Sizes.Select(rows => Measure(options, rows)).ToArray();
        var report = new StoreReport(options, load, sizes);
        var text = report.Markdown();
        Console.WriteLine(text);
        if (options.Out is { } file) ReportFile.Write(file, "store", text);
        return options.Check ? Floors.Check(report.Misses()) : 0;
    }

    /// <summary>Until the compiler has done with what is measured: with as little as possible, for it takes calls and time, not rows.</summary>
    private static void WarmUp()
    {
        for (var i = 0; i < 3; i++)
        {
            _ = Measure(new StoreBenchOptions { Sizes = [1000], Changes = 50_000, Runs = 3 }, 1000);
            Thread.Sleep(300); // the compiler's background thread takes what was called often
        }
    }

    private static StoreFigures Measure(StoreBenchOptions options, int rows)
    {
        var items = Enumerable.Range(0, rows).Select(static i => StoreItem.Create(i, change: 0)).ToArray();
        var beside = BytesBesideRows(items);
        StoreContender[] contenders =
        [
            new PlainDictionary(items),
            .. from isRead in (bool[])[false, true] from burst in Bursts select new SettledStore(items, burst, isRead),
        ];

        // Two sets of the same changes with rows of their own take turns: a row that is there already would be no change.
        var random = new Random(1);
        var which = Enumerable.Range(0, options.Changes).Select(_ => random.Next(rows)).ToArray();
        var sets = Enumerable.Range(0, 2).Select(set => which.Select((row, i) => Change(StoreItem.Create(row, (2 * i) + set + 1))).ToArray()).ToArray();
        var times = contenders.Select(static _ => new List<double>()).ToArray();
        var bytes = new double[contenders.Length];
        for (var run = -1; run < options.Runs; run++)
        {
            for (var i = 0; i < contenders.Length; i++)
            {
                // Every contender stands at every place of a round once, for each leaves the processor's caches and the collector as they are.
                var at = (i + run + 1) % contenders.Length;
                var set = sets[(run + 1) % 2];
                GC.Collect(0);
                var allocated = GC.GetAllocatedBytesForCurrentThread();
                var start = Environment.CpuUsage.TotalTime; // not the clock's: what else runs must not count
                contenders[at].Apply(set);
                var time = (Environment.CpuUsage.TotalTime - start).TotalNanoseconds / options.Changes;
                bytes[at] = (double)(GC.GetAllocatedBytesForCurrentThread() - allocated) / options.Changes;
                if (run >= 0) times[at].Add(time);
            }

            RequireEqual(contenders, which.Take(1000).Select(row => items[row].Id));
        }

        return new StoreFigures(rows, beside, [.. contenders.Select((c, i) => new StoreTimes(c.Name, times[i], bytes[i]))]);
    }

    private static RowEvent<string, StoreItem> Change(StoreItem item) => new(RowEventKind.Put, item.Id, item, null);

    private static double BytesBesideRows(StoreItem[] items)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var store = new SettledStore(items, burst: 1, isRead: false);
        var after = GC.GetTotalMemory(forceFullCollection: true);
        GC.KeepAlive(store);
        return (double)(after - before) / items.Length;
    }

    private static void RequireEqual(StoreContender[] contenders, IEnumerable<string> keys)
    {
        foreach (var key in keys)
        {
            if (contenders.Select(c => c.ChangeOf(key)).Distinct().Count() > 1) throw new InvalidOperationException($"The contenders differ about {key}.");
        }
    }
}
