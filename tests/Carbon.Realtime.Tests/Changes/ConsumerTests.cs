using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Changes;

/// <summary>What consumers do, and what it may cost them and nobody else.</summary>
public sealed class ConsumerTests
{
    private readonly World _world = new();

    [Fact]
    public void A_slow_consumer_keeps_what_is_queued_loses_what_comes_and_is_told_once()
    {
        var world = new World(o => o.QueueCapacity = 16);
        using var seen = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos));
        world.Join();
        seen.Clear();
        var released = false;
        seen.OnElement = (_, _) =>
        {
            // The first element holds the consumer while 40 more are received: the scheduler runs the reader from inside.
            if (!released)
            {
                released = true;
                for (var i = 1; i <= 40; i++)
                {
                    Insert(world, i);
                }

                world.Run();
            }
        };
        Insert(world, 0);
        world.Run();
        Insert(world, 99);
        world.Run();
        seen.Items.Select(i => i.ToString()).Should().Equal(
            [.. Enumerable.Range(0, 17).Select(i => $"inserted {i}"), "gap (Overflow)", "inserted 99"]);
        seen.AssertContract();
    }

    [Fact]
    public void A_throwing_observer_loses_its_own_subscription_and_nothing_more()
    {
        using var bad = new StreamRecorder<TableChange<long, Todo>>(_world.Manager.Changes(Shop.Todos), (_, _) => throw new InvalidOperationException("mine"));
        using var good = new StreamRecorder<TableChange<long, Todo>>(_world.Manager.Changes(Shop.Todos));
        _world.Join();
        Insert(_world, 1);
        _world.Run();
        bad.Items.Should().HaveCount(1);
        good.Items.Should().HaveCount(2);
        good.Dispose();
        _world.Advance(6);
        _world.Socket.Frames("phx_leave").Should().ContainSingle("the one that threw holds nothing any more");
        _world.Log.Lines.Should().Contain(l => l.Contains("threw"));
    }

    [Fact]
    public void A_gap_keeps_its_place_among_the_changes_of_its_burst()
    {
        using var seen = new StreamRecorder<TableChange<long, Todo>>(_world.Manager.Changes(Shop.Todos));
        _world.Join();
        Insert(_world, 1);
        _world.Socket.Subscribed(_world.Socket.Join());
        Insert(_world, 2);
        _world.Run();
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "inserted 1", "gap (Resubscribed)", "inserted 2");
    }

    [Fact]
    public void A_burst_is_published_in_parts_and_its_last_part_even_when_the_socket_breaks()
    {
        var world = new World(o => o.QueueCapacity = 600);
        using var seen = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos));
        world.Join();
        for (var i = 0; i < 300; i++)
        {
            Insert(world, i);
        }

        world.Socket.Break();
        world.Run();
        seen.Items.Should().HaveCount(301, "what was received before the break is delivered");
    }

    [Fact]
    public async Task Elements_posted_from_many_threads_reach_an_observer_one_at_a_time()
    {
        const int Threads = 4, Each = 5000;
        var source = new Posted();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var seen = new StreamRecorder<int>(source, (recorder, _) =>
        {
            if (recorder.Count == Threads * Each)
            {
                done.TrySetResult();
            }
        });
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(t => Task.Run(() =>
        {
            for (var i = 0; i < Each; i++)
            {
                source.Delivery!.Post((t * Each) + i);
            }
        })));
        await done.Task.WaitAsync(TimeSpan.FromMinutes(1));
        seen.Items.Should().OnlyHaveUniqueItems();
        seen.Items.GroupBy(i => i / Each).Should().AllSatisfy(thread => thread.Should().BeInAscendingOrder());
    }

    private sealed class Posted : IObservable<int>, Carbon.Realtime.Primitives.IDeliveryOwner<int>
    {
        public Carbon.Realtime.Primitives.ObserverDelivery<int>? Delivery { get; private set; }

        public IDisposable Subscribe(IObserver<int> observer) =>
            Delivery = new(observer, WorkScheduler.ThreadPool, new(1_000_000, this), this);

        public int Overflowed() => -1;

        public void OnObserverThrew(Exception error)
        {
        }

        public void OnDisposed(Carbon.Realtime.Primitives.IDelivery<int> delivery)
        {
        }
    }

    [Fact]
    public void Disposing_inside_OnNext_is_the_end()
    {
        var seen = new StreamRecorder<TableChange<long, Todo>>(_world.Manager.Changes(Shop.Todos), (r, _) =>
        {
            if (r.Items.Count == 3)
            {
                r.Dispose();
            }
        });
        _world.Join();
        for (var i = 1; i <= 9; i++)
        {
            Insert(_world, i);
        }

        _world.Run();
        seen.Items.Should().HaveCount(3);
        seen.AssertContract();
        _world.Advance(6);
        _world.Socket.Frames("phx_leave").Should().ContainSingle();
    }

    [Fact]
    public void Subscribing_inside_OnNext_gives_a_subscription_like_any_other()
    {
        StreamRecorder<TableChange<long, Todo>>? inner = null;
        var stream = _world.Manager.Changes(Shop.Todos);
        using var outer = new StreamRecorder<TableChange<long, Todo>>(stream, (_, _) => inner ??= new StreamRecorder<TableChange<long, Todo>>(stream));
        _world.Join();
        Insert(_world, 1);
        _world.Run();
        inner!.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "inserted 1");
        inner.Dispose();
    }

    [Fact]
    public async Task WhenLiveAsync_starts_a_cold_stream_and_ends_with_its_token()
    {
        _world.AutoSubscribed = false;
        var stream = _world.Manager.Changes(Shop.Todos);
        using var cancel = new CancellationTokenSource();
        var cancelled = stream.WhenLiveAsync(cancel.Token);
        var live = stream.WhenLiveAsync();
        _world.Join();
        await cancel.CancelAsync();
        await cancelled.Invoking(t => t).Should().ThrowAsync<OperationCanceledException>();
        live.IsCompleted.Should().BeFalse();
        _world.Socket.Subscribed(_world.Socket.Join());
        _world.Run();
        live.IsCompletedSuccessfully.Should().BeTrue();
        _world.Advance(6);
        stream.Status.State.Should().Be(RealtimeState.Idle, "waiting is not holding");
        await stream.Invoking(s => s.WhenLiveAsync(new CancellationToken(true))).Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task ReadAllAsync_pulls_the_same_elements_and_unsubscribes_at_its_end()
    {
        var stream = _world.Manager.Changes(Shop.Todos);
        using var cancel = new CancellationTokenSource();
        await using var reader = stream.ReadAllAsync(cancel.Token).GetAsyncEnumerator(CancellationToken.None);
        var next = reader.MoveNextAsync().AsTask();
        _world.Join();
        (await next).Should().BeTrue();
        reader.Current.ToString().Should().Be("gap (Started)");
        Insert(_world, 1);
        Insert(_world, 2);
        _world.Run();
        (await reader.MoveNextAsync()).Should().BeTrue();
        (await reader.MoveNextAsync()).Should().BeTrue();
        reader.Current.ToString().Should().Be("inserted 2");
        var pending = reader.MoveNextAsync().AsTask();
        await cancel.CancelAsync();
        await pending.Invoking(t => t).Should().ThrowAsync<OperationCanceledException>();
        _world.Advance(6);
        _world.Socket.Frames("phx_leave").Should().ContainSingle();
    }

    [Fact]
    public async Task ReadAllAsync_ends_with_the_manager()
    {
        var stream = _world.Manager.Changes(Shop.Todos);
        await using var reader = stream.ReadAllAsync().GetAsyncEnumerator();
        var next = reader.MoveNextAsync().AsTask();
        _world.Join();
        await next;
        var end = reader.MoveNextAsync().AsTask();
        await _world.Env.RunAsync(_world.Manager.DisposeAsync().AsTask());
        (await end).Should().BeFalse();
    }

    [Fact]
    public void Status_is_followed_in_order_without_starting_the_stream()
    {
        var stream = _world.Manager.Changes(Shop.Todos);
        using var statuses = new StreamRecorder<RealtimeStatus>(stream.StatusChanges);
        _world.Advance(60);
        statuses.Items.Select(s => s.State).Should().Equal(RealtimeState.Idle);
        using var seen = new StreamRecorder<TableChange<long, Todo>>(stream);
        _world.Join();
        _world.Socket.Break();
        _world.Advance(2);
        seen.Dispose();
        _world.Advance(6);
        statuses.Items.Select(s => s.State).Should().Equal(
            RealtimeState.Idle, RealtimeState.Connecting, RealtimeState.Joining, RealtimeState.Live,
            RealtimeState.Recovering, RealtimeState.Connecting, RealtimeState.Joining, RealtimeState.Live, RealtimeState.Idle);
        statuses.AssertContract();
    }

    [Fact]
    public void Many_subscriptions_that_come_and_go_leave_nothing_behind()
    {
        for (var i = 0; i < 1000; i++)
        {
            var seen = new StreamRecorder<TableChange<long, Todo>>(_world.Manager.Changes(Shop.Todos.Where($"id=eq.{i}")));
            if (i % 3 == 0)
            {
                _world.Join();
            }

            seen.Dispose();
        }

        _world.Advance(120);
        _world.Manager.Status.State.Should().Be(RealtimeState.Idle);
        _world.Env.Time.ArmedTimers.Should().Be(0);
        _world.Env.Scheduler.Pending.Should().Be(0);
        var frames = _world.Server.Sockets.SelectMany(s => s.Frames()).ToList();
        frames.Count(f => f.Event == "phx_leave").Should().Be(frames.Count(f => f.Event == "phx_join"));
    }

    private static void Insert(World world, int id) =>
        world.Socket.Insert(world.Socket.Join(), "todos", $$"""{"id":{{id}},"title":"t","done":false}""");
}
