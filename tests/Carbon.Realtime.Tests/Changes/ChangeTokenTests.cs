using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Primitives;

namespace Carbon.Realtime.Tests.Changes;

public sealed class ChangeTokenTests
{
    private readonly World _world = new();

    [Fact]
    public void A_token_fires_once_after_a_change_and_holds_nothing_then()
    {
        var token = LiveToken();
        var calls = new List<object?>();
        token.RegisterChangeCallback(calls.Add, "state");
        token.ActiveChangeCallbacks.Should().BeTrue();
        Insert();
        _world.Advance(0.299);
        (token.HasChanged, calls.Count).Should().Be((false, 0));
        _world.Advance(0.001);
        token.HasChanged.Should().BeTrue();
        calls.Should().Equal("state");
        Insert();
        _world.Advance(120);
        calls.Should().ContainSingle();
        AssertNothingIsLeft();
    }

    [Fact]
    public void A_token_that_was_taken_before_changes_flowed_fires_when_they_do()
    {
        var token = _world.Manager.ChangeToken(Shop.Todos);
        _world.Join();
        _world.Advance(0.299);
        token.HasChanged.Should().BeFalse();
        _world.Advance(0.001);
        token.HasChanged.Should().BeTrue();
    }

    [Fact]
    public void A_token_that_is_taken_while_changes_flow_does_not_fire_for_that()
    {
        var token = LiveToken();
        _world.Advance(60);
        token.HasChanged.Should().BeFalse();
    }

    [Fact]
    public void A_token_that_nobody_disposes_fires_at_the_end_of_its_lifetime_and_lets_go()
    {
        var token = LiveToken();
        _world.Advance(3599);
        token.HasChanged.Should().BeFalse();
        _world.Advance(1);
        token.HasChanged.Should().BeTrue();
        _world.Advance(120);
        AssertNothingIsLeft();
    }

    [Fact]
    public void A_token_fires_at_the_end_of_its_lifetime_if_there_is_no_connection()
    {
        _world.AutoJoin = false;
        var token = _world.Manager.ChangeToken(new RevalidationOptions { Lifetime = TimeSpan.FromMinutes(1) }, Shop.Todos);
        _world.Advance(59.9);
        token.HasChanged.Should().BeFalse();
        _world.Advance(0.1);
        token.HasChanged.Should().BeTrue();
    }

    [Fact]
    public void A_change_of_tenant_and_disposal_fire()
    {
        using var watched = new StreamRecorder<Revalidation>(_world.Manager.Revalidations(Shop.SalesOrders, Shop.Todos));
        _world.Join();
        var orders = _world.Manager.ChangeToken(Shop.SalesOrders);
        var todos = _world.Manager.ChangeToken("todos");
        _world.Run();
        (orders.HasChanged, todos.HasChanged).Should().Be((false, false));
        _world.Manager.Tenant.Set("co_2");
        (orders.HasChanged, todos.HasChanged).Should().Be((true, false));
        _world.Manager.Dispose();
        _world.Run();
        todos.HasChanged.Should().BeTrue();
    }

    [Fact]
    public void Callbacks_run_on_the_scheduler_and_never_under_the_gate_also_when_they_come_too_late()
    {
        var token = LiveToken();
        var free = new List<bool>();
        void Note(object? state)
        {
            var isFree = false;
            var other = new Thread(() =>
            {
                // Takes the gate: a callback under it would keep this thread waiting.
                _world.Manager.RetryNow();
                isFree = true;
            });
            other.Start();
            other.Join(TimeSpan.FromSeconds(5));
            free.Add(isFree);
        }

        token.RegisterChangeCallback(Note, null);
        _world.Manager.Dispose();
        _world.Run();
        free.Should().Equal(true);
        token.RegisterChangeCallback(Note, null);
        free.Should().ContainSingle("not inside the registration");
        _world.Run();
        free.Should().Equal(true, true);
    }

    [Fact]
    public void A_callback_that_is_disposed_is_not_called_and_one_that_throws_costs_no_other()
    {
        var token = LiveToken();
        var calls = 0;
        token.RegisterChangeCallback(_ => calls += 100, null).Dispose();
        token.RegisterChangeCallback(_ => throw new InvalidOperationException("mine"), null);
        token.RegisterChangeCallback(_ => calls++, null);
        Insert();
        _world.Advance(1);
        calls.Should().Be(1);
        _world.Log.Lines.Should().ContainSingle(l => l.Contains("[3012]")).Which.Should().Contain("todos");
    }

    [Fact]
    public void A_registration_that_is_disposed_because_the_token_has_changed_is_called_all_the_same()
    {
        // As ChangeToken.OnChange does, which would otherwise never look again.
        var token = LiveToken();
        var calls = 0;
        Insert();
        _world.Advance(1);
        var registration = token.RegisterChangeCallback(_ => calls++, null);
        token.HasChanged.Should().BeTrue();
        registration.Dispose();
        _world.Run();
        calls.Should().Be(1);
    }

    [Fact]
    public void OnChange_takes_the_next_token_each_time_and_does_not_go_round_by_itself()
    {
        var changes = 0;
        using var registration = ChangeToken.OnChange(() => _world.Manager.ChangeToken(Shop.Todos), () => changes++);
        _world.Join();
        _world.Advance(30);
        changes.Should().Be(1, "changes began to flow");
        for (var i = 2; i < 5; i++)
        {
            Insert();
            _world.Advance(30);
            changes.Should().Be(i);
        }

        _world.Socket.Frames("phx_join").Should().ContainSingle("the next token is taken while the last one's channel lingers");
    }

    [Fact]
    public void A_cache_entry_goes_when_its_table_changes()
    {
        using var watched = new StreamRecorder<Revalidation>(_world.Manager.Revalidations(Shop.Todos));
        _world.Join();
        using var cache = new MemoryCache(new MemoryCacheOptions());
        cache.Set("todos", "the page", _world.Manager.ChangeToken(Shop.Todos));
        _world.Advance(10);
        cache.Get("todos").Should().Be("the page");
        Insert();
        _world.Advance(1);
        cache.Get("todos").Should().BeNull();
    }

    private IChangeToken LiveToken()
    {
        using var watched = new StreamRecorder<Revalidation>(_world.Manager.Revalidations(Shop.Todos));
        _world.Join();
        return _world.Manager.ChangeToken(Shop.Todos);
    }

    private void Insert()
    {
        _world.Socket.Insert(_world.Socket.Join(), "todos", """{"id":1}""");
        _world.Run();
    }

    private void AssertNothingIsLeft()
    {
        Leftovers.Of(_world).Should().Be(Leftovers.None);
        _world.Env.Time.ArmedTimers.Should().Be(0);
    }
}
