using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Changes;

public sealed class AllocationTests
{
    /// <summary>Issue "Main job" 12: the row's object graph and at most 150 bytes; the element itself takes 40 of them.</summary>
    private const int Allowed = 150;

    [Fact]
    public void A_change_costs_its_row_and_little_more() => Measure(new World());

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
        Measure(new World(meters: meters.Object));
        lags.Should().BeGreaterThan(600, "or nobody listened");
    }

    private static void Measure(World world)
    {
        const string Row = """{"id":123456,"title":"a title of some length","done":true}""";
        using var seen = world.Manager.Changes(Shop.Todos).Subscribe(_ => { });
        world.Join();
        const int Count = 200;
        var utf8 = Encoding.UTF8.GetBytes(Row);
        long Receive(int count)
        {
            for (var i = 0; i < count; i++)
            {
                world.Socket.Insert(world.Socket.Join(), "todos", Row);
            }

            // Frames are queued above, outside the measurement; what is measured is the client's way from the socket to OnNext.
            var before = GC.GetAllocatedBytesForCurrentThread();
            world.Run();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Receive(Count);
        Receive(Count);
        var perEvent = Receive(Count) / (double)Count;
        var startRows = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Count; i++)
        {
            _ = JsonSerializer.Deserialize(utf8, RowsJson.Default.Todo);
        }

        var perRow = (GC.GetAllocatedBytesForCurrentThread() - startRows) / (double)Count;
        perEvent.Should().BeLessThanOrEqualTo(perRow + Allowed);
        perEvent.Should().BeGreaterThanOrEqualTo(perRow, "or the rows were not made and nothing was measured");
    }
}
