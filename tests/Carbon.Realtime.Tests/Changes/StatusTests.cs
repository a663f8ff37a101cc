using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Changes;

public sealed class StatusTests
{
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static StreamRecorder<RealtimeStatus> Follow(World w) => new(w.Manager.Changes(Shop.SalesOrders).StatusChanges);

    [Fact]
    public void The_last_status_says_why_and_is_told_once()
    {
        var world = new World();
        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var st = new StreamRecorder<RealtimeStatus>(stream.StatusChanges);
        world.Manager.Tenant.Set("co_2");
        world.Run();
        (st.Items.Count(s => s.State == RealtimeState.Closed), stream.Status.Error?.Reason).Should().Be((1, RealtimeErrorReason.TenantChanged));
    }

    [Fact]
    public async Task Who_follows_a_status_keeps_the_feed_alive()
    {
        var world = new World();
        var statuses = Follow(world);
        world.Run();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        var states = string.Join(",", statuses.Items.Select(i => i.State));
        await world.Env.RunAsync(world.Manager.DisposeAsync().AsTask());
        world.Run();
        (states, statuses.IsCompleted).Should().Be(("Idle,Connecting,Joining,Live", true));
    }
}
