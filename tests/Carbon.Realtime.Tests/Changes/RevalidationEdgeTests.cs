using System.Runtime.CompilerServices;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Changes;

/// <summary>Revalidations where it hurts: every kind of loss, observers that are busy or throw, tables that end, and what must not be left behind.</summary>
public sealed class RevalidationEdgeTests
{
    private readonly World _world = new();

    [Theory]
    [InlineData("unreadable", GapReason.Undecodable)]
    [InlineData("paused", GapReason.Suspended)]
    [InlineData("lost", GapReason.Rejoined)]
    [InlineData("repeated ok", GapReason.Resubscribed)]
    public void Every_kind_of_loss_fires_and_says_which_it_was(string what, GapReason reason)
    {
        using var seen = Live(_world.Manager.Revalidations(Shop.Todos));
        switch (what)
        {
            case "unreadable": _world.Socket.Deliver("""["1",null,"""); break;
            case "paused": _world.Env.Time.Advance(TimeSpan.FromMinutes(1)); break;
            case "lost": _world.Socket.Break(); break;
            default: _world.Socket.Subscribed(_world.Socket.Join()); break;
        }

        _world.Advance(30);
        seen.Items.Should().ContainSingle().Which.Gap.Should().Be(reason);
    }

    [Fact]
    public void Of_several_losses_the_first_is_told_and_the_next_signal_knows_nothing_of_them()
    {
        using var seen = Live(_world.Manager.Revalidations(Shop.Todos));
        _world.Socket.Deliver("""["1",null,""");
        _world.Run();
        _world.Socket.Subscribed(_world.Socket.Join());
        _world.Advance(1);
        Insert("todos", """{"id":1}""");
        _world.Advance(1);
        seen.Items.Select(s => s.Gap).Should().Equal(GapReason.Undecodable, null);
    }

    [Fact]
    public void A_row_that_is_too_large_to_be_sent_whole_fires()
    {
        using var seen = Live(_world.Manager.Revalidations(Shop.SalesOrders));
        _world.Socket.Change(_world.Socket.Join(), "salesOrder", "UPDATE", """{"id":"so_1"}""", """{"id":"so_1"}""", [1], """["Error 413: Payload Too Large"]""");
        _world.Advance(1);
        seen.Items.Should().ContainSingle("whose it is cannot be told");
    }

    [Fact]
    public void A_table_that_cannot_be_sent_is_a_status_and_its_first_whole_change_fires_for_all_that_was_hidden()
    {
        var revalidations = _world.Manager.Revalidations(Shop.SalesOrders);
        using var seen = Live(revalidations);
        _world.Socket.Change(_world.Socket.Join(), "salesOrder", "INSERT", "{}", null, [1], """["Error 401: Unauthorized"]""");
        _world.Advance(1);
        seen.Items.Should().BeEmpty();
        revalidations.Status.Error!.Reason.Should().Be(RealtimeErrorReason.TableMisconfigured);
        Insert("salesOrder", """{"id":"a","companyId":"co_2","status":"new"}""");
        _world.Advance(1);
        seen.Items.Should().ContainSingle().Which.Gap.Should().Be(GapReason.Resubscribed, "the row is another's, but what was hidden may not be");
        revalidations.Status.State.Should().Be(RealtimeState.Live);
    }

    [Fact]
    public void A_foreign_row_is_counted_and_logged()
    {
        using var seen = Live(_world.Manager.Revalidations(Shop.SalesOrders));
        Insert("salesOrder", """{"id":"b","companyId":"co_2","status":"new"}""");
        _world.Manager.Drops[FrameDropReason.ForeignRow].Should().Be(1);
        _world.Log.Lines.Should().ContainSingle(l => l.Contains("[3011]")).Which.Should().Contain("salesOrder").And.NotContain("co_2");
    }

    [Fact]
    public void What_comes_while_an_observer_is_busy_is_one_more_signal_whatever_its_tables_and_gaps()
    {
        using var seen = new StreamRecorder<Revalidation>(_world.Manager.Revalidations(Shop.Todos, RealtimeTable.Untyped("note")), (self, _) =>
        {
            if (self.Count > 1)
            {
                return;
            }

            for (var i = 0; i < 20; i++)
            {
                Insert(i % 2 == 0 ? "note" : "todos", """{"id":1}""", id: i % 2 == 0 ? 2 : 1);
                _world.Advance(1);
            }

            _world.Socket.Subscribed(_world.Socket.Join());
            _world.Advance(1);
        });
        _world.Join();
        var since = _world.Env.Time.GetUtcNow() + TimeSpan.FromSeconds(0.3);
        _world.Advance(60);
        seen.Count.Should().Be(2);
        seen.Items[1].Tables.Should().Equal("note", "todos");
        (seen.Items[1].Gap, seen.Items[1].Since).Should().Be((GapReason.Resubscribed, since), "one that follows many is as old as the first and says that something was lost");
        seen.AssertContract();
    }

    [Fact]
    public void A_hold_that_is_older_than_the_subscription_holds_its_first_signal_too()
    {
        var revalidations = _world.Manager.Revalidations(Shop.Todos);
        var hold = revalidations.Hold();
        using var seen = new StreamRecorder<Revalidation>(revalidations);
        _world.Advance(10);
        seen.Items.Should().BeEmpty();
        hold.Dispose();
        _world.Advance(0.3);
        seen.Items.Should().ContainSingle();
    }

    [Fact]
    public void Observers_are_never_called_under_the_gate()
    {
        var free = new List<bool>();
        using var seen = _world.Manager.Revalidations(Shop.Todos).Subscribe(_ =>
        {
            var other = new Thread(() => _world.Manager.RetryNow()); // takes the gate: under it, this would wait for us and we for it
            other.Start();
            free.Add(other.Join(TimeSpan.FromSeconds(5)));
        });
        _world.Join();
        _world.Advance(1);
        free.Should().Equal(true);
    }

    [Fact]
    public void An_observer_that_throws_leaves_nothing_behind()
    {
        using var bad = _world.Manager.Revalidations(Shop.Todos, Shop.SalesOrders).Subscribe(_ => throw new InvalidOperationException("mine"));
        _world.Join();
        _world.Advance(120);
        _world.Socket.Frames("phx_leave").Should().ContainSingle();
        AssertNothingIsLeft();
    }

    [Fact]
    public void When_one_table_ends_the_others_are_let_go_of_too()
    {
        var revalidations = _world.Manager.Revalidations(Shop.Todos, RealtimeTable.Untyped("job").Where("tags=eq.x"));
        using var seen = Live(revalidations);
        _world.Socket.Raw(_world.Socket.Join(), "job", "INSERT", "id text, tags _text", """{"id":"a","tags":["x"]}""", id: 2);
        _world.Run();
        seen.Error.Should().BeOfType<RealtimeException>().Which.Reason.Should().Be(RealtimeErrorReason.UnsafeFilter);
        revalidations.Status.State.Should().Be(RealtimeState.Closed);
        Insert("todos", """{"id":1}""");
        _world.Advance(120);
        seen.Items.Should().BeEmpty();
        AssertNothingIsLeft();
    }

    [Fact]
    public void What_waits_is_still_told_when_the_manager_is_disposed()
    {
        // Posted and not yet delivered: only a change of tenant makes it nobody's business any more.
        using var seen = new StreamRecorder<Revalidation>(_world.Manager.Revalidations(Shop.Todos), (self, _) =>
        {
            if (self.Count == 1)
            {
                Insert("todos", """{"id":1}""");
                _world.Advance(1);
                _world.Manager.Dispose();
                _world.Run();
            }
        });
        _world.Join();
        _world.Advance(1);
        (seen.Count, seen.IsCompleted).Should().Be((2, true));
    }

    [Fact]
    public void Not_even_what_was_fired_comes_after_the_tenant_changed()
    {
        using var seen = new StreamRecorder<Revalidation>(_world.Manager.Revalidations(Shop.SalesOrders), (self, _) =>
        {
            Insert("salesOrder", """{"id":"a","companyId":"co_1","status":"new"}""");
            _world.Advance(1);
            _world.Manager.Tenant.Set("co_2");
        });
        _world.Join();
        _world.Advance(1);
        seen.Count.Should().Be(1);
        seen.Error.Should().BeOfType<RealtimeException>().Which.Reason.Should().Be(RealtimeErrorReason.TenantChanged);
    }

    [Fact]
    public void Widened_onto_a_binding_that_is_there_it_says_what_fell_between_and_judges_what_is_not_sent_any_more()
    {
        using var narrow = Live(_world.Manager.Revalidations(Shop.Todos.Where("id=eq.5,done=eq.true")));
        var join = _world.Socket.Join();
        using var wide = Live(_world.Manager.Revalidations(Shop.Todos.Where("id=eq.5")));
        _world.Socket.System(join, "postgres_changes", "error", WideFilterTests.Unsplit);
        _world.Advance(1);
        narrow.Items.Should().ContainSingle().Which.Gap.Should().Be(GapReason.Rejoined);
        _world.Socket.Frames("phx_join").Should().HaveCount(2, "the binding of one condition is there already");
        Insert("todos", """{"id":5,"done":false}""");
        _world.Advance(1);
        (narrow.Count, wide.Count).Should().Be((1, 1));
        Insert("todos", """{"id":5,"done":true}""");
        _world.Advance(1);
        (narrow.Count, wide.Count).Should().Be((2, 2));
    }

    [Fact]
    public void A_wait_that_nobody_waits_for_any_more_leaves_no_timer()
    {
        var slow = new RevalidationOptions { Debounce = TimeSpan.FromMinutes(1), MaxDelay = TimeSpan.FromMinutes(1), Lifetime = TimeSpan.FromSeconds(2) };
        var world = new World(static o => (o.Linger, o.IdleTimeout) = (TimeSpan.Zero, TimeSpan.Zero));
        var seen = new StreamRecorder<Revalidation>(world.Manager.Revalidations(slow, Shop.Todos));
        world.Join();
        var token = world.Manager.ChangeToken(slow, Shop.Todos);
        world.Socket.Insert(world.Socket.Join(), "todos", """{"id":1}""");
        world.Run();
        seen.Dispose();
        world.Advance(2);
        token.HasChanged.Should().BeTrue("its lifetime is over");
        world.Advance(10);
        Leftovers.Of(world).Should().Be(Leftovers.None);
        world.Env.Time.ArmedTimers.Should().Be(0);
    }

    [Fact]
    public void An_observer_that_is_gone_is_held_by_nobody_while_others_of_the_same_object_go_on()
    {
        var revalidations = _world.Manager.Revalidations(Shop.Todos);
        using var other = Live(revalidations);
        var gone = ComeAndGo(revalidations);
        Insert("todos", """{"id":1}""");
        _world.Advance(1);
        other.Count.Should().Be(1);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        gone.IsAlive.Should().BeFalse();
        GC.KeepAlive(revalidations);
    }

    [Fact]
    public void The_group_of_the_options_is_the_channels()
    {
        using var seen = new StreamRecorder<Revalidation>(_world.Manager.Revalidations(new RevalidationOptions { Group = "pages" }, Shop.Todos));
        _world.Join();
        _world.Socket.Join().Topic.Should().StartWith("realtime:carbon-pages-");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private WeakReference ComeAndGo(IRevalidations revalidations)
    {
        var seen = new StreamRecorder<Revalidation>(revalidations);
        _world.Advance(1);
        seen.Count.Should().Be(1);
        seen.Dispose();
        _world.Run();
        return new WeakReference(seen);
    }

    private StreamRecorder<Revalidation> Live(IRevalidations revalidations)
    {
        var seen = new StreamRecorder<Revalidation>(revalidations);
        _world.Join();
        _world.Advance(1);
        seen.Items.Should().ContainSingle();
        seen.Clear();
        return seen;
    }

    private void Insert(string table, string row, long id = 1)
    {
        _world.Socket.Insert(_world.Socket.Join(), table, row, id);
        _world.Run();
    }

    private void AssertNothingIsLeft()
    {
        Leftovers.Of(_world).Should().Be(Leftovers.None);
        _world.Env.Time.ArmedTimers.Should().Be(0);
    }
}
