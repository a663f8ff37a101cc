using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Hostile;

/// <summary>A client with a live stream, for a hostile server to aim at; and what must hold when that server begins to behave.</summary>
internal sealed class Target
{
    private int _fresh;

    public Target(Action<RealtimeOptions>? configure = null)
    {
        World = new World(configure);
        Stream = World.Manager.Changes(Shop.SalesOrders);
        Seen = new StreamRecorder<TableChange<string, SalesOrder>>(Stream);
    }

    public World World { get; }

    public IChangeStream<string, SalesOrder> Stream { get; }

    public StreamRecorder<TableChange<string, SalesOrder>> Seen { get; }

    public FakeRealtimeSocket Socket => World.Socket;

    public SentFrame Join => World.Socket.Join();

    /// <summary>Live, or told by the server that the table cannot be sent, which the next whole change ends.</summary>
    private bool IsServed => Stream.Status is { State: RealtimeState.Live } or { State: RealtimeState.Faulted, Error.Reason: RealtimeErrorReason.TableMisconfigured };

    public Target Live()
    {
        World.Join();
        Stream.Status.State.Should().Be(RealtimeState.Live);
        return this;
    }

    public void Deliver(string frame)
    {
        Socket.Deliver(frame);
        World.Run();
    }

    /// <summary>The server behaves again, but may never answer what it was asked before: that has to time out first.</summary>
    public void AssertUnharmedAfterTimeouts(string what)
    {
        World.Advance(20);
        AssertUnharmed(what);
    }

    /// <summary>The server behaves again: the stream is live within <paramref name="seconds"/>, and a fresh change comes, once.</summary>
    public void AssertUnharmed(string what, double seconds = 700)
    {
        for (var left = seconds; !IsServed && left > 0; left--)
        {
            World.Advance(1);
        }

        IsServed.Should().BeTrue($"{what} ({Stream.Status})");
        var id = $"fresh_{_fresh++}";
        Socket.Insert(Join, "salesOrder", $$"""{"id":"{{id}}","companyId":"co_1","status":"Draft"}""");
        World.Run();
        Seen.Items.Count(change => change is Inserted<string, SalesOrder> inserted && inserted.Key == id).Should().Be(1, what);
        Seen.Items[0].ToString().Should().Be("gap (Started)", what);
        Seen.Items.Count(static change => change switch
        {
            Inserted<string, SalesOrder> inserted => inserted.Row.CompanyId != "co_1",
            Updated<string, SalesOrder> updated => updated.Row.CompanyId != "co_1",
            _ => false,
        }).Should().Be(0, what);
        Seen.Error.Should().BeNull(what);
        Seen.AssertContract();
        World.Manager.Deadlines.Count.Should().BeLessThan(10, what);
    }
}
