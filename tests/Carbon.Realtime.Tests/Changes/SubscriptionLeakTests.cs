using System.Runtime.CompilerServices;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Changes;

/// <summary>Ten thousand of everything, and then nothing.</summary>
public sealed class SubscriptionLeakTests
{
    private const int Many = 10_000;

    private readonly World _world = new();

    [Fact]
    public void Ten_thousand_subscriptions_that_come_and_go_leave_no_channel_timer_work_or_object()
    {
        var gone = new List<WeakReference>();
        for (var i = 0; i < Many; i++)
        {
            gone.AddRange(ComeAndGo(i % 40, joins: i % 25 == 0));
            if (i % 1000 == 999)
            {
                _world.Advance(6);
            }
        }

        AssertNothingIsLeft();
        Collect();
        gone.Count(static reference => reference.IsAlive).Should().Be(0);
        Leftovers.PlacesOf(_world).Feeds.Should().Be(0);
        var frames = _world.Server.Sockets.SelectMany(s => s.Frames()).ToList();
        var joins = frames.Count(f => f.Event == "phx_join");
        joins.Should().BeGreaterThan(10).And.BeLessThan(Many / 10, "going from page to page does not flap the channel");
        frames.Count(f => f.Event == "phx_leave").Should().Be(joins);
    }

    [Fact]
    public void Ten_thousand_different_streams_that_are_disposed_leave_nothing()
    {
        for (var i = 0; i < Many; i++)
        {
            _ = ComeAndGo(i, joins: i % 500 == 0);
            if (i % 500 == 499)
            {
                _world.Advance(6);
                Collect();
            }
        }

        AssertNothingIsLeft();
        Collect();
        var (places, feeds) = Leftovers.PlacesOf(_world);
        feeds.Should().Be(0);
        places.Should().BeLessThan(2000, "empty places are swept as their number doubles");
    }

    [Fact]
    public void Ten_thousand_subscriptions_of_equal_streams_are_one_binding_and_one_decoded_change()
    {
        var all = Enumerable.Range(0, Many).Select(_ => new StreamRecorder<TableChange<long, Todo>>(_world.Manager.Changes(Shop.Todos.Where("id=gt.5")))).ToList();
        _world.Join();
        _world.Socket.Frames("phx_join").Should().ContainSingle().Which.Bindings.Should().ContainSingle();
        _world.Socket.Insert(_world.Socket.Join(), "todos", """{"id":9,"title":"t","done":false}""");
        _world.Run();
        all.Should().OnlyContain(s => s.Items.Count == 2);
        all.Select(static s => s.Items[1]).Distinct(ReferenceEqualityComparer.Instance).Should().ContainSingle();
        all.ForEach(static s => s.Dispose());
        AssertNothingIsLeft();
    }

    [Fact]
    public void Ten_thousand_followers_of_a_status_that_come_and_go_hold_no_feed()
    {
        for (var i = 0; i < Many; i++)
        {
            FollowAndGo(i % 40);
        }

        AssertNothingIsLeft();
        Collect();
        Leftovers.PlacesOf(_world).Feeds.Should().Be(0);
        _world.Server.Dialed.Should().BeEmpty("following starts nothing");
    }

    [Fact]
    public void Ten_thousand_scopes_with_tokens_of_their_own_that_come_and_go_leave_no_session()
    {
        for (var i = 0; i < Many; i++)
        {
            var scope = _world.Manager.ForTenant("co_2", new FakeTokens { Token = Jwt.Create(_world.Env.Time.GetUtcNow().AddHours(1)) });
            _ = new StreamRecorder<TableChange<string, SalesOrder>>(scope.Changes(Shop.SalesOrders));
            if (i % 100 == 0)
            {
                _world.Join();
            }

            scope.Dispose();
        }

        AssertNothingIsLeft();
    }

    private void AssertNothingIsLeft()
    {
        _world.Advance(120);
        _world.Manager.Status.State.Should().Be(RealtimeState.Idle);
        Leftovers.Of(_world).Should().Be(Leftovers.None);
        _world.Env.Time.ArmedTimers.Should().Be(0);
    }

    // Methods of their own: a debugger's build keeps locals alive to the end of theirs.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private WeakReference[] ComeAndGo(int id, bool joins)
    {
        var stream = _world.Manager.Changes(Shop.Todos.Where($"id=eq.{id}"));
        var seen = new StreamRecorder<TableChange<long, Todo>>(stream);
        if (joins)
        {
            _world.Join();
        }

        seen.Dispose();
        return [new WeakReference(stream), new WeakReference(seen)];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void FollowAndGo(int id)
    {
        using var statuses = new StreamRecorder<RealtimeStatus>(_world.Manager.Changes(Shop.Todos.Where($"id=eq.{id}")).StatusChanges);
        _world.Run();
    }

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }
}
