using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Changes;

/// <summary>What a change costs beside its row (docs/performance.md): the element that carries it, and nothing else.</summary>
public sealed class AllocationTests
{
    /// <summary>An element with its time, key and row; 8 bytes more where it may carry what was before.</summary>
    private const int Allowed = 48;

    private const string Row = """{"id":123456,"title":"a title of some length","done":true}""";

    [Fact]
    public void An_insert_costs_its_row_and_an_element() => RowsAndElements(new World(), static socket => socket.Insert(socket.Join(), "todos", Row));

    [Fact]
    public void An_update_costs_its_row_and_an_element() =>
        RowsAndElements(new World(), static socket => socket.Update(socket.Join(), "todos", Row, """{"id":123456}"""));

    [Fact]
    public void A_delete_costs_an_element() => Cost(new World(), static socket => socket.Delete(socket.Join(), "todos", """{"id":123456}""")).Should().BeInRange(1, Allowed);

    [Fact]
    public void Metrics_that_somebody_listens_to_cost_a_change_nothing_more()
    {
        var lags = 0;
        var meters = new Moq.Mock<IMeterFactory>();
        using var meter = new Meter(new MeterOptions("Carbon.Realtime") { Scope = meters.Object });
        meters.Setup(m => m.Create(Moq.It.IsAny<MeterOptions>())).Returns(meter);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Meter == meter)
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => lags++);
        listener.Start();
        RowsAndElements(new World(meters: meters.Object), static socket => socket.Insert(socket.Join(), "todos", Row));
        lags.Should().BeGreaterThan(600, "or nobody listened");
    }

    private static void RowsAndElements(World world, Action<FakeRealtimeSocket> send)
    {
        var utf8 = Encoding.UTF8.GetBytes(Row);
        var row = PerOne(count =>
        {
            for (var i = 0; i < count; i++)
            {
                _ = JsonSerializer.Deserialize(utf8, RowsJson.Default.Todo);
            }
        });
        Cost(world, send).Should().BeInRange(row, row + Allowed, "below that no rows were made, and nothing was measured");
    }

    /// <summary>The bytes that a change makes the client allocate, from the socket to <c>OnNext</c>, when nothing is new to it any more.</summary>
    private static double Cost(World world, Action<FakeRealtimeSocket> send)
    {
        using var seen = world.Manager.Changes(Shop.Todos).Subscribe(_ => { });
        world.Join();
        return PerOne(
            _ => world.Run(),
            count =>
            {
                for (var i = 0; i < count; i++)
                {
                    send(world.Socket); // queued only: what is measured is the client's way
                }
            });
    }

    /// <summary>What one more costs: what is paid once for a burst, however long it is, is not a change's.</summary>
    private static double PerOne(Action<int> run, Action<int>? prepare = null)
    {
        const int Few = 50;
        const int More = 250; // no more wait at once than a queue keeps room for
        Measure(More);
        Measure(More); // a queue has two arrays that change places
        return (Measure(More) - Measure(Few)) / (double)(More - Few);

        long Measure(int count)
        {
            prepare?.Invoke(count);
            var before = GC.GetAllocatedBytesForCurrentThread();
            run(count);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }
}
