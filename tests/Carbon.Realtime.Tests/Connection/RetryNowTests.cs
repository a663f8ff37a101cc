using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Connection;

/// <summary>"The network is back."</summary>
public sealed class RetryNowTests
{
    [Fact]
    public void A_wait_for_the_next_dial_ends()
    {
        var world = new World();
        for (var i = 0; i < 8; i++)
        {
            world.Server.FailNext(new IOException("no route"));
        }

        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        while (world.Server.Dialed.Count < 8)
        {
            world.Advance(0.5);
        }

        world.Advance(0.5);
        stream.Status.State.Should().Be(RealtimeState.Recovering);
        world.Manager.RetryNow();
        world.Join();
        world.Server.Dialed.Should().HaveCount(9);
        stream.Status.State.Should().Be(RealtimeState.Live);
        seen.Items.Should().ContainSingle();
    }

    [Fact]
    public void A_slow_wait_of_the_connection_ends_for_somebody_may_have_cured_it()
    {
        var world = new World();
        world.Server.RefuseNext(403, """{"error":"Realtime was disabled for this tenant"}""");
        var stream = world.Manager.Changes(Shop.SalesOrders);
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        world.Advance(1);
        stream.Status.State.Should().Be(RealtimeState.Faulted);
        world.Manager.RetryNow();
        world.Join();
        stream.Status.State.Should().Be(RealtimeState.Live);
    }

    [Fact]
    public void Waits_of_channels_end_and_their_joins_go_out_a_few_at_a_time()
    {
        var world = new World { AutoJoin = false };
        var seen = Enumerable.Range(0, 10).Select(i => new StreamRecorder<TableChange<long, Todo>>(
            world.Manager.Changes(Shop.Todos.Where($"id=eq.{i}"), new ChangeStreamOptions { Group = $"g{i}" }))).ToList();
        world.Join();
        for (var i = 0; i < 10; i++)
        {
            world.Socket.RefuseJoin(world.Socket.Join(i), "Unauthorized: You do not have permissions to read from this Channel topic: x");
            world.Run();
        }

        world.Advance(6);
        world.Socket.Frames("phx_join").Should().HaveCount(10);
        for (var i = 0; i < 1000; i++)
        {
            world.Manager.RetryNow();
            world.Run();
        }

        world.Socket.Frames("phx_join").Should().HaveCount(14, "four are in flight");
        world.AutoJoin = true;
        for (var i = 10; i < 14; i++)
        {
            world.Socket.AcceptJoin(world.Socket.Join(i));
            world.Socket.Subscribed(world.Socket.Join(i));
        }

        world.Run();
        world.Socket.Frames("phx_join").Should().HaveCount(20);
        seen.Should().OnlyContain(s => s.Items.Count == 1);
    }

    [Fact]
    public async Task Where_nothing_waits_it_does_nothing()
    {
        var world = new World();
        world.Manager.RetryNow();
        world.Advance(1);
        world.Server.Dialed.Should().BeEmpty("nobody needs a connection");

        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        var sent = world.Socket.Sent.Count;
        world.Manager.RetryNow();
        world.Advance(1);
        world.Server.Dialed.Should().HaveCount(1);
        world.Socket.Sent.Should().HaveCount(sent, "it is live");

        await world.Env.RunAsync(world.Manager.DisposeAsync().AsTask());
        world.Manager.RetryNow();
        world.Advance(1);
        world.Server.Dialed.Should().HaveCount(1, "nothing waits after disposal");
        world.Env.Time.ArmedTimers.Should().Be(0);
    }

    [Fact]
    public void Calling_it_in_a_loop_while_a_try_is_under_way_does_not_storm()
    {
        var tokens = new FakeTokens { Token = "t" };
        var world = new World(tokens: tokens);
        world.Server.FailNext(new IOException("no route"));
        world.Server.HangNext();
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Advance(2);
        world.Server.Dialed.Should().HaveCount(2, "the second hangs");
        var asked = tokens.Asked.Count;
        for (var i = 0; i < 1000; i++)
        {
            world.Manager.RetryNow();
            world.Run();
        }

        world.Advance(10);
        world.Server.Dialed.Should().HaveCount(2);
        tokens.Asked.Should().HaveCount(asked);
    }

    [Fact]
    public void Calling_it_in_a_loop_while_every_try_fails_at_once_keeps_the_shortest_wait_between_tries()
    {
        var world = new World();
        for (var i = 0; i < 100; i++)
        {
            world.Server.FailNext(new IOException("no route"));
        }

        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        for (var i = 0; i < 1000; i++)
        {
            world.Manager.RetryNow();
            world.Advance(0.01);
        }

        world.Server.Dialed.Count.Should().BeInRange(15, 21, "ten seconds, and half a second between two tries");
    }

    [Fact]
    public void Many_threads_at_once_are_one_try()
    {
        var world = new World();
        world.Server.FailNext(new IOException("no route"));
        world.Server.HangNext();
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Advance(0.5);
        Parallel.For(0, 64, _ => world.Manager.RetryNow());
        world.Advance(5);
        world.Server.Dialed.Should().HaveCount(2);
    }

    [Fact]
    public void A_wait_that_the_server_asked_for_is_kept()
    {
        var world = new World();
        world.Server.RefuseNext(429, """{"error":"Too many joins per second"}""");
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Run();
        var due = world.Manager.Status.NextRetry!.Value - world.Env.Time.GetUtcNow();
        world.Env.Advance(due - TimeSpan.FromMilliseconds(10));
        world.Manager.RetryNow();
        world.Run();
        world.Server.Dialed.Should().HaveCount(1);
        world.Advance(0.02);
        world.Server.Dialed.Should().HaveCount(2);
    }
}
