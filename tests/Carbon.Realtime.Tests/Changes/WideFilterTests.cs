using System.Text.Json;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Changes;

/// <summary>Conditions that are not sent because the server would refuse or misread them: judged by the client, exactly or not at all.</summary>
public sealed class WideFilterTests
{
    private const string Columns = "id text, companyId text, status text, qty int4";

    private static readonly string[] Statuses = [.. Enumerable.Range(0, 150).Select(i => $"s{i}")];

    private static readonly RealtimeTable<JsonElement, JsonElement> Jobs = RealtimeTable.Untyped("job").TenantScoped("companyId");

    private readonly World _world = new();

    [Fact]
    public void More_values_than_the_server_takes_are_judged_by_the_client_and_the_rest_of_the_filter_is_sent()
    {
        using var seen = Watch(Jobs.Where(Among).Where("qty=gt.1"));
        Filter.Should().Be("companyId=eq.co_1,qty=gt.1");
        Insert("in", "co_1", "s149", 5);
        Insert("out", "co_1", "s150", 5);
        Insert("foreign", "co_2", "s1", 5);
        Insert("few", "co_1", "s1", 1);
        Update("entered", "s0");
        Update("left", "gone");
        Told(seen).Should().Equal("gap (Started)", "inserted in", "updated entered");
        _world.Manager.Drops[FrameDropReason.ForeignRow].Should().Be(4);
    }

    [Fact]
    public void A_hundred_values_are_sent_and_a_filter_that_cannot_be_sent_at_all_is_a_binding_without_one()
    {
        var world = new World();
        using var hundred = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos.Where(RealtimeFilter.Where("id").In(Enumerable.Range(1, 100)))));
        using var more = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos.Where(RealtimeFilter.Where("id").In(Enumerable.Range(1, 101)))));
        world.Join();
        var bindings = world.Socket.Join().Bindings;
        bindings[0].GetProperty("filter").GetString().Should().StartWith("id=in.(1,").And.EndWith(",100)");
        bindings[1].GetRawText().Should().Be("""{"event":"*","schema":"public","table":"todos"}""");
        world.Socket.Insert(world.Socket.Join(), "todos", """{"id":101,"title":"a","done":false}""", 2);
        world.Socket.Insert(world.Socket.Join(), "todos", """{"id":102,"title":"a","done":false}""", 2);
        world.Run();
        more.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "inserted 101");
    }

    [Fact]
    public void A_thousand_values_do_not_make_the_binding_long_and_reads_still_name_them_all()
    {
        var filter = RealtimeFilter.Where("id").In(Enumerable.Range(1, 10_000));
        using var seen = Watch(Jobs.Where(filter));
        _world.Socket.Join().Payload.GetRawText().Length.Should().BeLessThan(500);
        filter.ToPostgrest().Single().Value.Should().StartWith("in.(\"1\",").And.EndWith(",\"10000\")");
        Jobs.Where(filter).ToString().Length.Should().BeLessThan(600, "it is logged");
    }

    [Fact]
    public void A_delete_is_judged_by_its_old_row_and_not_delivered_where_that_does_not_tell()
    {
        using var seen = Watch(Jobs.Where(Among));
        Delete("""{"id":"a","companyId":"co_1","status":"s7","qty":1}""");
        Delete("""{"id":"b","companyId":"co_1","status":"gone","qty":1}""");
        Delete("""{"id":"c"}""");
        Told(seen).Should().Equal("gap (Started)", "deleted a");
    }

    [Fact]
    public void Key_only_deletes_come_unverified_where_nobody_judged_the_condition_that_was_not_sent()
    {
        using var seen = Watch(Jobs.Where(Among), new ChangeStreamOptions { KeyOnlyDeletes = true });
        Delete("""{"id":"a","companyId":"co_1","status":"s7","qty":1}""");
        Delete("""{"id":"b","companyId":"co_1","status":"gone","qty":1}""");
        Delete("""{"id":"c"}""");
        Told(seen).Should().Equal("gap (Started)", "deleted a", "deleted c (unverified)");
        seen.Items.OfType<Deleted<JsonElement, JsonElement>>().Last().HasOldRow.Should().BeFalse();
    }

    [Fact]
    public void A_new_row_that_lacks_the_column_may_match_so_it_is_a_gap_and_shows_its_key_only_to_its_tenant()
    {
        using var seen = Watch(Jobs.Where(Among));
        _world.Socket.Raw(Join, "job", "UPDATE", Columns, """{"id":"mine","companyId":"co_1","qty":1}""", """{"id":"mine"}""");
        _world.Socket.Raw(Join, "job", "UPDATE", Columns, """{"id":"whose","qty":1}""", """{"id":"whose"}""");
        _world.Socket.Raw(Join, "job", "UPDATE", Columns, """{"id":"theirs","companyId":"co_2","qty":1}""", """{"id":"theirs"}""");
        Told(seen).Should().Equal("gap (Started)", "gap (Partial) at mine", "gap (Partial)");
    }

    [Theory]
    [InlineData("mood")]
    [InlineData("bpchar")]
    [InlineData("citext")]
    [InlineData("jsonb")]
    [InlineData("int4")] // 's0' is no integer: the server would have refused it
    public void A_column_that_only_the_database_can_compare_ends_the_stream_at_its_first_sight(string type)
    {
        using var seen = Watch(Jobs.Where(Among));
        _world.Socket.Raw(Join, "job", "INSERT", $"id text, companyId text, status {type}", """{"id":"a","companyId":"co_1","status":"s1"}""");
        Told(seen).Should().Equal(["gap (Started)"], "not even what matches by its text is told");
        var error = seen.Error.Should().BeOfType<RealtimeException>().Subject;
        error.Reason.Should().Be(RealtimeErrorReason.UnsafeFilter);
        error.Message.Should().Contain("'status'").And.Contain(type).And.Contain("'in'");
        _world.Socket.Frames("phx_leave").Should().ContainSingle();
    }

    [Fact]
    public void A_typed_text_property_on_a_column_that_turns_out_to_be_an_enum_ends_too()
    {
        using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(_world.Manager.Changes(Shop.SalesOrders.Where(Among)));
        _world.Join();
        _world.Socket.Raw(Join, "salesOrder", "INSERT", "id text, companyId text, status salesOrderStatus", """{"id":"a","companyId":"co_1","status":"s1"}""");
        _world.Run();
        seen.Error.Should().BeOfType<RealtimeException>().Which.Message.Should().Contain("salesOrderStatus");
    }

    [Fact]
    public void A_property_that_the_client_cannot_compare_as_PostgreSQL_does_is_refused_at_once()
    {
        var table = RealtimeTable.Define("hard", HardJson.Default.Hard, "id", h => h.Id);
        foreach (var column in new[] { "kind", "doc", "picky" })
        {
            table.Invoking(t => t.Where(RealtimeFilter.Where(column).In(Statuses))).Should().Throw<ArgumentException>().WithMessage($"*at most 100*150*'{column}'*exactly*");
        }

        table.Invoking(t => t.Where(RealtimeFilter.Where("num").In(Statuses))).Should().Throw<ArgumentException>("they are no numbers").WithMessage("*Decimal*'in'*");
        table.Where(RealtimeFilter.Where("num").In(Enumerable.Range(0, 150))).Filter.IsEmpty.Should().BeFalse();
        table.Where(RealtimeFilter.Where("code").In(Statuses)).Filter.IsEmpty.Should().BeFalse();
        table.Where(RealtimeFilter.Where("unmapped").In(Statuses)).Filter.IsEmpty.Should().BeFalse("its type is seen later");
        table.Where("kind=in.(Red,Green)").Filter.IsEmpty.Should().BeFalse("the server judges it");
    }

    [Fact]
    public void With_one_condition_per_filter_the_tenants_is_sent_and_the_client_judges_the_others()
    {
        var world = new World(o => o.SingleFilterCondition = true);
        using var seen = new StreamRecorder<TableChange<JsonElement, JsonElement>>(world.Manager.Changes(Jobs.Where("status=eq.released,qty=gte.5")));
        using var unscoped = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos.Where("done=eq.true,title=eq.a")));
        world.Join();
        world.Socket.Join().Bindings.Select(b => b.GetProperty("filter").GetString()).Should().Equal("companyId=eq.co_1", "done=eq.true");
        foreach (var (id, status, qty) in new[] { ("a", "released", 5), ("b", "released", 4), ("c", "draft", 9) })
        {
            world.Socket.Raw(world.Socket.Join(), "job", "INSERT", Columns, $$"""{"id":"{{id}}","companyId":"co_1","status":"{{status}}","qty":{{qty}}}""");
        }

        world.Socket.Insert(world.Socket.Join(), "todos", """{"id":1,"title":"b","done":true}""", 2);
        world.Socket.Insert(world.Socket.Join(), "todos", """{"id":2,"title":"a","done":true}""", 2);
        world.Run();
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "inserted a");
        unscoped.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "inserted 2");
    }

    [Fact]
    public void With_one_condition_per_filter_a_condition_that_cannot_be_judged_here_is_refused()
    {
        var world = new World(o => o.SingleFilterCondition = true);
        world.Manager.Invoking(m => m.Changes(Shop.SalesOrders.Where("status=gt.a"))).Should().Throw<ArgumentException>()
            .WithMessage("RealtimeOptions.SingleFilterCondition*public.salesOrder*'status'*'gt'*");
        world.Manager.Changes(Shop.Todos.Where("title=gt.a")).Should().NotBeNull("the only one is sent");
        using var seen = new StreamRecorder<TableChange<JsonElement, JsonElement>>(world.Manager.Changes(Jobs.Where("status=ilike.a%")));
        world.Join();
        world.Socket.Raw(world.Socket.Join(), "job", "INSERT", Columns, """{"id":"a","companyId":"co_1","status":"a","qty":1}""");
        world.Run();
        seen.Error.Should().BeOfType<RealtimeException>().Which.Reason.Should().Be(RealtimeErrorReason.UnsafeFilter);
    }

    internal const string Unsplit =
        "Unable to subscribe to changes with given parameters. An exception happened so please check your connect parameters: [event: *, schema: public, table: todos, "
        + "filters: [{\"id\", \"eq\", \"5,done=eq.true\"}]]. Exception: ERROR 22P02 (invalid_text_representation) invalid input syntax for type bigint: \"5,done=eq.true\"";

    [Fact]
    public async Task A_refusal_that_shows_that_the_server_did_not_split_the_filter_leads_to_one_condition_and_advice()
    {
        _world.AutoSubscribed = false;
        var stream = _world.Manager.Changes(Shop.Todos.Where("id=eq.5,done=eq.true"));
        using var seen = Watch(Shop.Todos.Where("id=eq.5,done=eq.true"));
        using var statuses = new StreamRecorder<RealtimeStatus>(stream.StatusChanges);
        var live = stream.WhenLiveAsync();
        _world.Socket.System(Join, "postgres_changes", "error", Unsplit);
        _world.Run();
        _world.AutoSubscribed = true;
        _world.Join();
        Filter.Should().Be("id=eq.5");
        await live;
        statuses.Items.Should().NotContain(s => s.State == RealtimeState.Faulted, "nobody has to do anything");
        _world.Socket.Insert(Join, "todos", """{"id":5,"title":"a","done":false}""");
        _world.Socket.Insert(Join, "todos", """{"id":5,"title":"a","done":true}""");
        Told(seen).Should().Equal("gap (Started)", "inserted 5");
        _world.Log.Lines.Where(l => l.Contains("SingleFilterCondition")).Should().ContainSingle().Which.Should().StartWith("Warning");
        _world.Socket.Frames("phx_join").Should().HaveCount(2);
        _world.Socket.Frames("phx_leave").Should().ContainSingle("the refused channel is left");
    }

    [Fact]
    public void Streams_that_share_a_refused_channel_are_each_widened_and_the_others_keep_their_binding()
    {
        _world.AutoSubscribed = false;
        using var and = new StreamRecorder<TableChange<long, Todo>>(_world.Manager.Changes(Shop.Todos.Where("id=eq.5,done=eq.true")));
        using var plain = new StreamRecorder<TableChange<string, SalesOrder>>(_world.Manager.Changes(Shop.SalesOrders));
        _world.Join();
        for (var i = 0; i < 6; i++)
        {
            // The server refuses whatever holds the unsplit filter and takes the rest.
            var left = _world.Socket.Frames("phx_leave").Select(f => f.Topic).ToHashSet();
            foreach (var join in _world.Socket.Frames("phx_join").Where(j => !left.Contains(j.Topic)))
            {
                if (join.Bindings.Any(b => b.GetProperty("filter").GetString()!.Contains(",done=")))
                {
                    _world.Socket.System(join, "postgres_changes", "error", Unsplit);
                }
                else
                {
                    _world.Socket.Subscribed(join);
                }
            }

            _world.Run();
            _world.Advance(1);
        }

        and.Items.Should().HaveCountGreaterThan(0);
        plain.Items.Should().HaveCountGreaterThan(0);
        Filter.Should().BeOneOf("id=eq.5", "companyId=eq.co_1");
    }

    [Theory]
    [InlineData("[{\"id\", \"eq\", \"abc\", false}, {\"done\", \"eq\", \"true\", false}], select: nil]. Exception: ERROR 22P02 invalid input syntax for type bigint: \"abc\"")]
    [InlineData("[]. Exception: ERROR P0001 (raise_exception) invalid column for filter done")]
    public void A_refusal_of_a_server_that_split_the_filter_stays_one(string words)
    {
        using var seen = Watch(Shop.Todos.Where("id=eq.5,done=eq.true"));
        _world.Socket.System(Join, "postgres_changes", "error", "Unable to subscribe to changes with given parameters. An exception happened so please check your connect parameters: [filters: " + words);
        _world.Run();
        _world.Manager.Changes(Shop.Todos.Where("id=eq.5,done=eq.true")).Status.State.Should().Be(RealtimeState.Faulted);
        _world.Join();
        _world.Socket.Frames("phx_join").Should().ContainSingle();
    }

    [Fact]
    public void A_filter_that_cannot_be_judged_here_is_not_widened_and_one_that_was_is_not_widened_again()
    {
        using var seen = Watch(Shop.Todos.Where("id=eq.5,title=gt.a"));
        _world.Socket.System(Join, "postgres_changes", "error", Unsplit.Replace(",done=eq.true", ",title=gt.a", StringComparison.Ordinal));
        _world.Run();
        _world.Manager.Changes(Shop.Todos.Where("id=eq.5,title=gt.a")).Status.State.Should().Be(RealtimeState.Faulted);

        var world = new World();
        var stream = world.Manager.Changes(Shop.Todos.Where("id=eq.5,done=eq.true"));
        using var again = new StreamRecorder<TableChange<long, Todo>>(stream);
        world.Join();
        for (var i = 0; i < 2; i++)
        {
            world.Socket.System(world.Socket.Join(), "postgres_changes", "error", Unsplit);
            world.Run();
            world.Join();
        }

        stream.Status.State.Should().Be(RealtimeState.Faulted, "that was not it");
        again.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)");
    }

    [Fact]
    public void A_stream_that_ends_while_it_is_widened_stays_ended()
    {
        var scope = _world.Manager.ForTenant("co_9");
        var stream = scope.Changes(Shop.Todos.Where("id=eq.5,done=eq.true"));
        using var seen = new StreamRecorder<TableChange<long, Todo>>(stream);
        _world.Join();
        using var statuses = new StreamRecorder<RealtimeStatus>(stream.StatusChanges)
        {
            OnElement = (_, status) =>
            {
                if (status.State == RealtimeState.Joining)
                {
                    scope.Dispose();
                }
            },
        };
        _world.Socket.System(Join, "postgres_changes", "error", Unsplit);
        _world.Run();
        _world.Advance(10);
        seen.IsCompleted.Should().BeTrue();
        _world.Socket.Frames("phx_join").Should().ContainSingle("nobody wants it any more");
    }

    [Fact]
    public void A_stream_that_is_widened_onto_a_live_binding_drops_for_a_while_what_its_join_before_delivered()
    {
        using var wide = Watch(Shop.Todos.Where("id=eq.5"), new ChangeStreamOptions { Group = "wide" });
        var there = Join;
        using var narrow = Watch(Shop.Todos.Where("id=eq.5,done=eq.true"));
        var here = Join;
        const string A = """{"id":5,"title":"a","done":true}""";
        const string B = """{"id":5,"title":"b","done":true}""";
        _world.Socket.Insert(here, "todos", A);
        _world.Socket.Insert(here, "todos", B);
        _world.Socket.System(here, "postgres_changes", "error", Unsplit);
        _world.Run();
        _world.Join();
        _world.Socket.Frames("phx_join").Should().HaveCount(2, "the binding that it needs now is live already");
        Told(narrow).Should().Equal("gap (Started)", "inserted 5", "inserted 5", "gap (Rejoined)");
        _world.Socket.Insert(there, "todos", A);
        Told(narrow).Should().HaveCount(4);
        _world.Advance(15.1);
        _world.Socket.Insert(there, "todos", B);
        Told(narrow).Should().HaveCount(5, "what comes so late is another change");
        Told(wide).Should().Equal("gap (Started)", "inserted 5", "inserted 5");
    }

    [Fact]
    public void What_nobody_can_mean_is_refused_before_anything_is_sent()
    {
        FluentActions.Invoking(() => Jobs.Where("status=in.()")).Should().Throw<FormatException>().WithMessage("*'in' without values never matches*");
        FluentActions.Invoking(() => Jobs.Where(RealtimeFilter.Where("status").In(Array.Empty<string>()))).Should().Throw<ArgumentException>().WithMessage("*without values*");
        FluentActions.Invoking(() => Jobs.Where(" ")).Should().Throw<FormatException>().WithMessage("*blank*");
        FluentActions.Invoking(() => Jobs.Where((string)null!)).Should().Throw<ArgumentNullException>();
        FluentActions.Invoking(() => Jobs.Where("status=eq.null")).Should().Throw<FormatException>().WithMessage("*is.null*");
        FluentActions.Invoking(() => RealtimeFilter.Where("status").Equal(null!)).Should().Throw<ArgumentNullException>().WithMessage("*IsNull()*");
        FluentActions.Invoking(() => RealtimeFilter.Where("status").In("a", null!)).Should().Throw<ArgumentNullException>().WithMessage("*IsNull()*");
        FluentActions.Invoking(() => Jobs.Where("status=is.nothing")).Should().Throw<FormatException>().WithMessage("*null, true, false or unknown*");
        FluentActions.Invoking(() => Jobs.Where("status=cs.{a}")).Should().Throw<FormatException>().WithMessage("*PostgREST's*");
        FluentActions.Invoking(() => Jobs.Where("status=eq.\"a")).Should().Throw<FormatException>().WithMessage("*never closed*");
        FluentActions.Invoking(() => RealtimeFilter.Where("a,b")).Should().Throw<ArgumentException>().WithMessage("*','*");
        FluentActions.Invoking(() => RealtimeFilter.Where("a=b")).Should().Throw<ArgumentException>().WithMessage("*'='*");
        FluentActions.Invoking(() => Jobs.TenantScoped(" ")).Should().Throw<ArgumentException>();
        foreach (var blank in new[] { "", " ", "\t" })
        {
            _world.Manager.Invoking(m => m.ForTenant(blank)).Should().Throw<ArgumentException>();
            _world.Manager.Invoking(m => m.Tenant.Set(blank)).Should().Throw<ArgumentException>();
            FluentActions.Invoking(() => new World(o => o.Tenant = blank)).Should().Throw<ArgumentException>().WithMessage("*Tenant must not be blank*");
        }

        _world.Manager.Tenant.Current.Should().Be("co_1");
        _world.Server.Dialed.Should().BeEmpty();
    }

    private static RealtimeFilter Among => RealtimeFilter.Where("status").In(Statuses);

    private SentFrame Join => _world.Socket.Join();

    private string? Filter => Join.Bindings[0].GetProperty("filter").GetString();

    private void Insert(string id, string company, string status, int qty) =>
        _world.Socket.Raw(Join, "job", "INSERT", Columns, $$"""{"id":"{{id}}","companyId":"{{company}}","status":"{{status}}","qty":{{qty}}}""");

    private void Update(string id, string status) => _world.Socket.Raw(
        Join, "job", "UPDATE", Columns, $$"""{"id":"{{id}}","companyId":"co_1","status":"{{status}}","qty":5}""", $$"""{"id":"{{id}}"}""");

    private void Delete(string oldRecord) => _world.Socket.Raw(Join, "job", "DELETE", Columns, null, oldRecord);

    private IEnumerable<string?> Told<TKey, TRow>(StreamRecorder<TableChange<TKey, TRow>> seen)
        where TKey : notnull
    {
        _world.Run();
        return seen.Items.Select(i => i.ToString());
    }

    private StreamRecorder<TableChange<TKey, TRow>> Watch<TKey, TRow>(RealtimeTable<TKey, TRow> table, ChangeStreamOptions? options = null)
        where TKey : notnull
    {
        var seen = new StreamRecorder<TableChange<TKey, TRow>>(_world.Manager.Changes(table, options ?? ChangeStreamOptions.Default));
        _world.Join();
        return seen;
    }

    [Fact]
    public void After_widening_the_types_are_looked_at_again()
    {
        var world = new World();
        var table = RealtimeTable.Untyped("job").TenantScoped("companyId").Where("name=gt.m");
        var stream = world.Manager.Changes(table);
        using var seen = new StreamRecorder<TableChange<JsonElement, JsonElement>>(stream);
        world.Join();
        void Insert(string id) => world.Socket.Deliver($$$"""[null,null,"{{{world.Socket.Join().Topic}}}","postgres_changes",{"data":{"table":"job","type":"INSERT","record":{"id":"{{{id}}}","companyId":"co_1","name":"z"},"columns":[{"name":"id","type":"text"},{"name":"companyId","type":"text"},{"name":"name","type":"text"}],"errors":null,"schema":"public","commit_timestamp":"2026-11-22T10:46:23.{{{id}}}Z"},"ids":[1]}]""");
        Insert("101");
        world.Run();
        var join = world.Socket.Join();
        world.Socket.System(join, "postgres_changes", "error", "Unable to subscribe to changes with given parameters. invalid input syntax for type integer: \"co_1,name=gt.m\"");
        world.Run();
        world.Advance(1);
        world.Socket.Join().Bindings[0].GetProperty("filter").GetString().Should().Be("companyId=eq.co_1");
        Insert("102");
        world.Run();
        stream.Status.State.Should().Be(RealtimeState.Closed, string.Join(' ', seen.Items) + " / " + stream.Status);
    }
}
