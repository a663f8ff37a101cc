using Carbon.Realtime.Benchmarks.Rows;
using Carbon.Realtime.Benchmarks.Store;
using Carbon.Realtime.Changes;

namespace Carbon.Realtime.Benchmarks.Growth;

/// <summary>What is measured at each size. All runs of a line are interleaved: the sizes take turns, round after round.</summary>
internal sealed class GrowthSubjects(int runs, int events)
{
    private static readonly ChangeFrames Inserts = new(new Workload(RowSize.Item, ChangeKind.Insert));
    private static readonly RealtimeTable<string, Item> Items = RealtimeTable.Define(ChangeFrames.Table, BenchJson.Default.Item, "id", static i => i.Id);
    private static readonly RealtimeTable<string, GrowthRow> Grown = RealtimeTable.Define("grown", GrowthJson.Default.GrowthRow, "id", static r => r.Id);

    /// <summary>One stream and one subscriber that are told of all (1), and as many events spread over a thousand subscriptions on fifty channels (1000), in turn.</summary>
    public Task<GrowthLine> SpreadAsync() => CrowdsAsync("single, spread", [(1, true, static () => GatherAsync([Items], 1, AllFrames)), (1000, false, static () => SpreadAsync(1000, 50))]);

    /// <summary>So many subscriptions, each to a row of its own, on up to 50 channels; each event is one's.</summary>
    public Task<GrowthLine> SubscriptionsAsync(IReadOnlyList<int> sizes) => CrowdsAsync("events spread over all", sizes, isShared: false, static n => SpreadAsync(n, Math.Min(n, 50)));

    /// <summary>A thousand subscriptions on so many channels.</summary>
    public Task<GrowthLine> ChannelsAsync(IReadOnlyList<int> sizes) => CrowdsAsync("1,000 subscriptions", sizes, isShared: false, static n => SpreadAsync(1000, n));

    /// <summary>So many subscribers of one stream, who are all told of each event.</summary>
    public Task<GrowthLine> SubscribersAsync(IReadOnlyList<int> sizes) => CrowdsAsync("every event to all", sizes, isShared: true, static n => GatherAsync([.. Enumerable.Repeat(Items, n)], 1, AllFrames));

    /// <summary>Rows with a text of so many bytes, by the client and by a bare loop over the same frames.</summary>
    public async Task<IReadOnlyList<GrowthLine>> RowSizesAsync(IReadOnlyList<int> sizes)
    {
        var carbon = await CrowdsAsync("Carbon.Realtime", sizes, isShared: true, static n => Crowd<GrowthRow>.GatherAsync([Grown], 1, server => Frames(server, n)));
        var bare = Rounds(sizes, n =>
        {
            var frames = Enumerable.Range(0, Count(n)).Select(i => GrowthRow.Frame("realtime:bare", [1], i, n)).ToArray();
            return () =>
            {
                var start = Environment.CpuUsage.TotalTime;
                for (var i = 0; i < Events(n); i++) GC.KeepAlive(GrowthRow.Read(frames[i % frames.Length]));
                return (Environment.CpuUsage.TotalTime - start).TotalNanoseconds / Events(n);
            };
        });
        return [carbon, new GrowthLine("a bare loop", bare)];

        static IEnumerable<byte[]> Frames(MemoryServer server, int length)
        {
            var (topic, ids) = server.Of("");
            return Enumerable.Range(0, Count(length)).Select(i => GrowthRow.Frame(topic, ids, i, length));
        }
    }

    /// <summary>Changes of a store with so many rows, sixteen at once, and of a dictionary.</summary>
    public IReadOnlyList<GrowthLine> Rows(IReadOnlyList<int> sizes) =>
    [
        new GrowthLine("a store, 16 changes at once", Rounds(sizes, n => Changes(n, static items => new SettledStore(items, burst: 16, isRead: false)))),
        new GrowthLine("a Dictionary", Rounds(sizes, n => Changes(n, static items => new PlainDictionary(items)))),
    ];

    /// <summary>A megabyte at most in all frames together, so that it is not memory that is measured; but 16 frames at least.</summary>
    private static int Count(int length) => Math.Clamp(1_000_000 / (length + 300), 16, 1000);

    /// <summary>Fewer of what takes long.</summary>
    private int Events(int length) => Math.Max(200, (int)(events / (1 + (length / 2000.0))));

    private static Task<Crowd<Item>> GatherAsync(IReadOnlyList<RealtimeTable<string, Item>> streams, int channels, Func<MemoryServer, IEnumerable<byte[]>> frames) =>
        Crowd<Item>.GatherAsync(streams, channels, frames);

    private static IEnumerable<byte[]> AllFrames(MemoryServer server)
    {
        var (topic, ids) = server.Of("");
        return Enumerable.Range(0, ChangeFrames.PoolSize).Select(i => Inserts.Frame(topic, ids, i));
    }

    /// <summary>Each subscription is to one row; the frames are those rows' in the order of the subscriptions, a thousand at least, for that many rows are sent to a single one too.</summary>
    private static Task<Crowd<Item>> SpreadAsync(int subscriptions, int channels) => GatherAsync(
        [.. Enumerable.Range(0, subscriptions).Select(static i => Items.Where(RealtimeFilter.Where("id").Equal(RowTexts.Id(i))))],
        channels,
        server => Enumerable.Range(0, Math.Max(subscriptions, ChangeFrames.PoolSize)).Select(i => i % subscriptions).Select(i =>
        {
            var (topic, ids) = server.Of($"id=eq.{RowTexts.Id(i)}");
            return Inserts.Frame(topic, ids, i);
        }));

    private static Func<double> Changes(int rows, Func<StoreItem[], StoreContender> create)
    {
        const int Count = 100_000;
        var items = Enumerable.Range(0, rows).Select(static i => StoreItem.Create(i, change: 0)).ToArray();
        var contender = create(items);
        var random = new Random(1);
        var which = Enumerable.Range(0, Count).Select(_ => random.Next(rows)).ToArray();
        var sets = Enumerable.Range(0, 2)
            .Select(set => which.Select((row, i) => StoreItem.Create(row, (2 * i) + set + 1)).Select(static item => new RowEvent<string, StoreItem>(RowEventKind.Put, item.Id, item, null)).ToArray()).ToArray();
        var run = 0;
        return () =>
        {
            var set = sets[run++ % 2];
            var start = Environment.CpuUsage.TotalTime;
            contender.Apply(set);
            return (Environment.CpuUsage.TotalTime - start).TotalNanoseconds / Count;
        };
    }

    private Task<GrowthLine> CrowdsAsync<TRow>(string name, IReadOnlyList<int> sizes, bool isShared, Func<int, Task<Crowd<TRow>>> gather) =>
        CrowdsAsync(name, [.. sizes.Select(size => (size, isShared, (Func<Task<Crowd<TRow>>>)(() => gather(size))))]);

    private async Task<GrowthLine> CrowdsAsync<TRow>(string name, IReadOnlyList<(int Size, bool IsShared, Func<Task<Crowd<TRow>>> Gather)> subjects)
    {
        var crowds = new Dictionary<int, (Crowd<TRow> Crowd, bool IsShared)>();
        foreach (var (size, isShared, gather) in subjects) crowds[size] = (await gather(), isShared);
        var points = Rounds([.. crowds.Keys], size =>
        {
            var (crowd, isShared) = crowds[size];
            var count = typeof(TRow) == typeof(GrowthRow) ? Events(size) : Math.Max(10_000, events / (isShared ? size : 1));
            return () => crowd.Measure(count, isShared);
        });
        foreach (var (crowd, _) in crowds.Values) await crowd.DisposeAsync();
        return new GrowthLine(name, points);
    }

    /// <summary>Measures all sizes in turn, round after round; two rounds before that do not count.</summary>
    private List<(double Size, IReadOnlyList<double> Nanoseconds)> Rounds(IReadOnlyList<int> sizes, Func<int, Func<double>> create)
    {
        var subjects = sizes.Select(create).ToArray();
        var times = sizes.Select(static _ => new List<double>()).ToArray();
        for (var run = -2; run < runs; run++)
        {
            for (var i = 0; i < subjects.Length; i++)
            {
                GC.Collect();
                var time = subjects[i]();
                if (run >= 0) times[i].Add(time);
            }
        }

        return [.. sizes.Zip(times, static (size, list) => ((double)size, (IReadOnlyList<double>)list))];
    }
}
