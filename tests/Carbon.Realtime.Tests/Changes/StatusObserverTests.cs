using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Changes;

/// <summary>Followers of a status that bite.</summary>
public sealed class StatusObserverTests
{
    private readonly World _world = new();

    [Fact]
    public void A_follower_of_a_stream_that_throws_is_told_to_the_log_by_the_tables_name_and_costs_nobody_else()
    {
        var stream = _world.Manager.Changes(Shop.Todos);
        var told = 0;
        using var bad = stream.StatusChanges.Subscribe(_ =>
        {
            told++;
            throw new InvalidOperationException("mine");
        });
        using var good = new StreamRecorder<RealtimeStatus>(stream.StatusChanges);
        using var seen = new StreamRecorder<TableChange<long, Todo>>(stream);
        _world.Join();
        told.Should().Be(1, "it lost its own subscription");
        good.Items[^1].State.Should().Be(RealtimeState.Live);
        seen.Items.Should().ContainSingle();
        _world.Log.Lines.Should().ContainSingle(l => l.Contains("threw"))
            .Which.Should().StartWith("Warning Carbon.Realtime.Changes").And.Contain("public.todos").And.Contain("mine");
        good.Dispose();
        Leftovers.Of(_world).Followed.Should().Be(0, "the one that threw holds nothing any more");
    }

    [Fact]
    public void A_follower_of_the_manager_that_throws_is_told_to_the_log()
    {
        using var bad = _world.Manager.StatusChanges.Subscribe(_ => throw new InvalidOperationException("mine"));
        using var good = new StreamRecorder<RealtimeStatus>(_world.Manager.StatusChanges);
        using var seen = new StreamRecorder<TableChange<long, Todo>>(_world.Manager.Changes(Shop.Todos));
        _world.Join();
        good.Items[^1].State.Should().Be(RealtimeState.Live);
        _world.Log.Lines.Should().ContainSingle(l => l.Contains("threw"))
            .Which.Should().StartWith("Warning Carbon.Realtime.Channels").And.Contain("manager's status");
    }

    [Fact]
    public async Task A_follower_that_throws_at_the_end_is_told_too()
    {
        using var bad = _world.Manager.StatusChanges.Subscribe(static _ => { }, static () => throw new InvalidOperationException("mine"));
        await _world.Env.RunAsync(_world.Manager.DisposeAsync().AsTask());
        _world.Run();
        _world.Log.Lines.Should().ContainSingle(l => l.Contains("threw"));
    }

    [Fact]
    public void A_follower_may_subscribe_dispose_and_follow_inside_its_own_call()
    {
        var stream = _world.Manager.Changes(Shop.Todos);
        StreamRecorder<TableChange<long, Todo>>? seen = null;
        StreamRecorder<RealtimeStatus>? inner = null;
        using var outer = new StreamRecorder<RealtimeStatus>(stream.StatusChanges, (_, status) =>
        {
            seen ??= new StreamRecorder<TableChange<long, Todo>>(stream);
            inner ??= new StreamRecorder<RealtimeStatus>(stream.StatusChanges);
            if (status.State == RealtimeState.Live)
            {
                seen.Dispose();
            }
        });
        _world.Join();
        inner!.Items[^1].State.Should().Be(RealtimeState.Live);
        _world.Advance(6);
        outer.Items[^1].State.Should().Be(RealtimeState.Idle);
        outer.AssertContract();
        inner.Dispose();
    }
}
