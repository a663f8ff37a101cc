using System.Reactive.Linq;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Changes;

/// <summary>Consumers that throw, call back, never return in time or leave in the middle.</summary>
public sealed class ConsumersThatBiteTests
{
    private readonly World _world = new();

    private IChangeStream<long, Todo> Todos => _world.Manager.Changes(Shop.Todos);

    private IChangeStream<string, SalesOrder> Orders => _world.Manager.Changes(Shop.SalesOrders);

    [Fact]
    public void An_observer_that_throws_in_OnError_takes_nobody_with_it()
    {
        var told = 0;
        using var bad = Orders.Subscribe(
            _ => { },
            _ =>
            {
                told++;
                throw new InvalidOperationException("mine");
            });
        using var good = new StreamRecorder<TableChange<string, SalesOrder>>(Orders);
        _world.Join();
        _world.Manager.Tenant.Set("co_2");
        _world.Run();
        told.Should().Be(1);
        good.Error.Should().BeOfType<RealtimeException>();
        _world.Log.Lines.Should().ContainSingle(l => l.Contains("salesOrder") && l.Contains("threw"));
        using var next = new StreamRecorder<TableChange<string, SalesOrder>>(Orders);
        _world.Join();
        next.Items.Should().ContainSingle();
    }

    [Fact]
    public async Task An_observer_that_throws_in_OnCompleted_takes_nobody_with_it_and_does_not_stop_the_disposal()
    {
        using var bad = Todos.Subscribe(_ => { }, () => throw new InvalidOperationException("mine"));
        using var good = new StreamRecorder<TableChange<long, Todo>>(Todos);
        _world.Join();
        await _world.Env.RunAsync(_world.Manager.DisposeAsync().AsTask());
        _world.Run();
        good.IsCompleted.Should().BeTrue();
        _world.Log.Lines.Should().ContainSingle(l => l.Contains("threw"));
        _world.Env.Time.ArmedTimers.Should().Be(0);
    }

    [Fact]
    public void Disposing_the_manager_inside_OnNext_ends_every_stream_once_and_in_order()
    {
        using var killer = new StreamRecorder<TableChange<long, Todo>>(Todos, (r, _) =>
        {
            if (r.Count == 3)
            {
                _world.Manager.Dispose();
            }
        });
        using var other = new StreamRecorder<TableChange<long, Todo>>(Todos);
        _world.Join();
        for (var i = 1; i <= 9; i++)
        {
            Insert(i);
        }

        _world.Run();
        _world.Advance(3);
        killer.IsCompleted.Should().BeTrue();
        other.IsCompleted.Should().BeTrue();
        other.Items.Select(i => i.ToString()).Should().StartWith(["gap (Started)", "inserted 1"], "what was received before is delivered before the end");
        _world.Socket.IsClosedByClient.Should().BeTrue();
        _world.Env.Time.ArmedTimers.Should().Be(0);
    }

    [Fact]
    public void Changing_the_tenant_inside_OnNext_and_taking_the_new_stream_inside_OnError_works()
    {
        StreamRecorder<TableChange<string, SalesOrder>>? next = null;
        using var first = Orders.Subscribe(
            change =>
            {
                if (change is Inserted<string, SalesOrder>)
                {
                    _world.Manager.Tenant.Set("co_2");
                }
            },
            _ => next = new StreamRecorder<TableChange<string, SalesOrder>>(Orders));
        _world.Join();
        _world.Socket.Insert(_world.Socket.Join(), "salesOrder", """{"id":"so_1","companyId":"co_1","status":"new"}""");
        _world.Run();
        _world.Join();
        next!.Items.Select(i => i.ToString()).Should().Equal("gap (Started)");
        _world.Socket.Join().Bindings.Single().GetProperty("filter").GetString().Should().Be("companyId=eq.co_2");
        next.Dispose();
    }

    [Fact]
    public void Waiting_for_live_inside_OnNext_is_waiting_for_what_is()
    {
        Task? live = null;
        using var seen = new StreamRecorder<TableChange<long, Todo>>(Todos, (_, _) => live ??= Todos.WhenLiveAsync());
        _world.Join();
        live!.IsCompletedSuccessfully.Should().BeTrue();
    }

    [Fact]
    public void A_handler_that_takes_minutes_costs_no_heartbeat_and_no_socket()
    {
        var slept = false;
        using var slow = new StreamRecorder<TableChange<long, Todo>>(Todos, (_, change) =>
        {
            if (change is Inserted<long, Todo> && !slept)
            {
                // The scheduler runs everything else from inside, as the thread pool would beside it.
                slept = true;
                _world.Advance(180);
            }
        });
        using var other = new StreamRecorder<TableChange<long, Todo>>(Todos);
        _world.Join();
        var before = _world.Socket.Frames("heartbeat").Count;
        Insert(1);
        _world.Run();
        slept.Should().BeTrue();
        (_world.Socket.Frames("heartbeat").Count - before).Should().BeInRange(7, 8, "one every 25 s");
        _world.Server.Sockets.Should().ContainSingle();
        other.Items.Should().HaveCount(2);
        Insert(2);
        _world.Run();
        slow.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "inserted 1", "inserted 2");
    }

    [Fact]
    public void Subscribing_again_to_an_ended_stream_inside_its_own_OnError_goes_round_at_walking_pace()
    {
        var stream = Orders;
        var errors = 0;
        using var stubborn = stream.Do(static _ => { }, _ => errors++).Retry().Subscribe(static _ => { });
        _world.Join();
        _world.Manager.Tenant.Set("co_2");
        _world.Run();
        errors.Should().Be(1, "the stream has ended for good: it says so once and again only after a pause");
        _world.Advance(60);
        errors.Should().BeInRange(30, 61);
        stubborn.Dispose();
        _world.Advance(60);
        Leftovers.Of(_world).Should().Be(Leftovers.None);
    }

    [Fact]
    public async Task Whoever_waits_for_the_end_of_an_ended_stream_is_told_by_the_managers_disposal_at_the_latest()
    {
        var stream = Orders;
        _world.Manager.Tenant.Set("co_2");
        using var late = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        _world.Run();
        late.Error.Should().BeNull();
        await _world.Env.RunAsync(_world.Manager.DisposeAsync().AsTask(), TimeSpan.FromSeconds(0.5));
        _world.Run();
        late.Error.Should().BeOfType<RealtimeException>().Which.Reason.Should().Be(RealtimeErrorReason.TenantChanged);
    }

    [Fact]
    public void A_refused_stream_never_errs_so_that_nobody_can_resubscribe_in_a_storm()
    {
        _world.AutoSubscribed = false;
        var subscriptions = 0;
        using var stubborn = Observable.Defer(() =>
        {
            subscriptions++;
            return Todos;
        }).Retry().Subscribe(static _ => { });
        _world.Join();
        _world.Socket.System(_world.Socket.Join(), "postgres_changes", "error",
            "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect parameters: [event: *, schema: public, table: todos]");
        _world.Advance(25);
        Todos.Status.State.Should().Be(RealtimeState.Faulted);
        subscriptions.Should().Be(1);
        _world.Socket.Frames("phx_join").Should().ContainSingle();
    }

    [Fact]
    public void Subscribing_and_disposing_the_stream_inside_OnNext_neither_flaps_the_channel_nor_recurses()
    {
        var deepest = 0;
        var depth = 0;
        using var outer = new StreamRecorder<TableChange<long, Todo>>(Todos, (_, _) =>
        {
            deepest = Math.Max(deepest, ++depth);
            for (var i = 0; i < 100; i++)
            {
                new StreamRecorder<TableChange<long, Todo>>(Todos).Dispose();
            }

            depth--;
        });
        _world.Join();
        for (var i = 0; i < 20; i++)
        {
            Insert(i);
        }

        _world.Run();
        outer.Items.Should().HaveCount(21);
        deepest.Should().Be(1);
        _world.Socket.Frames("phx_join").Should().ContainSingle();
        _world.Socket.Frames("phx_leave").Should().BeEmpty();
    }

    [Fact]
    public void A_subscription_that_ends_while_its_socket_is_being_opened_joins_nothing()
    {
        var open = new TaskCompletionSource();
        _world.Server.HoldNext(open.Task);
        new StreamRecorder<TableChange<long, Todo>>(Todos).Dispose();
        _world.Advance(6);
        open.SetResult();
        _world.Advance(120);
        _world.Server.Sockets.Where(s => s.Frames("phx_join").Count > 0).Should().BeEmpty();
        Leftovers.Of(_world).Should().Be(Leftovers.None);
    }

    [Fact]
    public void A_subscription_that_ends_while_its_join_is_in_flight_leaves_once_and_a_late_ok_changes_nothing()
    {
        _world.AutoJoin = false;
        new StreamRecorder<TableChange<long, Todo>>(Todos).Dispose();
        _world.Join();
        var join = _world.Socket.Join();
        _world.Advance(6);
        _world.Socket.Frames("phx_leave").Should().ContainSingle().Which.JoinRef.Should().Be(join.Ref);
        _world.Socket.AcceptJoin(join);
        _world.Socket.Subscribed(join);
        _world.Run();
        Todos.Status.State.Should().Be(RealtimeState.Idle);
        _world.Advance(120);
        Leftovers.Of(_world).Should().Be(Leftovers.None);
        _world.Socket.Frames("phx_leave").Should().ContainSingle();
    }

    [Fact]
    public void A_subscription_that_ends_while_changes_are_being_received_hears_none_of_them()
    {
        var seen = new StreamRecorder<TableChange<long, Todo>>(Todos);
        _world.Join();
        Insert(1);
        seen.Dispose();
        _world.Run();
        seen.Items.Should().ContainSingle();
        seen.AssertContract();
    }

    [Fact]
    public async Task Disposing_the_manager_while_changes_are_being_received_ends_the_streams_in_good_order()
    {
        using var seen = new StreamRecorder<TableChange<long, Todo>>(Todos);
        _world.Join();
        for (var i = 1; i <= 600; i++)
        {
            Insert(i);
        }

        for (var i = 0; i < 3; i++)
        {
            _world.Env.Scheduler.RunOne();
        }

        await _world.Env.RunAsync(_world.Manager.DisposeAsync().AsTask());
        _world.Run();
        seen.IsCompleted.Should().BeTrue();
        seen.AssertContract();
        _world.Env.Time.ArmedTimers.Should().Be(0);
    }

    private void Insert(int id) =>
        _world.Socket.Insert(_world.Socket.Join(), "todos", $$"""{"id":{{id}},"title":"t","done":false}""");
}
