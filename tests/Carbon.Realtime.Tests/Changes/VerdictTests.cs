using System.Text.Json;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Changes;

/// <summary>Whose row it is, whether it can be a row, and what its key is: decided on bytes, before anything is shown.</summary>
public sealed class VerdictTests
{
    private readonly World _world = new();

    [Fact]
    public void Rows_of_another_tenant_never_come_through_whatever_the_server_sends()
    {
        using var seen = Watch(Shop.SalesOrders);
        _world.Socket.Insert(Join, "salesOrder", """{"id":"x","companyId":"co_2","status":"new"}""");
        _world.Socket.Update(Join, "salesOrder", """{"id":"x","companyId":"co_2","status":"new"}""", """{"id":"x"}""");
        _world.Socket.Delete(Join, "salesOrder", """{"id":"x","companyId":"co_2","status":"new"}""");
        _world.Socket.Insert(Join, "salesOrder", """{"id":"mine","companyId":"co_1","status":"new"}""");
        _world.Run();
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "inserted mine");
        _world.Manager.Drops[FrameDropReason.ForeignRow].Should().Be(3);
    }

    [Fact]
    public void A_row_whose_tenant_cannot_be_seen_shows_nothing_of_itself_but_the_loss()
    {
        using var seen = Watch(Shop.SalesOrders);
        _world.Socket.Insert(Join, "salesOrder", """{"id":"x","status":"new"}""");
        _world.Run();
        seen.Items[1].Should().BeOfType<Gap<string, SalesOrder>>().Which.HasKey.Should().BeFalse();
    }

    [Fact]
    public void A_row_outside_the_filter_is_dropped()
    {
        using var seen = Watch(Shop.SalesOrders.Where("status=eq.released"));
        _world.Socket.Insert(Join, "salesOrder", """{"id":"x","companyId":"co_1","status":"draft"}""");
        _world.Run();
        seen.Items.Should().HaveCount(1);
    }

    [Fact]
    public void A_tenant_scoped_table_without_a_tenant_throws_and_AllTenants_is_explicit()
    {
        var world = new World(o => o.Tenant = null);
        world.Manager.Invoking(m => m.Changes(Shop.SalesOrders)).Should().Throw<InvalidOperationException>().WithMessage("*tenant*");
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders.AllTenants()));
        world.Join();
        world.Socket.Join().Bindings.Single().TryGetProperty("filter", out _).Should().BeFalse("a JSON null would be refused");
        world.Socket.Insert(world.Socket.Join(), "salesOrder", """{"id":"x","companyId":"co_2","status":"draft"}""");
        world.Run();
        seen.Items.Should().HaveCount(2);
        world.Manager.Tenant.Set("co_9");
        world.Manager.Changes(Shop.SalesOrders).Table.TenantColumn.Should().Be("companyId");
    }

    [Fact]
    public void Tables_named_by_a_string_are_scoped_by_the_option()
    {
        var world = new World(o => o.TenantColumn = "companyId");
        using var seen = new StreamRecorder<TableChange<JsonElement, JsonElement>>(world.Manager.Changes("job"));
        world.Join();
        world.Socket.Join().Bindings.Single().GetProperty("filter").GetString().Should().Be("companyId=eq.co_1");
        world.Socket.Insert(world.Socket.Join(), "job", """{"id":"j1","companyId":"co_2"}""");
        world.Socket.Insert(world.Socket.Join(), "job", """{"id":"j2","companyId":"co_1"}""");
        world.Run();
        seen.Items.Skip(1).Should().ContainSingle().Which.Should().BeOfType<Inserted<JsonElement, JsonElement>>().Which.Key.GetString().Should().Be("j2");
    }

    [Fact]
    public void The_option_scopes_every_table_that_says_nothing_of_tenants_and_an_unscoped_one_is_warned_of()
    {
        var world = new World(o => o.TenantColumn = "companyId");
        using var typed = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos));
        using var raw = new StreamRecorder<TableChange<JsonElement, JsonElement>>(world.Manager.Changes(RealtimeTable.Untyped("job")));
        using var all = new StreamRecorder<TableChange<JsonElement, JsonElement>>(world.Manager.Changes(RealtimeTable.Untyped("part").AllTenants()));
        world.Join();
        world.Socket.Join().Bindings.Select(b => b.TryGetProperty("filter", out var filter) ? filter.GetString() : null)
            .Should().Equal("companyId=eq.co_1", "companyId=eq.co_1", null);
        world.Log.Lines.Should().NotContain(l => l.Contains("not tenant-scoped"));

        _ = _world.Manager.Changes(Shop.Todos);
        _world.Run();
        _world.Log.Lines.Should().Contain(l => l.Contains("public.todos is not tenant-scoped"));
    }

    [Fact]
    public void Changing_the_tenant_ends_the_old_tenants_streams_and_only_those()
    {
        using var old = Watch(Shop.SalesOrders);
        using var fixedScope = new StreamRecorder<TableChange<string, SalesOrder>>(_world.Manager.ForTenant("co_1").Changes(Shop.SalesOrders));
        using var unscoped = new StreamRecorder<TableChange<long, Todo>>(_world.Manager.Changes(Shop.Todos));
        _world.Join();
        _world.Manager.Tenant.Set("co_2");
        _world.Run();
        old.Error.Should().BeOfType<RealtimeException>().Which.Reason.Should().Be(RealtimeErrorReason.TenantChanged);
        fixedScope.Error.Should().BeNull();
        unscoped.Error.Should().BeNull();
        using var fresh = Watch(Shop.SalesOrders);
        _world.Socket.Join().Bindings.Single().GetProperty("filter").GetString().Should().Be("companyId=eq.co_2");
        old.AssertContract();
    }

    [Fact]
    public void Not_even_what_waits_of_the_old_tenant_comes_after_the_tenant_changed()
    {
        using var seen = Watch(Shop.SalesOrders);
        seen.OnElement = (_, _) => _world.Manager.Tenant.Set("co_2");
        for (var i = 1; i <= 3; i++)
        {
            _world.Socket.Insert(Join, "salesOrder", $$"""{"id":"so_{{i}}","companyId":"co_1","status":"new"}""");
        }

        _world.Run();
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "inserted so_1");
        seen.Error.Should().BeOfType<RealtimeException>().Which.Reason.Should().Be(RealtimeErrorReason.TenantChanged);
    }

    [Fact]
    public void A_filtered_delete_is_verified_even_when_the_payload_is_only_the_key()
    {
        using var seen = Watch(Shop.SalesOrders);
        _world.Socket.Delete(Join, "salesOrder", """{"id":"so_1"}""");
        _world.Run();
        var deleted = seen.Items[1].Should().BeOfType<Deleted<string, SalesOrder>>().Subject;
        deleted.Key.Should().Be("so_1");
        deleted.IsVerified.Should().BeTrue();
        deleted.HasOldRow.Should().BeFalse();
    }

    [Fact]
    public void Key_only_deletes_are_opt_in_and_marked_unverified()
    {
        using var seen = Watch(Shop.SalesOrders, new ChangeStreamOptions { KeyOnlyDeletes = true });
        Join.Bindings.Select(b => b.GetRawText()).Should().Equal(
            """{"event":"*","schema":"public","table":"salesOrder","filter":"companyId=eq.co_1"}""",
            """{"event":"DELETE","schema":"public","table":"salesOrder"}""");
        _world.Socket.Delete(Join, "salesOrder", """{"id":"anybodys"}""", 2);
        _world.Socket.Delete(Join, "salesOrder", """{"id":"ours"}""", 2, 1);
        _world.Socket.Delete(Join, "salesOrder", """{"id":"theirs","companyId":"co_2","status":"x"}""", 2);
        _world.Run();
        seen.Items.Skip(1).Cast<Deleted<string, SalesOrder>>().Select(d => (d.Key, d.IsVerified)).Should().Equal(("anybodys", false), ("ours", true));
    }

    [Fact]
    public void Whichever_of_its_ids_comes_last_a_delete_that_the_filter_matched_is_verified()
    {
        using var seen = Watch(Shop.SalesOrders, new ChangeStreamOptions { KeyOnlyDeletes = true });
        _world.Socket.Delete(Join, "salesOrder", """{"id":"a"}""", 1, 2);
        _world.Socket.Delete(Join, "salesOrder", """{"id":"b"}""", 2, 1);
        _world.Run();
        seen.Items.OfType<Deleted<string, SalesOrder>>().Should().HaveCount(2).And.OnlyContain(d => d.IsVerified);
    }

    [Fact]
    public void A_record_that_names_a_column_twice_is_no_record()
    {
        using var seen = Watch(Shop.SalesOrders);
        _world.Socket.Insert(Join, "salesOrder", """{"id":"x","companyId":"co_1","status":"s","companyId":"co_2"}""");
        _world.Run();
        _world.Socket.Insert(Join, "salesOrder", """{"id":"x","companyId":"co_1","status":"s","company\u0049d":"co_2"}""");
        _world.Run();
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Undecodable)", "gap (Undecodable)");
    }

    [Fact]
    public void A_grant_that_ends_401_ends_the_fault_and_what_it_hid_is_a_gap()
    {
        var stream = _world.Manager.Changes(Shop.SalesOrders);
        using var seen = Watch(Shop.SalesOrders);
        _world.Socket.Change(Join, "salesOrder", "INSERT", "{}", null, [1], """["Error 401: Unauthorized"]""");
        _world.Run();
        _world.Socket.Subscribed(Join);
        _world.Run();
        stream.Status.State.Should().Be(RealtimeState.Faulted, "an ok does not grant a column");
        _world.Socket.Insert(Join, "salesOrder", """{"id":"x","companyId":"co_1","status":"s"}""");
        _world.Run();
        stream.Status.State.Should().Be(RealtimeState.Live);
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Resubscribed)", "gap (Resubscribed)", "inserted x");
    }

    [Fact]
    public void The_old_row_comes_where_the_server_sent_it_whole()
    {
        using var seen = Watch(Shop.SalesOrders);
        _world.Socket.Update(
            Join, "salesOrder", """{"id":"b","companyId":"co_1","status":"new"}""", """{"id":"a","companyId":"co_1","status":"old"}""");
        _world.Socket.Delete(Join, "salesOrder", """{"id":"b","companyId":"co_1","status":"new"}""");
        _world.Run();
        var updated = seen.Items[1].Should().BeOfType<Updated<string, SalesOrder>>().Subject;
        (updated.Key, updated.OldKey, updated.OldRow!.Status, updated.Row.Status).Should().Be(("b", "a", "old", "new"));
        seen.Items[2].Should().BeOfType<Deleted<string, SalesOrder>>().Which.OldRow!.Status.Should().Be("new");
    }

    [Fact]
    public void Composite_keys_are_tuples()
    {
        using var seen = Watch(Shop.Employees);
        _world.Socket.Insert(Join, "employee", """{"id":"e","companyId":"co_1","active":true}""");
        _world.Socket.Delete(Join, "employee", """{"id":"e","companyId":"co_1"}""");
        _world.Run();
        seen.Items[1].Should().BeOfType<Inserted<(string, string), Employee>>().Which.Key.Should().Be(("e", "co_1"));
        seen.Items[2].Should().BeOfType<Deleted<(string, string), Employee>>().Which.Key.Should().Be(("e", "co_1"));
    }

    [Fact]
    public void Absent_is_not_null_a_record_without_a_mapped_column_is_a_gap_for_its_key()
    {
        using var seen = Watch(Shop.SalesOrders);
        _world.Socket.Update(Join, "salesOrder", """{"id":"so_1","companyId":"co_1"}""", """{"id":"so_1"}""");
        _world.Run();
        var gap = seen.Items[1].Should().BeOfType<Gap<string, SalesOrder>>().Subject;
        (gap.Reason, gap.HasKey, gap.Key).Should().Be((GapReason.Partial, true, "so_1"));
        _world.Log.Lines.Should().Contain(l => l.Contains("lacks column status"));
    }

    [Fact]
    public void A_row_that_cannot_be_decoded_is_a_gap_for_its_key_and_the_column_is_logged()
    {
        using var seen = Watch(Shop.Todos);
        _world.Socket.Insert(Join, "todos", """{"id":7,"title":"t","done":"maybe"}""");
        _world.Socket.Insert(Join, "todos", """{"id":8,"title":"t","done":true}""");
        _world.Run();
        var gap = seen.Items[1].Should().BeOfType<Gap<long, Todo>>().Subject;
        (gap.Reason, gap.Key).Should().Be((GapReason.Undecodable, 7L));
        seen.Items[2].Should().BeOfType<Inserted<long, Todo>>();
        _world.Log.Lines.Should().Contain(l => l.Contains("$.done"));
        _world.Log.Lines.Should().NotContain(l => l.Contains("maybe"), "row data is not logged");
    }

    [Fact]
    public void An_old_row_that_cannot_be_decoded_costs_only_itself()
    {
        using var seen = Watch(Shop.Todos);
        _world.Socket.Update(Join, "todos", """{"id":7,"title":"t","done":true}""", """{"id":7,"title":"t","done":"maybe"}""");
        _world.Socket.Delete(Join, "todos", """{"id":7,"title":"t","done":"maybe"}""");
        _world.Run();
        seen.Items[1].Should().BeOfType<Updated<long, Todo>>().Which.HasOldRow.Should().BeFalse();
        seen.Items[2].Should().BeOfType<Deleted<long, Todo>>().Which.HasOldRow.Should().BeFalse();
    }

    [Fact]
    public void A_key_that_cannot_be_decoded_is_a_gap_for_everything()
    {
        using var seen = Watch(Shop.Todos);
        _world.Socket.Delete(Join, "todos", """{"id":"not a number"}""");
        _world.Socket.Delete(Join, "todos", """{"other":1}""");
        _world.Run();
        seen.Items.Skip(1).Cast<Gap<long, Todo>>().Select(g => (g.Reason, g.HasKey)).Should().Equal((GapReason.Undecodable, false), (GapReason.Partial, false));
    }

    [Fact]
    public async Task Errors_400_and_401_are_a_status_and_never_a_row()
    {
        var stream = _world.Manager.Changes(Shop.SalesOrders);
        using var seen = Watch(Shop.SalesOrders);
        using var statuses = new StreamRecorder<RealtimeStatus>(stream.StatusChanges);
        for (var i = 0; i < 3; i++)
        {
            _world.Socket.Change(Join, "salesOrder", "INSERT", "{}", null, [1], """["Error 401: Unauthorized"]""");
        }

        _world.Run();
        seen.Items.Should().HaveCount(1);
        stream.Status.State.Should().Be(RealtimeState.Faulted);
        stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.TableMisconfigured);
        statuses.Items.Count(s => s.State == RealtimeState.Faulted).Should().Be(1);
        await stream.Invoking(s => s.WhenLiveAsync()).Should().ThrowAsync<RealtimeException>();
    }

    [Fact]
    public void Error_413_is_a_gap_for_the_key()
    {
        using var seen = Watch(Shop.SalesOrders);
        _world.Socket.Change(
            Join, "salesOrder", "UPDATE", """{"id":"so_1","companyId":"co_1","status":"s"}""", """{"id":"so_1"}""", [1], """["Error 413: Payload Too Large"]""");
        _world.Run();
        seen.Items[1].Should().BeOfType<Gap<string, SalesOrder>>().Which.Key.Should().Be("so_1");
    }

    [Fact]
    public void A_definition_is_checked_against_the_metadata()
    {
        FluentActions.Invoking(() => RealtimeTable.Define("t", RowsJson.Default.Todo, "ID", t => t.Id))
            .Should().Throw<ArgumentException>().WithMessage("*no property for the key column 'ID'*id, title, done*");
        FluentActions.Invoking(() => RealtimeTable.Define("t", RowsJson.Default.Todo, "id", t => (int)t.Id))
            .Should().Throw<ArgumentException>().WithMessage("*Int64*Int32*");
        FluentActions.Invoking(() => RealtimeTable.Define(" ", RowsJson.Default.Todo, "id", t => t.Id)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => RealtimeTable.Untyped("*")).Should().Throw<ArgumentException>().WithMessage("*one table*");
        FluentActions.Invoking(() => Shop.Todos.Where("status=is.TRUE")).Should().Throw<FormatException>();
    }

    [Theory]
    [InlineData("tags=eq.\"{a}\"")]
    [InlineData("id=eq.x,more=is.null")]
    public void A_filter_on_an_array_column_is_refused_because_it_would_silence_every_client_of_the_project(string filter)
    {
        var table = RealtimeTable.Define("tagged", RowsJson.Default.Tagged, "id", t => t.Id);
        table.Invoking(t => t.Where(filter)).Should().Throw<ArgumentException>().WithMessage("*every client of the project*");
        table.Where("id=eq.x").Filter.IsEmpty.Should().BeFalse();
        table.Where("blob=is.null").Filter.IsEmpty.Should().BeFalse("bytea is no array");
    }

    private SentFrame Join => _world.Socket.Join();

    private StreamRecorder<TableChange<TKey, TRow>> Watch<TKey, TRow>(RealtimeTable<TKey, TRow> table, ChangeStreamOptions? options = null)
        where TKey : notnull
    {
        var seen = new StreamRecorder<TableChange<TKey, TRow>>(_world.Manager.Changes(table, options ?? ChangeStreamOptions.Default));
        _world.Join();
        return seen;
    }
}
