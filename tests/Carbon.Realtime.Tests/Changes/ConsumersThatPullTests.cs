using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Changes;

/// <summary>Consumers that pull or wait, and leave in the middle.</summary>
public sealed class ConsumersThatPullTests
{
    private readonly World _world = new();

    private IChangeStream<long, Todo> Todos => _world.Manager.Changes(Shop.Todos);

    [Fact]
    public async Task Breaking_out_of_await_foreach_ends_the_subscription()
    {
        var read = ReadAsync(1);
        _world.Join();
        await read;
        AssertLeft();
    }

    [Fact]
    public async Task An_error_inside_await_foreach_ends_the_subscription()
    {
        var read = FailAsync();
        _world.Join();
        await read.Invoking(r => r).Should().ThrowAsync<InvalidOperationException>();
        AssertLeft();

        async Task FailAsync()
        {
            await foreach (var change in Todos.ReadAllAsync())
            {
                throw new InvalidOperationException("mine");
            }
        }
    }

    [Fact]
    public async Task Disposing_an_enumerator_early_ends_what_it_began()
    {
        await Todos.ReadAllAsync().GetAsyncEnumerator().DisposeAsync();
        _world.Run();
        _world.Server.Dialed.Should().BeEmpty("it had begun nothing");

        var begun = Todos.ReadAllAsync().GetAsyncEnumerator();
        var first = begun.MoveNextAsync().AsTask();
        _world.Join();
        (await first).Should().BeTrue();
        Insert(1);
        _world.Run();
        await begun.DisposeAsync();
        AssertLeft();
    }

    [Fact]
    public async Task A_token_that_was_cancelled_before_begins_nothing()
    {
        var read = Todos.ReadAllAsync(new CancellationToken(true)).GetAsyncEnumerator();
        await FluentActions.Awaiting(() => read.MoveNextAsync().AsTask()).Should().ThrowAsync<OperationCanceledException>();
        await read.DisposeAsync();
        _world.Advance(120);
        _world.Server.Dialed.Should().BeEmpty();
        Leftovers.Of(_world).Should().Be(Leftovers.None);
    }

    [Fact]
    public async Task Cancelling_while_elements_wait_ends_the_enumeration_before_the_next()
    {
        using var cancel = new CancellationTokenSource();
        var read = Todos.ReadAllAsync(cancel.Token).GetAsyncEnumerator(CancellationToken.None);
        var first = read.MoveNextAsync().AsTask();
        _world.Join();
        await first;
        for (var i = 1; i <= 10; i++)
        {
            Insert(i);
        }

        _world.Run();
        (await read.MoveNextAsync()).Should().BeTrue();
        await cancel.CancelAsync();
        await FluentActions.Awaiting(() => read.MoveNextAsync().AsTask()).Should().ThrowAsync<OperationCanceledException>();
        AssertLeft();
    }

    [Fact]
    public async Task Ten_thousand_waits_that_are_cancelled_leave_nothing()
    {
        _world.AutoJoin = false;
        using var cancel = new CancellationTokenSource();
        var waits = Enumerable.Range(0, 10_000).Select(i => _world.Manager.Changes(Shop.Todos.Where($"id=eq.{i % 20}")).WhenLiveAsync(cancel.Token)).ToList();
        _world.Join();
        await cancel.CancelAsync();
        waits.Should().OnlyContain(w => w.IsCanceled);
        _world.Advance(120);
        Leftovers.Of(_world).Should().Be(Leftovers.None);
        _world.Env.Time.ArmedTimers.Should().Be(0);
    }

    [Fact]
    public async Task A_stream_that_ended_is_pulled_in_a_loop_at_walking_pace()
    {
        var stream = _world.Manager.Changes(Shop.SalesOrders);
        _world.Manager.Tenant.Set("co_2");
        var read = stream.ReadAllAsync().GetAsyncEnumerator();
        var end = read.MoveNextAsync().AsTask();
        _world.Run();
        end.IsCompleted.Should().BeFalse();
        _world.Advance(1);
        (await FluentActions.Awaiting(() => end).Should().ThrowAsync<RealtimeException>()).Which.Reason.Should().Be(RealtimeErrorReason.TenantChanged);
    }

    private void AssertLeft()
    {
        _world.Advance(6);
        _world.Socket.Frames("phx_leave").Should().ContainSingle();
        _world.Advance(120);
        Leftovers.Of(_world).Should().Be(Leftovers.None);
    }

    private async Task ReadAsync(int count)
    {
        await foreach (var change in Todos.ReadAllAsync())
        {
            if (--count == 0)
            {
                break;
            }
        }
    }

    private void Insert(int id) =>
        _world.Socket.Insert(_world.Socket.Join(), "todos", $$"""{"id":{{id}},"title":"t","done":false}""");
}
