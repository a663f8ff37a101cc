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
    public void A_first_loss_is_no_failed_attempt_and_times_say_that_they_are_UTC()
    {
        var world = new World();
        var stream = world.Manager.Changes(Shop.Todos);
        using var seen = new StreamRecorder<TableChange<long, Todo>>(stream);
        world.Join();
        world.Server.RefuseNext(503, "");
        world.Socket.Break(new IOException("reset by peer"));
        world.Run();
        stream.Status.ToString().Should().MatchRegex("^Recovering, next try at [0-9:]{8}Z: The connection was lost ");
        stream.Status.ToString().Should().Contain(stream.Status.NextRetry!.Value.UtcDateTime.ToString("HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture));
        world.Advance(1);
        stream.Status.ToString().Should().MatchRegex("^Recovering, 2 failures in a row, next try at [0-9:]{8}Z: The server cannot serve right now[.] ");
        stream.Status.Attempt.Should().Be(2);
    }

    [Fact]
    public void No_status_is_told_twice_in_a_row()
    {
        var tokens = new FakeTokens { Token = "one" };
        var world = new World(tokens: tokens) { AutoJoin = false };
        var stream = world.Manager.Changes(Shop.Todos);
        using var statuses = new StreamRecorder<RealtimeStatus>(stream.StatusChanges);
        using var manager = new StreamRecorder<RealtimeStatus>(world.Manager.StatusChanges);
        using var seen = new StreamRecorder<TableChange<long, Todo>>(stream);
        world.Join();
        for (var i = 0; i < 4; i++)
        {
            // A signature that a fresh token does not cure, and the same token given again.
            world.Socket.RefuseJoin(world.Socket.Join(), "JwtSignatureError: Failed to validate JWT signature");
            world.Run();
            tokens.Token = i < 2 ? $"fresh {i}" : tokens.Token;
            world.Advance(700);
        }

        world.AutoJoin = true;
        world.Advance(1200);
        for (var i = 0; i < 5; i++)
        {
            // What the server tries by itself it complains of every few seconds.
            world.Socket.System(world.Socket.Join(), "postgres_changes", "error", "IncreaseSubscriptionConnectionPool: Too many database timeouts");
            world.Advance(5);
        }

        statuses.Items.Count(static s => s.Error?.Message.Contains("database timeouts", StringComparison.Ordinal) == true).Should().Be(1);
        statuses.Items.Should().HaveCountGreaterThan(8);
        foreach (var told in new[] { statuses.Items, manager.Items })
        {
            told.Zip(told.Skip(1)).Should().AllSatisfy(static pair => (pair.Second.ToString(), pair.Second.NextRetry).Should().NotBe((pair.First.ToString(), pair.First.NextRetry)));
        }
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
