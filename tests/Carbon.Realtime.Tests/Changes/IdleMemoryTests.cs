using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Proofs;
using Carbon.Realtime.Tests.Support;
using Xunit.Abstractions;

namespace Carbon.Realtime.Tests.Changes;

/// <summary>What a subscription keeps that nothing comes for (docs/performance.md, "Idle").</summary>
/// <remarks>Of two thousand behind two thousand others, so that what is made once is nobody's, and lists and tables have grown as they do.</remarks>
[Collection(AloneCollection.Name)]
public sealed class IdleMemoryTests(ITestOutputHelper output)
{
    private const int Many = 2000;

    /// <summary>What other tests left behind may go meanwhile: that makes a figure too small, never too great. So each is the greatest of three.</summary>
    private const int Worlds = 3;

    [Fact]
    public void A_subscription_with_a_filter_of_its_own_keeps_at_most_a_kilobyte_and_a_half_and_an_equal_one_half_a_kilobyte()
    {
        var figures = Enumerable.Range(0, Worlds).Select(_ => Measure()).ToList();
        figures.Max(static f => f.Own).Should().BeInRange(512, 1536);
        figures.Max(static f => f.Equal).Should().BeInRange(64, 512);
        figures.Max(static f => f.Definition).Should().BeInRange(64, 640);
        figures.Max(static f => f.Touched).Should().BeInRange(64, 768, "what judges changes is made for the first of them, and stays; what takes them apart is the table's");
    }

    private (double Definition, double Own, double Equal, double Touched) Measure()
    {
        var env = new ManualEnvironment();
        var server = new QuietServer();
        var kept = new List<object>(8 * Many);
        var told = new Counter();
        using var manager = new RealtimeChannelManager(
            new RealtimeOptions { Url = new Uri("http://127.0.0.1:54321"), ApiKey = "k", Tenant = "co_1" },
            new RealtimeDependencies { Environment = env.Environment, SocketFactory = server });
        var tables = new RealtimeTable<long, Todo>[2 * Many];
        Array.Fill(tables, Shop.Todos);
        Define(0);
        Subscribe(i => tables[i]);

        // The program's own, as it would be if it never subscribed: made here or there, it is not the subscription's.
        var definition = Kept("a filtered table, which the program makes", () => Define(Many));
        var own = Kept("a subscription with a filter of its own", () => Subscribe(i => tables[Many + i]));
        var equal = Kept("one more subscription to the same", () => Subscribe(_ => tables[0]));
        var touched = Kept("the first change of a subscription", () =>
        {
            for (var i = 0; i < Many; i++)
            {
                server.Socket!.Send(Change(server.Socket.Joined[^1].Topic, i));
                env.RunUntilIdle();
            }
        });

        server.Socket!.Joined.Sum(static j => j.Bindings).Should().Be(2 * Many, "each filter is a binding, and equal ones are one");
        told.Count.Should().Be((3 * Many) + Many, "each subscription began with a gap, and the last of the filters had a change each");
        GC.KeepAlive(tables);
        GC.KeepAlive(kept);
        return (definition, own, equal, touched);

        void Define(int from)
        {
            for (var i = from; i < from + Many; i++)
            {
                tables[i] = Shop.Todos.Where($"id=eq.{i}");
            }
        }

        void Subscribe(Func<int, RealtimeTable<long, Todo>> table)
        {
            for (var i = 0; i < Many; i++)
            {
                kept.Add(manager.Changes(table(i)).Subscribe(told));
            }

            env.Advance(TimeSpan.FromSeconds(20)); // live, and what is only for the time after a join is over
        }
    }

    private double Kept(string what, Action make)
    {
        var before = Memory();
        make();
        var each = (Memory() - before) / (double)Many;
        output.WriteLine($"{what}: {each:0} bytes");
        return each;
    }

    private static long Memory()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: false);
    }

    /// <summary>A change of the row that the binding asked for.</summary>
    private static string Change(string topic, int index) => $$$"""
        [null,null,"{{{topic}}}","postgres_changes",{"ids":[{{{index + 1}}}],"data":{"schema":"public","table":"todos","type":"INSERT",
         "commit_timestamp":"2026-11-22T10:46:23.124Z","errors":null,"record":{"id":{{{Many + index}}},"title":"t","done":false},
         "columns":[{"name":"id","type":"int8"},{"name":"title","type":"text"},{"name":"done","type":"bool"}]}}]
        """;

    /// <summary>One for all of them: the observer is the program's.</summary>
    private sealed class Counter : IObserver<TableChange<long, Todo>>
    {
        public int Count { get; private set; }

        public void OnNext(TableChange<long, Todo> value) => Count++;

        public void OnCompleted()
        {
        }

        public void OnError(Exception error) => throw error;
    }
}
