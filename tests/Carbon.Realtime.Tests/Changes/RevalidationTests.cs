using System.Text.Json.Serialization;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Changes;

public sealed partial class RevalidationTests
{
    private const string Mine = """{"id":"a","companyId":"co_1","status":"new"}""";
    private const string Theirs = """{"id":"b","companyId":"co_2","status":"new"}""";

    private readonly World _world = new();

    [Fact]
    public void It_fires_once_when_it_goes_live_so_that_a_change_since_the_page_was_loaded_is_not_lost()
    {
        using var seen = Watch(_world.Manager.Revalidations(Shop.SalesOrders));
        _world.Join();
        _world.Advance(0.299);
        seen.Items.Should().BeEmpty();
        _world.Advance(0.001);
        var first = seen.Items.Should().ContainSingle().Subject;
        (first.Tables.Single(), first.Gap, first.Since).Should().Be(("salesOrder", GapReason.Started, _world.Env.Time.GetUtcNow() - TimeSpan.FromSeconds(0.3)));
        _world.Advance(60);
        seen.Items.Should().ContainSingle();
    }

    [Fact]
    public void Who_subscribes_while_it_is_live_gets_a_first_signal_too_and_the_others_get_none_for_it()
    {
        var revalidations = _world.Manager.Revalidations(Shop.Todos);
        using var one = Live(revalidations);
        using var two = Watch(revalidations);
        _world.Advance(1);
        (one.Count, two.Count).Should().Be((0, 1));
    }

    [Fact]
    public void Changes_are_one_signal_once_it_has_been_quiet_for_the_debounce()
    {
        using var seen = Live(_world.Manager.Revalidations(Shop.Todos));
        Insert("todos", """{"id":1}""");
        var since = _world.Env.Time.GetUtcNow();
        _world.Advance(0.2);
        Insert("todos", """{"id":2}""");
        Insert("todos", """{"id":3}""");
        _world.Advance(0.299);
        seen.Items.Should().BeEmpty();
        _world.Advance(0.001);
        var signal = seen.Items.Should().ContainSingle().Subject;
        (signal.Tables.Single(), signal.Gap, signal.Since, signal.ToString()).Should().Be(("todos", null, since, "changes in todos"));
        _world.Advance(60);
        seen.Items.Should().ContainSingle();
    }

    [Fact]
    public void A_steady_stream_of_changes_fires_at_the_longest_delay_and_again()
    {
        using var seen = Live(_world.Manager.Revalidations(Shop.Todos));
        for (var i = 0; i < 49; i++)
        {
            Insert("todos", """{"id":1}""");
            _world.Advance(0.1);
        }

        seen.Items.Should().BeEmpty();
        Insert("todos", """{"id":1}""");
        _world.Advance(0.1);
        seen.Items.Should().ContainSingle();
        for (var i = 0; i < 51; i++)
        {
            Insert("todos", """{"id":1}""");
            _world.Advance(0.1);
        }

        seen.Count.Should().Be(2);
    }

    [Fact]
    public void The_options_say_how_long_and_their_bounds_are_checked()
    {
        using var seen = Watch(_world.Manager.Revalidations(
            new RevalidationOptions { Debounce = TimeSpan.FromSeconds(2), MaxDelay = TimeSpan.FromSeconds(3) }, Shop.Todos));
        _world.Join();
        _world.Advance(2);
        seen.Items.Should().ContainSingle();
        seen.Clear();
        Insert("todos", """{"id":1}""");
        _world.Advance(1.9);
        seen.Items.Should().BeEmpty();
        Insert("todos", """{"id":1}""");
        _world.Advance(1.1);
        seen.Items.Should().ContainSingle("3 s are the most");

        Refused(new() { Debounce = TimeSpan.FromMinutes(2), MaxDelay = TimeSpan.FromMinutes(3) }).Should().StartWith("Debounce must be between");
        Refused(new() { Debounce = TimeSpan.FromTicks(-1) }).Should().StartWith("Debounce must be between");
        Refused(new() { MaxDelay = TimeSpan.FromMilliseconds(299) }).Should().StartWith("MaxDelay must be between 00:00:00.3");
        Refused(new() { Lifetime = TimeSpan.Zero }).Should().StartWith("Lifetime must be between 00:00:01 and 1.00:00:00");
        Refused(new() { Group = "a b" }).Should().StartWith("A group is");

        string Refused(RevalidationOptions options) =>
            _world.Manager.Invoking(m => m.Revalidations(options, Shop.Todos)).Should().Throw<ArgumentException>().Which.Message;
    }

    [Fact]
    public void No_table_is_refused_and_so_is_a_scoped_one_without_a_tenant()
    {
        _world.Manager.Invoking(m => m.Revalidations(Array.Empty<string>())).Should().Throw<ArgumentException>();
        _world.Manager.Invoking(m => m.ChangeToken(Array.Empty<IRealtimeTable>())).Should().Throw<ArgumentException>();
        _world.Manager.Invoking(m => m.Revalidations([Shop.Todos, null!])).Should().Throw<ArgumentException>();
        _world.Manager.Tenant.Set(null);
        _world.Manager.Invoking(m => m.Revalidations(Shop.Todos, Shop.SalesOrders)).Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public void Every_gap_fires()
    {
        using var seen = Live(_world.Manager.Revalidations(Shop.Todos));
        _world.Socket.Subscribed(_world.Socket.Join());
        _world.Advance(0.3);
        seen.Items.Should().ContainSingle().Which.Gap.Should().Be(GapReason.Resubscribed);
        _world.Socket.CloseChannel(_world.Socket.Join(), "phx_error");
        _world.Advance(60);
        seen.Items.Select(s => s.Gap).Should().Equal(GapReason.Resubscribed, GapReason.Rejoined);
    }

    [Fact]
    public void Rows_of_another_tenant_or_outside_the_filter_do_not_fire()
    {
        using var seen = Live(_world.Manager.Revalidations(Shop.SalesOrders.Where("status=eq.new")));
        Insert("salesOrder", Theirs);
        Insert("salesOrder", """{"id":"a","companyId":"co_1","status":"old"}""");
        Insert("salesOrdex", Mine);
        _world.Socket.Delete(_world.Socket.Join(), "salesOrder", Theirs, 2);
        _world.Advance(10);
        seen.Items.Should().BeEmpty();
        Insert("salesOrder", Mine);
        _world.Advance(1);
        seen.Items.Should().ContainSingle();
    }

    [Fact]
    public void A_row_that_cannot_be_judged_fires()
    {
        using var seen = Live(_world.Manager.Revalidations(Shop.SalesOrders));
        Insert("salesOrder", """{"id":"a"}""");
        _world.Advance(1);
        seen.Items.Should().ContainSingle().Which.Gap.Should().BeNull();
    }

    [Fact]
    public void A_delete_that_carries_only_its_key_fires_unless_the_options_say_otherwise()
    {
        using var seen = Live(_world.Manager.Revalidations(Shop.SalesOrders));
        _world.Socket.Join().Bindings.Select(b => b.GetProperty("event").GetString()).Should().Equal("*", "DELETE");
        _world.Socket.Delete(_world.Socket.Join(), "salesOrder", """{"id":"x"}""", 2);
        _world.Advance(1);
        seen.Items.Should().ContainSingle();

        var other = new World();
        using var without = Watch(other.Manager.Revalidations(new RevalidationOptions { KeyOnlyDeletes = false }, Shop.SalesOrders));
        other.Join();
        other.Socket.Join().Bindings.Should().ContainSingle();
    }

    [Fact]
    public void Several_tables_are_one_signal_that_names_those_that_changed()
    {
        using var seen = Watch(_world.Manager.Revalidations(Shop.Todos, Shop.SalesOrders, RealtimeTable.Untyped("note").InSchema("shop"), Shop.Todos));
        _world.Join();
        _world.Socket.Frames("phx_join").Should().ContainSingle().Which.Bindings.Should().HaveCount(4);
        _world.Advance(1);
        seen.Items.Should().ContainSingle().Which.Tables.Should().BeEquivalentTo("todos", "salesOrder", "shop.note");
        seen.Clear();
        _world.Socket.Insert(_world.Socket.Join(), "salesOrder", Mine, 2);
        _world.Socket.Insert(_world.Socket.Join(), "todos", """{"id":1}""", 1);
        _world.Socket.Insert(_world.Socket.Join(), "todos", """{"id":2}""", 1);
        _world.Advance(1);
        seen.Items.Should().ContainSingle().Which.Tables.Should().Equal("salesOrder", "todos");
    }

    [Fact]
    public void Tables_by_name_are_scoped_as_streams_by_name_are()
    {
        var world = new World(o => o.TenantColumn = "companyId");
        using var seen = Watch(world.Manager.Revalidations("job", "part"));
        world.Join();
        world.Socket.Join().Bindings.Select(b => b.TryGetProperty("filter", out var f) ? f.GetString() : null)
            .Should().BeEquivalentTo("companyId=eq.co_1", null, "companyId=eq.co_1", null);
    }

    [Fact]
    public void A_stream_and_a_revalidation_of_a_table_share_its_binding()
    {
        using var stream = new StreamRecorder<TableChange<long, Todo>>(_world.Manager.Changes(Shop.Todos));
        using var seen = Live(_world.Manager.Revalidations(Shop.Todos));
        _world.Socket.Frames("phx_join").Should().ContainSingle().Which.Bindings.Should().ContainSingle();
        Insert("todos", """{"id":1,"title":"t","done":true}""");
        _world.Advance(1);
        (seen.Count, stream.Count).Should().Be((1, 2));

        using var late = Watch(_world.Manager.Revalidations("todos"));
        _world.Advance(1);
        late.Count.Should().Be(1);
        _world.Socket.Frames("phx_join").Should().ContainSingle("a late one is taken in by the binding that is there");
    }

    [Fact]
    public void A_filtered_stream_and_a_revalidation_share_the_filtered_binding()
    {
        using var stream = new StreamRecorder<TableChange<string, SalesOrder>>(_world.Manager.Changes(Shop.SalesOrders));
        using var seen = Live(_world.Manager.Revalidations(Shop.SalesOrders));
        _world.Socket.Frames("phx_join").Should().ContainSingle().Which.Bindings.Should().HaveCount(2);
    }

    [Fact]
    public void No_row_is_made()
    {
        var table = RealtimeTable.Define("biting", BitingJson.Default.Biting, "id", r => r.Id);
        using var seen = Live(_world.Manager.Revalidations(table));
        Insert("biting", """{"id":1}""");
        _world.Advance(1);
        seen.Items.Should().ContainSingle().Which.Gap.Should().BeNull();
        _world.Log.Lines.Should().NotContain(l => l.Contains("could not be decoded"));
    }

    [Fact]
    public void A_change_that_fires_anyway_costs_no_memory()
    {
        using var seen = Live(_world.Manager.Revalidations(Shop.Todos));
        void Receive()
        {
            for (var i = 0; i < 200; i++)
            {
                Insert("todos", """{"id":123456,"title":"a title of some length","done":true}""");
            }

            _world.Run();
        }

        Receive();
        Receive();
        for (var i = 0; i < 200; i++)
        {
            _world.Socket.Insert(_world.Socket.Join(), "todos", """{"id":123456,"title":"a title of some length","done":true}""");
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        _world.Run();
        ((GC.GetAllocatedBytesForCurrentThread() - before) / 200.0).Should().BeLessThan(150);
    }

    [Fact]
    public void While_it_is_held_nothing_fires_and_after_the_last_release_one_signal_does()
    {
        var revalidations = _world.Manager.Revalidations(Shop.Todos);
        using var seen = Live(revalidations);
        var outer = revalidations.Hold();
        var inner = revalidations.Hold();
        Insert("todos", """{"id":1}""");
        _world.Advance(10);
        inner.Dispose();
        inner.Dispose();
        Insert("todos", """{"id":2}""");
        _world.Advance(10);
        seen.Items.Should().BeEmpty();
        outer.Dispose();
        _world.Advance(0.299);
        seen.Items.Should().BeEmpty("the write's own changes are still on their way");
        _world.Advance(0.001);
        seen.Items.Should().ContainSingle();
        _world.Advance(60);
        seen.Items.Should().ContainSingle();
    }

    [Fact]
    public void A_signal_that_was_due_when_the_hold_began_waits_too_and_a_hold_without_changes_fires_nothing()
    {
        var revalidations = _world.Manager.Revalidations(Shop.Todos);
        using var seen = Live(revalidations);
        using var free = Live(_world.Manager.Revalidations(Shop.Todos));
        Insert("todos", """{"id":1}""");
        _world.Advance(0.1);
        using (revalidations.Hold())
        {
            _world.Advance(10);
            (seen.Count, free.Count).Should().Be((0, 1), "a hold is of one object");
        }

        _world.Advance(1);
        seen.Count.Should().Be(1);
        revalidations.Hold().Dispose();
        _world.Advance(60);
        seen.Count.Should().Be(1);
    }

    [Fact]
    public void It_is_cold_lingers_and_leaves_nothing()
    {
        var revalidations = _world.Manager.Revalidations(Shop.Todos, Shop.SalesOrders);
        _world.Advance(1);
        _world.Server.Dialed.Should().BeEmpty();
        revalidations.Status.State.Should().Be(RealtimeState.Idle);
        var seen = Live(revalidations);
        revalidations.Status.State.Should().Be(RealtimeState.Live);
        Insert("todos", """{"id":1}""");
        seen.Dispose();
        _world.Advance(4);
        _world.Socket.Frames("phx_leave").Should().BeEmpty();
        _world.Advance(120);
        seen.Items.Should().BeEmpty();
        _world.Socket.Frames("phx_leave").Should().ContainSingle();
        Leftovers.Of(_world).Should().Be(Leftovers.None);
        _world.Env.Time.ArmedTimers.Should().Be(0);
    }

    [Fact]
    public void A_change_of_tenant_ends_it_with_all_its_tables_and_what_waits()
    {
        var revalidations = _world.Manager.Revalidations(Shop.Todos, Shop.SalesOrders);
        using var seen = Live(revalidations);
        Insert("todos", """{"id":1}""");
        _world.Manager.Tenant.Set("co_2");
        _world.Advance(120);
        seen.Items.Should().BeEmpty();
        seen.Error.Should().BeOfType<RealtimeException>().Which.Reason.Should().Be(RealtimeErrorReason.TenantChanged);
        revalidations.Status.State.Should().Be(RealtimeState.Closed);
        Leftovers.Of(_world).Should().Be(Leftovers.None);

        using var late = Watch(revalidations);
        late.Error.Should().BeNull();
        _world.Advance(1);
        late.Error.Should().BeOfType<RealtimeException>();
    }

    [Fact]
    public void Disposing_the_scope_or_the_manager_completes_it()
    {
        var scope = _world.Manager.ForTenant("co_2");
        using var one = Watch(scope.Revalidations(Shop.SalesOrders));
        using var two = Watch(_world.Manager.Revalidations("todos"));
        scope.Dispose();
        _world.Run();
        (one.IsCompleted, two.IsCompleted).Should().Be((true, false));
        _world.Manager.Dispose();
        _world.Run();
        two.IsCompleted.Should().BeTrue();
        _world.Manager.Invoking(m => m.Revalidations("todos")).Should().Throw<ObjectDisposedException>();
    }

    [Fact]
    public void Observers_may_subscribe_hold_and_dispose_inside_OnNext()
    {
        var revalidations = _world.Manager.Revalidations(Shop.Todos);
        StreamRecorder<Revalidation>? inner = null;
        using var seen = new StreamRecorder<Revalidation>(revalidations, (self, _) =>
        {
            revalidations.Hold().Dispose();
            inner ??= Watch(revalidations);
            self.Dispose();
        });
        _world.Join();
        _world.Advance(10);
        (seen.Count, inner!.Count).Should().Be((1, 1));
        inner.Dispose();
    }

    [Fact]
    public void An_observer_that_throws_loses_its_own_subscription_only()
    {
        var revalidations = _world.Manager.Revalidations(Shop.Todos);
        using var bad = revalidations.Subscribe(System.Reactive.Observer.Create<Revalidation>(_ => throw new InvalidOperationException("mine")));
        using var good = Watch(revalidations);
        _world.Join();
        _world.Advance(1);
        Insert("todos", """{"id":1}""");
        _world.Advance(1);
        good.Count.Should().Be(2);
        _world.Log.Lines.Should().ContainSingle(l => l.Contains("[3001]")).Which.Should().Contain("todos");
    }

    private static StreamRecorder<Revalidation> Watch(IRevalidations revalidations) => new(revalidations);

    private StreamRecorder<Revalidation> Live(IRevalidations revalidations)
    {
        var seen = Watch(revalidations);
        _world.Join();
        _world.Advance(1);
        seen.Items.Should().ContainSingle();
        seen.Clear();
        return seen;
    }

    private void Insert(string table, string row)
    {
        _world.Socket.Insert(_world.Socket.Join(), table, row);
        _world.Run();
    }

    /// <summary>Bites whoever makes one.</summary>
    public sealed class Biting
    {
        public Biting() => throw new InvalidOperationException("A row was made.");

        [JsonPropertyName("id")]
        public long Id { get; set; }
    }

    [JsonSerializable(typeof(Biting))]
    public sealed partial class BitingJson : JsonSerializerContext;
}
