using System.Text.Json;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Channels;

/// <summary>One bad binding does not silence its neighbours, and is not forgotten either.</summary>
public sealed class QuarantineTests
{
    [Fact]
    public void The_quoted_binding_is_set_apart_and_costs_its_neighbours_one_join()
    {
        var (world, server) = Make();
        server.Unpublished.Add("todos");
        var streams = new[] { world.Manager.Changes("a"), world.Manager.Changes("todos"), world.Manager.Changes("b"), world.Manager.Changes("c") };
        var seen = Watch(streams);
        world.Join();

        server.Joins.Should().Be(2, "all four, then the three good ones");
        streams.Select(static s => s.Status.State).Should().Equal(RealtimeState.Live, RealtimeState.Faulted, RealtimeState.Live, RealtimeState.Live);
        seen.Select(static s => string.Join(' ', s.Items)).Should().Equal("gap (Started)", "", "gap (Started)", "gap (Started)");
        var status = streams[1].Status;
        status.Error!.Reason.Should().Be(RealtimeErrorReason.SubscriptionRefused);
        status.Error.IsTransient.Should().BeFalse();
        status.Error.Message.Should().StartWith("The server refuses the subscription: public.todos does not exist or is not in the publication: alter publication supabase_realtime add table public.todos;");
        (status.NextRetry!.Value - world.Env.Time.GetUtcNow()).TotalSeconds.Should().BeInRange(30, 60);
    }

    [Fact]
    public void A_table_that_gets_published_later_comes_live_by_itself_and_disturbs_nobody()
    {
        var (world, server) = Make();
        server.Unpublished.Add("todos");
        var streams = new[] { world.Manager.Changes("a"), world.Manager.Changes("todos") };
        var seen = Watch(streams);
        world.Join();
        world.Advance(200);
        streams[1].Status.State.Should().Be(RealtimeState.Faulted);
        server.Joins.Should().BeGreaterThan(3, "it is tried now and then");
        server.Unpublished.Clear();
        world.Advance(700);

        streams.Select(static s => s.Status.State).Should().AllBeEquivalentTo(RealtimeState.Live);
        seen.Select(static s => string.Join(' ', s.Items)).Should().Equal("gap (Started)", "gap (Started)");
    }

    [Fact]
    public void A_stream_that_was_live_before_its_table_was_taken_away_is_told_a_gap_when_it_is_back()
    {
        var (world, server) = Make();
        var streams = new[] { world.Manager.Changes("a"), world.Manager.Changes("todos") };
        var seen = Watch(streams);
        world.Join();
        server.Unpublished.Add("todos");
        var join = server.Joined.Single();
        world.Socket.System(join, "postgres_changes", "error", TableServer.Refusal(join.Bindings[1]));
        world.Run();
        streams.Select(static s => s.Status.State).Should().Equal(RealtimeState.Live, RealtimeState.Faulted);
        server.Unpublished.Clear();
        world.Advance(61);

        seen.Select(static s => string.Join(' ', s.Items)).Should().AllBe("gap (Started) gap (Rejoined)");
    }

    [Fact]
    public void Several_bad_bindings_are_set_apart_one_after_another()
    {
        var (world, server) = Make();
        server.Unpublished.UnionWith("bde".Select(static c => c.ToString()));
        var streams = "abcdef".Select(t => world.Manager.Changes(t.ToString())).ToArray();
        var seen = Watch(streams);
        world.Join();

        server.Joins.Should().Be(4);
        server.Joined.Should().ContainSingle().Which.Bindings.Should().HaveCount(3);
        streams.Select(static s => s.Status.State == RealtimeState.Live).Should().Equal(true, false, true, false, false, true);
        foreach (var name in new[] { "b", "d", "e" })
        {
            streams.Single(s => s.Status.Error?.Message.Contains($": public.{name} does not exist", StringComparison.Ordinal) == true).Status.State.Should().Be(RealtimeState.Faulted);
        }

        seen.Sum(static s => s.Count).Should().Be(3);
    }

    [Fact]
    public void Of_several_filters_on_one_table_only_the_quoted_one_is_set_apart()
    {
        var (world, server) = Make();
        server.Refuses = static b => b.TryGetProperty("filter", out var f) && f.GetString() == "title=eq.x" ? TableServer.Refusal(b) : null;
        IChangeStream<long, Todo>[] streams =
            [world.Manager.Changes(Shop.Todos.Where("id=eq.1")), world.Manager.Changes(Shop.Todos.Where("title=eq.x")), world.Manager.Changes(Shop.Todos)];
        var seen = streams.Select(static s => new StreamRecorder<TableChange<long, Todo>>(s)).ToList();
        world.Join();

        server.Joins.Should().Be(2);
        streams.Select(static s => s.Status.State).Should().Equal(RealtimeState.Live, RealtimeState.Faulted, RealtimeState.Live);
    }

    [Fact]
    public void A_refused_companion_for_deletes_takes_its_subscription_along()
    {
        var (world, server) = Make();
        server.Refuses = static b => b.GetProperty("event").GetString() == "DELETE" ? TableServer.Refusal(b) : null;
        var keyOnly = world.Manager.Changes(Shop.Todos.Where("id=gt.5"), new ChangeStreamOptions { KeyOnlyDeletes = true });
        var plain = world.Manager.Changes(Shop.Todos.Where("id=gt.6"));
        using var one = new StreamRecorder<TableChange<long, Todo>>(keyOnly);
        using var two = new StreamRecorder<TableChange<long, Todo>>(plain);
        world.Join();

        keyOnly.Status.State.Should().Be(RealtimeState.Faulted);
        plain.Status.State.Should().Be(RealtimeState.Live);
        server.Joined.Should().ContainSingle().Which.Bindings.Should().ContainSingle();
    }

    [Fact]
    public void A_refused_binding_that_nobody_asks_for_any_more_costs_a_join_and_nobody_his_stream()
    {
        var world = new World(o => o.Linger = TimeSpan.Zero) { AutoSubscribed = false };
        var stream = world.Manager.Changes("a");
        var seen = Watch(stream);
        var gone = Watch(world.Manager.Changes("todos"));
        world.Join();
        gone[0].Dispose();
        world.Advance(0.1);
        var join = world.Socket.Join();
        world.Socket.System(join, "postgres_changes", "error", TableServer.Refusal(join.Bindings[1]));
        world.Run();
        world.Socket.Join().Bindings.Should().ContainSingle();
        world.Socket.Subscribed(world.Socket.Join());
        world.Run();
        stream.Status.State.Should().Be(RealtimeState.Live);
    }

    [Fact]
    public void What_is_set_apart_takes_no_place_and_moves_in_with_others_when_it_succeeds_and_no_place_is_free()
    {
        var (world, server) = Make(1);
        server.Unpublished.UnionWith("bc".Select(static c => c.ToString()));
        var streams = "abc".Select(t => world.Manager.Changes(t.ToString())).ToArray();
        var seen = Watch(streams);
        world.Join();
        streams.Select(static s => s.Status.State).Should().Equal(RealtimeState.Live, RealtimeState.Faulted, RealtimeState.Faulted);
        server.MostJoined.Should().Be(1);
        world.Advance(200);
        server.Unpublished.Clear();
        world.Advance(700);

        streams.Select(static s => s.Status.State).Should().AllBeEquivalentTo(RealtimeState.Live);
        server.MostJoined.Should().Be(2, "one is tried beside the budget");
        server.Joined.Should().ContainSingle().Which.Bindings.Should().HaveCount(3);
        seen[0].Items.Select(static i => i.ToString()).Should().Equal("gap (Started)", "gap (Rejoined)", "gap (Rejoined)");
        seen[1].Items.Select(static i => i.ToString()).Should().StartWith("gap (Started)");
        seen[2].Items.Should().NotBeEmpty();
    }

    [Fact]
    public void However_many_are_set_apart_one_at_a_time_is_tried_when_no_place_is_free()
    {
        var (world, server) = Make(4);
        server.Unpublished.UnionWith(Enumerable.Range(0, 40).Select(static i => $"bad{i}"));
        var bad = Enumerable.Range(0, 40).Select(i => world.Manager.Changes($"bad{i}")).ToArray();
        var good = new List<IChangeStream<JsonElement, JsonElement>>();
        var recorders = Watch(bad);
        world.Join();
        for (var i = 0; i < 4; i++)
        {
            good.Add(world.Manager.Changes($"good{i}"));
            recorders.AddRange(Watch(good[^1]));
            world.Join();
        }

        good.Should().OnlyContain(static s => s.Status.State == RealtimeState.Live, "what is set apart holds no place");
        bad.Should().OnlyContain(static s => s.Status.State == RealtimeState.Faulted);
        var joins = server.Joins;
        world.Advance(3600);
        server.MostJoined.Should().BeLessThanOrEqualTo(5);
        (server.Joins - joins).Should().BeInRange(40, 40 * 120, "each is tried now and then, and none without a pause");
        good.Should().OnlyContain(static s => s.Status.State == RealtimeState.Live);
        recorders[^1].Items.Should().HaveCount(1, "trials disturb nobody");

        server.Unpublished.Clear();
        world.Advance(3600);
        bad.Should().OnlyContain(static s => s.Status.State == RealtimeState.Live);
        server.MostJoined.Should().BeLessThanOrEqualTo(5);
        server.Joined.Should().HaveCount(4);
        server.Joined.Sum(static j => j.Bindings.Count).Should().Be(44);
    }

    [Fact]
    public void A_late_subscription_is_not_taken_in_by_a_channel_that_is_set_apart()
    {
        // The one place is another user's, so that this user has nothing but what is set apart.
        var (world, server) = Make(1);
        server.Unpublished.Add("bad");
        var seen = Watch(world.Manager.Changes("mine"));
        world.Join();
        var other = world.Manager.ForTenant("co_1", new FakeTokens { Token = "theirs" });
        var bad = other.Changes("bad");
        var good = other.Changes("good");
        seen.AddRange(Watch(bad));
        world.Join();
        bad.Status.State.Should().Be(RealtimeState.Faulted);
        seen.AddRange(Watch(good));
        world.Join();
        good.Status.State.Should().Be(RealtimeState.Live);
        bad.Status.State.Should().Be(RealtimeState.Faulted);
        server.Joins.Should().Be(3);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_refusal_is_logged_once_and_by_the_tables_name(bool alone)
    {
        var world = new World();
        var server = new TableServer(world);
        server.Unpublished.Add("salesOrder");
        using var bad = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        using var good = alone ? null : new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos));
        world.Join();
        world.Log.Lines.Should().ContainSingle(l => l.Contains("[2005]")).Which.Should().Contain("Subscription to public.salesOrder on realtime:carbon-default-");
        world.Log.Lines.Should().NotContain(l => l.Contains("[2003]"), "one refusal is one line");
    }

    [Fact]
    public void A_channel_that_joins_again_is_logged_with_the_tables_that_wait_for_it()
    {
        var world = new World();
        var seen = Enumerable.Range(0, 7).Select(i => new StreamRecorder<TableChange<System.Text.Json.JsonElement, System.Text.Json.JsonElement>>(world.Manager.Changes($"t{i}"))).ToList();
        world.Join();
        world.Socket.CloseChannel(world.Socket.Join(), "phx_error");
        world.Run();
        world.Log.Lines.Should().ContainSingle(l => l.Contains("[2003]")).Which.Should()
            .Contain("Channel default (public.t0, public.t1, public.t2, public.t3, public.t4 and 2 more) will be joined again");
        seen.ForEach(static s => s.Dispose());
    }

    [Fact]
    public void A_refusal_that_quotes_nothing_is_found_by_halving_also_when_no_place_is_free()
    {
        var (world, server) = Make(1);
        server.Quotes = false;
        server.Unpublished.Add("t5");
        var streams = Enumerable.Range(0, 8).Select(i => world.Manager.Changes($"t{i}")).ToArray();
        var seen = Watch(streams);
        world.Join();
        world.Advance(1200);

        streams.Select(static s => s.Status.State == RealtimeState.Live).Should().Equal(true, true, true, true, true, false, true, true);
        server.MostJoined.Should().BeLessThanOrEqualTo(2);
    }

    [Fact]
    public void A_refusal_that_is_no_bindings_fault_parts_nothing()
    {
        var (world, server) = Make();
        server.Refuses = static b => "Unable to subscribe to changes with given parameters. An exception happened so please check your connect parameters: "
            + "[event: *, schema: public, table: a, filters: [], select: nil]. Exception: ERROR 42704 (undefined_object) role \"ghost\" does not exist";
        var streams = new[] { world.Manager.Changes("a"), world.Manager.Changes("b") };
        var seen = Watch(streams);
        world.Join();
        server.Joins.Should().Be(1);
        streams.Should().OnlyContain(static s => s.Status.State == RealtimeState.Faulted && s.Status.Error!.Reason == RealtimeErrorReason.TokenRejected);
    }

    [Fact]
    public void What_is_set_apart_stays_so_over_a_lost_connection()
    {
        var (world, server) = Make();
        server.Unpublished.Add("todos");
        var streams = new[] { world.Manager.Changes("a"), world.Manager.Changes("todos") };
        var seen = Watch(streams);
        world.Join();
        var retry = streams[1].Status.NextRetry;
        world.Socket.Break();
        world.Advance(5);
        streams.Select(static s => s.Status.State).Should().Equal(RealtimeState.Live, RealtimeState.Faulted);
        streams[1].Status.NextRetry.Should().Be(retry);
        server.Joins.Should().Be(3, "the reconnect joins the good one only");
    }

    [Fact]
    public void Whoever_asks_for_what_is_set_apart_is_told_why_at_once()
    {
        var (world, server) = Make();
        server.Unpublished.Add("todos");
        var seen = Watch(world.Manager.Changes("todos"), world.Manager.Changes("a"));
        world.Join();
        var same = world.Manager.Changes(Shop.Todos);
        using var late = new StreamRecorder<TableChange<long, Todo>>(same);
        world.Run();
        same.Status.State.Should().Be(RealtimeState.Faulted);
        server.Joins.Should().Be(2);
    }

    private static (World World, TableServer Server) Make(int maxChannels = 32)
    {
        var world = new World(o => o.MaxChannels = maxChannels);
        return (world, new TableServer(world));
    }

    private static List<StreamRecorder<TableChange<JsonElement, JsonElement>>> Watch(params IChangeStream<JsonElement, JsonElement>[] streams) =>
        [.. streams.Select(static s => new StreamRecorder<TableChange<JsonElement, JsonElement>>(s))];
}
