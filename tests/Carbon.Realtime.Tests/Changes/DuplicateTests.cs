using Carbon.Realtime.Authentication;
using Carbon.Realtime.Changes;
using Carbon.Realtime.Channels;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Changes;

/// <summary>Each change once: what was committed just before a quick rejoin can come on both joins.</summary>
public sealed class DuplicateTests
{
    private const string A = """{"id":1,"title":"a","done":false}""";
    private const string B = """{"id":2,"title":"b","done":false}""";

    private readonly World _world = new();

    [Fact]
    public void What_the_old_join_delivered_does_not_come_again_on_the_new_one()
    {
        using var seen = Watch(Shop.Todos);
        Insert(A);
        Rejoin();
        Insert(A);
        Insert(B);
        Told(seen).Should().Equal("gap (Started)", "inserted 1", "gap (Rejoined)", "inserted 2");
        _world.Manager.Drops[FrameDropReason.Duplicate].Should().Be(1);
        seen.AssertContract();
    }

    [Fact]
    public void Two_equal_changes_of_which_the_old_join_delivered_one_are_told_twice_in_all()
    {
        using var seen = Watch(Shop.Todos);
        Insert(A);
        Rejoin();
        Insert(A);
        Insert(A);
        Told(seen).Should().Equal("gap (Started)", "inserted 1", "gap (Rejoined)", "inserted 1");
    }

    [Fact]
    public void Two_equal_changes_that_the_old_join_delivered_are_both_dropped()
    {
        using var seen = Watch(Shop.Todos);
        Insert(A);
        Insert(A);
        Rejoin();
        Insert(A);
        Insert(A);
        Insert(A);
        Told(seen).Should().Equal("gap (Started)", "inserted 1", "inserted 1", "gap (Rejoined)", "inserted 1");
    }

    [Fact]
    public void Within_one_join_nothing_is_a_repetition()
    {
        using var seen = Watch(Shop.Todos);
        Insert(A);
        Insert(A);
        _world.Socket.Subscribed(Join);
        Told(seen).Should().Equal("gap (Started)", "inserted 1", "inserted 1", "gap (Resubscribed)");
    }

    [Theory]
    [InlineData(9.5, false)]
    [InlineData(15.1, true)]
    public void A_while_after_the_rejoin_nothing_is_a_repetition_any_more(double seconds, bool isDelivered)
    {
        using var seen = Watch(Shop.Todos);
        Insert(A);
        Rejoin();
        _world.Advance(seconds); // and at most 5 s have passed since the rejoin
        Insert(A);
        Told(seen).Count(t => t == "inserted 1").Should().Be(isDelivered ? 2 : 1);
    }

    [Fact]
    public void Another_type_time_or_half_of_a_change_is_another_change()
    {
        using var seen = Watch(Shop.Todos);
        void All(string at, Action<string, string, string?, string?> change)
        {
            change("INSERT", at, A, null);
            change("UPDATE", at, A, null);
            change("UPDATE", at, A, B);
            change("UPDATE", at, B, A);
            change("DELETE", at, null, A);
        }

        void Send(string type, string at, string? record, string? old) =>
            _world.Socket.Raw(Join, "todos", type, "id int8, title text, done bool", record, old, at);

        Insert(B);
        All("\"2026-11-22T10:00:00.001Z\"", Send);
        Rejoin();
        All("\"2026-11-22T10:00:00.002Z\"", Send);
        Told(seen).Where(t => !t!.StartsWith("gap", StringComparison.Ordinal)).Should().HaveCount(11, "the time stamps differ");
        Rejoin();
        All("\"2026-11-22T10:00:00.001Z\"", Send);
        All("\"2026-11-22T10:00:00.002Z\"", Send);
        Told(seen).Where(t => !t!.StartsWith("gap", StringComparison.Ordinal)).Should().HaveCount(11);
        _world.Manager.Drops[FrameDropReason.Duplicate].Should().Be(10, "one for each, and none for another");
    }

    [Fact]
    public void Another_tables_equal_row_is_another_change()
    {
        var other = RealtimeTable.Define("other", RowsJson.Default.Todo, "id", t => t.Id);
        using var seen = new StreamRecorder<TableChange<long, Todo>>(_world.Manager.Changes(Shop.Todos));
        using var others = Watch(other);
        _world.Socket.Insert(Join, "todos", A, 1);
        Rejoin();
        _world.Socket.Insert(Join, "other", A, 2);
        _world.Socket.Insert(Join, "todos", A, 1);
        _world.Run();
        Told(seen).Should().Equal("gap (Started)", "inserted 1", "gap (Rejoined)");
        Told(others).Should().Equal("gap (Started)", "gap (Rejoined)", "inserted 1");
    }

    [Fact]
    public void A_second_quick_rejoin_may_repeat_the_same_change_once_more()
    {
        using var seen = Watch(Shop.Todos);
        Insert(A);
        Rejoin();
        Insert(A);
        Rejoin();
        Insert(A);
        Insert(B);
        Told(seen).Should().Equal("gap (Started)", "inserted 1", "gap (Rejoined)", "gap (Rejoined)", "inserted 2");
    }

    [Fact]
    public void A_change_that_overtakes_the_new_joins_ok_can_be_a_repetition_too()
    {
        using var seen = Watch(Shop.Todos);
        Insert(A);
        _world.AutoSubscribed = false;
        Rejoin();
        Insert(A);
        Insert(B);
        _world.Socket.Subscribed(Join);
        _world.Run();
        Insert(A);
        Told(seen).Should().Equal(
            ["gap (Started)", "inserted 1", "inserted 2", "gap (Rejoined)", "inserted 1"], "one was repeated, so the next is a change of its own");
    }

    [Fact]
    public void When_the_server_subscribes_again_by_itself_it_may_repeat_as_well()
    {
        using var seen = Watch(Shop.Todos);
        Insert(A);
        _world.Socket.Subscribed(Join);
        Insert(A);
        Told(seen).Should().Equal("gap (Started)", "inserted 1", "gap (Resubscribed)");
    }

    [Fact]
    public void A_token_push_repeats_nothing()
    {
        var tokens = new FakeTokens();
        var world = new World(tokens: tokens);
        tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(1), mark: "a");
        using var seen = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos));
        world.Join();
        world.Socket.Insert(world.Socket.Join(), "todos", A);
        tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddHours(1), mark: "b");
        _ = world.Manager.RefreshAccessTokenAsync();
        world.Run();
        world.Socket.Subscribed(world.Socket.Join());
        world.Socket.Insert(world.Socket.Join(), "todos", A);
        world.Run();
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "inserted 1", "inserted 1");
    }

    [Fact]
    public void Another_users_join_begins_anew_for_what_comes_is_that_users_view()
    {
        var tokens = new FakeTokens();
        var world = new World(tokens: tokens);
        var until = world.Env.Time.GetUtcNow().AddHours(1);
        tokens.Token = Jwt.Create(until, sub: "user_1");
        using var seen = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos));
        world.Join();
        world.Socket.Insert(world.Socket.Join(), "todos", A);
        world.Run();
        tokens.Token = Jwt.Create(until, sub: "user_2");
        _ = world.Manager.RefreshAccessTokenAsync();
        world.Run();
        world.Socket.Insert(world.Socket.Join(), "todos", A);
        world.Run();
        seen.Items.Select(i => i.ToString()).Should().Equal("gap (Started)", "inserted 1", "gap (Rejoined)", "inserted 1");

        world.Socket.CloseChannel(world.Socket.Join(), "phx_error");
        world.Run();
        world.Advance(5);
        world.Socket.Insert(world.Socket.Join(), "todos", A);
        world.Run();
        seen.Items.Select(i => i.ToString()).Should().HaveCount(5).And.EndWith("gap (Rejoined)", "the same user's next join can repeat again");
    }

    [Fact]
    public void A_channel_that_takes_a_late_stream_in_joins_anew_and_repeats_nothing()
    {
        var world = new World(o => o.MaxChannels = 1);
        using var seen = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos));
        world.Join();
        world.Socket.Insert(world.Socket.Join(), "todos", A);
        world.Run();
        using var late = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
        world.Join();
        world.Socket.Frames("phx_join").Should().HaveCount(2);
        world.Socket.Insert(world.Socket.Join(), "todos", A);
        world.Socket.Insert(world.Socket.Join(), "todos", B);
        world.Run();
        Told(seen).Should().Equal("gap (Started)", "inserted 1", "gap (Rejoined)", "inserted 2");
    }

    [Fact]
    public void Overlapping_streams_on_two_channels_get_each_change_once()
    {
        using var all = Watch(Shop.Todos);
        var first = Join;
        using var some = Watch(Shop.Todos.Where("done=eq.false"));
        var second = Join;
        second.Topic.Should().NotBe(first.Topic);
        foreach (var row in new[] { A, B })
        {
            _world.Socket.Insert(first, "todos", row);
            _world.Socket.Insert(second, "todos", row);
        }

        Told(all).Should().Equal("gap (Started)", "inserted 1", "inserted 2");
        Told(some).Should().Equal("gap (Started)", "inserted 1", "inserted 2");
        _world.Socket.CloseChannel(second, "phx_error");
        _world.Run();
        _world.Advance(5);
        _world.Socket.Insert(Join, "todos", B);
        _world.Socket.Insert(first, "todos", B);
        Told(some).Should().Equal(["gap (Started)", "inserted 1", "inserted 2", "gap (Rejoined)"], "its channel joined again");
        Told(all).Should().Equal(["gap (Started)", "inserted 1", "inserted 2", "inserted 2"], "its channel did not, so this is another change");
    }

    [Fact]
    public void A_frame_of_several_ids_is_one_change_and_its_repetition_one()
    {
        using var seen = Watch(Shop.Todos.Where("done=eq.false"), new ChangeStreamOptions { KeyOnlyDeletes = true });
        void Delete() => _world.Socket.Delete(Join, "todos", A, 1, 2);
        Delete();
        Rejoin();
        Delete();
        Delete();
        Told(seen).Should().Equal("gap (Started)", "deleted 1", "gap (Rejoined)", "deleted 1");
    }

    [Fact]
    public void A_stream_that_lingered_out_remembers_nothing()
    {
        var stream = _world.Manager.Changes(Shop.Todos);
        var first = new StreamRecorder<TableChange<long, Todo>>(stream);
        _world.Join();
        Insert(A);
        Told(first).Should().Equal("gap (Started)", "inserted 1");
        first.Dispose();
        _world.Advance(6);
        using var second = new StreamRecorder<TableChange<long, Todo>>(stream);
        _world.Join();
        Insert(A);
        Rejoin();
        Insert(A);
        Told(second).Should().Equal("gap (Started)", "inserted 1", "gap (Rejoined)");
    }

    [Fact]
    public void What_is_remembered_is_bounded_and_nothing_is_kept_before_the_first_change()
    {
        var ring = new DuplicateRing();
        ring.Capacity.Should().Be(0);
        for (var hash = 1ul; hash <= 600; hash++)
        {
            ring.IsRepeated(hash).Should().BeFalse();
            ring.Capacity.Should().BeLessThanOrEqualTo(DuplicateRing.Bound);
        }

        ring.Open();
        for (var hash = 1ul; hash <= 600; hash++)
        {
            // The oldest 88 were overwritten.
            (hash, ring.IsRepeated(hash)).Should().Be((hash, hash > 88));
        }

        ring.Close();
        ring.IsRepeated(600).Should().BeFalse();
        ring.Forget();
        ring.Capacity.Should().Be(0);
    }

    [Fact]
    public void A_feed_keeps_nothing_before_its_first_change_nothing_after_it_stopped_and_frees_the_repeatable_when_its_time_is_over()
    {
        var env = new ManualEnvironment();
        var gate = new Lock();
        Deadlines? deadlines = null;
        deadlines = new Deadlines(env.Environment, () =>
        {
            lock (gate)
            {
                deadlines!.RunDue();
            }
        });
        using var owned = deadlines;
        var session = new TokenSession(
            null, env.Environment, TimeSpan.FromSeconds(1), new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), TimeSpan.Zero, env.Environment.Randomizer),
            new RealtimeInstruments(env.Environment, null, null, new Uri("ws://127.0.0.1")),
            Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        var overlap = new JoinOverlap(deadlines, new ChannelUser(session));
        overlap.OnReady(isRepeatable: true);
        overlap.OnLost();
        overlap.OnReady(isRepeatable: true);
        overlap.Ring.Should().BeNull("an idle subscription costs nothing");

        overlap.IsRepeated(new ChangeFrame { Type = ChangeType.Insert, CommitTimestamp = DateTimeOffset.UnixEpoch, Record = "{}"u8 }).Should().BeFalse();
        overlap.Ring!.IsOpen.Should().BeFalse();
        overlap.OnLost();
        overlap.OnReady(isRepeatable: true);
        overlap.Ring.IsOpen.Should().BeTrue();
        env.Advance(TimeSpan.FromSeconds(16));
        overlap.Ring.IsOpen.Should().BeFalse("its time is over, with or without changes");

        overlap.OnLost();
        overlap.OnReady(isRepeatable: true);
        overlap.Stop();
        overlap.Ring.Should().BeNull();
        deadlines.Count.Should().Be(0);
    }

    [Fact]
    public void Parts_that_run_into_each_other_hash_differently()
    {
        static ulong Hash(string record, string old, ChangeType type = ChangeType.Update, DateTimeOffset? at = null) => JoinOverlap.Hash(new ChangeFrame
        {
            Type = type,
            CommitTimestamp = at,
            Record = System.Text.Encoding.UTF8.GetBytes(record),
            OldRecord = System.Text.Encoding.UTF8.GetBytes(old),
        });
        var hashes = new[]
        {
            Hash("ab", "c"), Hash("a", "bc"), Hash("abc", ""), Hash("", "abc"), Hash("c", "ab"), Hash("ab", "c\0"), Hash("ab\0", "c"), Hash("", ""),
            Hash("", "", ChangeType.Delete), Hash("", "", ChangeType.Insert), Hash("", "", at: DateTimeOffset.UnixEpoch),
            Hash("12345678", "12345678"), Hash("1234567812345678", ""), Hash("", "1234567812345678"),
        };
        hashes.Should().OnlyHaveUniqueItems();
        Hash("ab", "c").Should().Be(Hash("ab", "c"));
    }

    [Fact]
    public void A_stream_that_ends_soon_after_a_rejoin_leaves_no_deadline_behind()
    {
        static int Left(bool rejoins)
        {
            var world = new World();
            using var seen = new StreamRecorder<TableChange<string, SalesOrder>>(world.Manager.Changes(Shop.SalesOrders));
            world.Join();
            if (rejoins)
            {
                world.Socket.CloseChannel(world.Socket.Join(), "phx_error");
                world.Advance(2);
                seen.Items.Should().HaveCount(2);
            }

            world.Manager.Tenant.Set("co_2");
            world.Run();
            seen.Error.Should().NotBeNull();
            return world.Manager.Deadlines.Count;
        }

        Left(rejoins: true).Should().Be(Left(rejoins: false));
    }

    private SentFrame Join => _world.Socket.Join();

    private void Insert(string row) => _world.Socket.Insert(Join, "todos", row);

    private void Rejoin()
    {
        _world.Run();
        _world.Socket.CloseChannel(Join, "phx_error");
        _world.Run();
        _world.Advance(5);
    }

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
    public void A_change_without_a_commit_time_is_never_taken_for_a_repetition()
    {
        var world = new World();
        using var seen = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos));
        world.Join();
        void Update(bool done) => world.Socket.Deliver($$$"""[null,null,"{{{world.Socket.Join().Topic}}}","postgres_changes",{"data":{"table":"todos","type":"UPDATE","record":{"id":1,"title":"a","done":{{{(done ? "true" : "false")}}}},"columns":[{"name":"id","type":"int8"},{"name":"title","type":"text"},{"name":"done","type":"bool"}],"errors":null,"schema":"public","commit_timestamp":null,"old_record":{"id":1}},"ids":[1]}]""");
        Update(true);
        Update(false);
        Update(true);
        world.Run();
        world.Socket.CloseFromServer(1012);
        world.Advance(11);
        seen.Items.Should().HaveCount(5);
        Update(false); // the present: the consumer read done = true after the gap
        world.Run();
        seen.Items.Should().HaveCount(6);
    }
}
