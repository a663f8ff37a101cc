using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>What the log says of rows: identities, long values, rows over the limit, partitions, and who is in the publication.</summary>
public sealed class EmulatorSemanticsTests
{
    private const string Item = """{"event":"*","schema":"public","table":"item"}""";

    private readonly EmulatorWorld _world = new();

    private RealtimeEmulator Emulator => _world.Emulator;

    [Fact]
    public void Without_an_identity_rows_of_a_published_table_cannot_be_changed()
    {
        Items(static t => t.ReplicaIdentityNothing());
        var (_, peer) = _world.Join(Item);
        Emulator.Insert("item", """{"id":"1"}""");

        FluentActions.Invoking(() => Emulator.Update("item", "1", """{"note":"x"}""")).Should().Throw<InvalidOperationException>()
            .WithMessage("55000*cannot update table \"item\" because it does not have a replica identity and publishes updates");
        FluentActions.Invoking(() => Emulator.Delete("item", "1")).Should().Throw<InvalidOperationException>()
            .WithMessage("55000*cannot delete from table \"item\" because it does not have a replica identity and publishes deletes");
        Emulator.SetPublished("item", false);
        Emulator.Update("item", "1", """{"note":"x"}""").Should().Be(1, "what is not published needs no identity");
        Emulator.SetPublished("item", true);
        Emulator.SetReplicaIdentity("item", EmulatorReplicaIdentity.Full);
        Emulator.Delete("item", "1");

        _world.Changes(peer).Should().Equal("""INSERT item {"id":"1","code":null,"note":null}""", """DELETE item {"id":"1","code":null,"note":"x"}""");
    }

    [Fact]
    public void A_published_table_without_a_primary_key_has_no_identity_either()
    {
        Emulator.CreateTable("log", static t => t.Column("text", "text"));
        Emulator.Insert("log", """{"text":"a"}""");

        FluentActions.Invoking(() => Emulator.Delete("log", new JsonObject { ["text"] = "a" })).Should().Throw<InvalidOperationException>().WithMessage("55000*");
    }

    [Fact]
    public void An_index_as_identity_shows_its_columns_without_the_primary_key()
    {
        Items(static t => t.ReplicaIdentityIndex("code"));
        var (_, peer) = _world.Join(Item);

        Emulator.Insert("item", """{"id":"1","code":"a"}""");
        Emulator.Update("item", "1", """{"code":"b"}""");
        Emulator.Delete("item", "1");

        _world.Changes(peer).Skip(1).Should().Equal("""UPDATE item {"id":"1","code":"b","note":null} {"code":"a"}""", """DELETE item {"code":"b"}""");
    }

    [Fact]
    public void A_long_value_that_an_update_leaves_alone_is_absent_and_matches_no_filter()
    {
        Items(static t => t.StoredOutOfLine("note"));
        var (_, peer) = _world.Join($"{Item},{{\"event\":\"*\",\"schema\":\"public\",\"table\":\"item\",\"filter\":\"note=eq.long\"}}");
        Emulator.Insert("item", """{"id":"1","note":"long"}""");
        Emulator.Update("item", "1", """{"code":"b"}""");
        Emulator.Update("item", "1", """{"note":"longer"}""");
        Emulator.Update("item", "1", """{"note":null}""");
        Emulator.Update("item", "1", """{"code":"c"}""");

        _world.World.RunUntilIdle();
        peer.Json.Select(static f => $"{f[4]!["data"]!["record"]!.ToJsonString()} {f[4]!["ids"]!.AsArray().Count} {f[4]!["data"]!["columns"]!.AsArray().Count}").Should().Equal(
            """{"id":"1","code":null,"note":"long"} 2 3""",
            """{"id":"1","code":"b"} 1 3""",
            """{"id":"1","code":"b","note":"longer"} 1 3""",
            """{"id":"1","code":"b","note":null} 1 3""",
            """{"id":"1","code":"c","note":null} 1 3""");
        Emulator.Rows("item").Single().Text("note").Should().BeNull();
    }

    [Fact]
    public void The_full_identity_fills_a_long_value_from_the_old_row()
    {
        Items(static t => t.StoredOutOfLine("note").ReplicaIdentityFull());
        var (_, peer) = _world.Join("""{"event":"UPDATE","schema":"public","table":"item","filter":"note=eq.long"}""");
        Emulator.Insert("item", """{"id":"1","note":"long"}""");
        Emulator.Update("item", "1", """{"code":"b"}""");

        _world.Changes(peer).Should().Equal("""UPDATE item {"id":"1","code":"b","note":"long"} {"id":"1","code":null,"note":"long"}""");
    }

    [Fact]
    public void A_row_over_the_limit_comes_with_its_error_and_its_short_values()
    {
        var world = new EmulatorWorld(limits: new EmulatorLimits { MaxRecordBytes = 200 });
        world.Emulator.CreateTable("item", static t => t.Column("id", "text").Column("note", "text").Column("code", "text").PrimaryKey("id").ReplicaIdentityFull());
        var (_, peer) = world.Join(Item);
        var just = new string('x', 62);

        world.Emulator.Insert("item", $$"""{"id":"1","note":"{{new string('x', 190)}}","code":"{{just}}"}""");
        world.Emulator.Update("item", "1", $$"""{"note":"short"}""");
        world.Emulator.Delete("item", "1");

        world.World.RunUntilIdle();
        var data = peer.Json.Select(static f => f[4]!["data"]!).ToArray();
        data[0]["errors"]!.ToJsonString().Should().Be("""["Error 413: Payload Too Large"]""");
        data[0]["record"]!.ToJsonString().Should().Be($$"""{"id":"1","code":"{{just}}"}""", "64 bytes of JSON are just short enough");
        data[0]["commit_timestamp"].Should().NotBeNull();
        data[1]["errors"]!.AsArray().Should().HaveCount(1, "old and new values count together");
        data[1]["record"]!["note"]!.ToString().Should().Be("short");
        data[1]["old_record"]!.AsObject().ContainsKey("note").Should().BeFalse();
        data[2]["errors"].Should().BeNull();
    }

    [Fact]
    public void A_row_as_large_as_the_limit_comes_whole_and_one_byte_more_is_too_large()
    {
        var world = new EmulatorWorld(limits: new EmulatorLimits { MaxRecordBytes = 200 });
        world.Emulator.CreateTable("item", static t => t.Column("id", "text").Column("note", "text").Column("code", "text").PrimaryKey("id"));
        var (_, peer) = world.Join(Item);

        // The quotes are part of each value's size.
        var code = new string('y', 63);
        world.Emulator.Insert("item", $$"""{"id":"1","note":"{{new string('x', 130)}}","code":"{{code}}"}""");
        world.Emulator.Insert("item", $$"""{"id":"2","note":"{{new string('x', 131)}}","code":"{{code}}"}""");
        world.World.RunUntilIdle();

        var data = peer.Json.Select(static f => f[4]!["data"]!).ToArray();
        data[0]["errors"].Should().BeNull();
        data[0]["record"]!["code"]!.ToString().Should().Be(code);
        data[1]["errors"]!.ToJsonString().Should().Be("""["Error 413: Payload Too Large"]""");
        data[1]["record"]!.ToJsonString().Should().Be("""{"id":"2"}""", "65 bytes of JSON are too long");
    }

    [Fact]
    public void A_table_without_a_key_says_so_whatever_the_filter_and_the_size()
    {
        var world = new EmulatorWorld(limits: new EmulatorLimits { MaxRecordBytes = 10 });
        world.Emulator.CreateTable("log", static t => t.Column("text", "text").ReplicaIdentityFull());
        var (_, peer) = world.Join("""{"event":"*","schema":"public","table":"log","filter":"text=eq.b"}""");

        world.Emulator.Insert("log", """{"text":"a text over the limit"}""");
        world.Emulator.Delete("log", new JsonObject { ["text"] = "a text over the limit" });

        world.Changes(peer).Should().Equal("""INSERT log {} ["Error 400: Bad Request, no primary key"]""");
    }

    [Fact]
    public void Whoever_may_not_see_the_whole_key_gets_no_values_but_of_a_delete()
    {
        Emulator.CreateTable("item", static t => t.Column("id", "text").Column("part", "text").Column("note", "text").PrimaryKey("id", "part")
            .SelectPrivilege(static (_, column) => column != "part"));
        var (_, peer) = _world.Join(Item);

        Emulator.Insert("item", """{"id":"1","part":"a","note":"x"}""");
        Emulator.Delete("item", new JsonObject { ["id"] = "1" });

        _world.Changes(peer).Should().Equal("""INSERT item {} ["Error 401: Unauthorized"]""", """DELETE item {"id":"1"}""");
    }

    [Fact]
    public void What_the_log_has_of_the_old_row_was_decided_at_the_change()
    {
        Items(static _ => { });
        var (_, peer) = _world.Join(Item);

        Emulator.Insert("item", """{"id":"1"}""");
        Emulator.Delete("item", "1");
        Emulator.SetReplicaIdentity("item", EmulatorReplicaIdentity.Full);

        _world.Changes(peer)[1].Should().Be("""DELETE item {"id":"1"}""");
    }

    [Fact]
    public void A_delete_under_row_level_security_shows_of_an_index_only_what_is_in_the_key()
    {
        Items(static t => t.ReplicaIdentityIndex("code").RowLevelSecurity(static (_, _) => true));
        var (_, peer) = _world.Join("""{"event":"DELETE","schema":"public","table":"item"}""");

        Emulator.Insert("item", """{"id":"1","code":"a"}""");
        Emulator.Delete("item", "1");

        _world.Changes(peer).Should().Equal("DELETE item {}");
    }

    [Fact]
    public void A_key_is_never_left_out()
    {
        Items(static t => t.StoredOutOfLine("id", "note").ReplicaIdentityIndex("code").RowLevelSecurity(static (_, _) => true));
        var (_, peer) = _world.Join("""{"event":"UPDATE","schema":"public","table":"item"}""");

        Emulator.Insert("item", """{"id":"1","note":"long","code":"a"}""");
        Emulator.Update("item", "1", """{"code":"b"}""");

        _world.Changes(peer).Should().Equal("""UPDATE item {"id":"1","code":"b"} {"code":"a"}""");
    }

    [Fact]
    public void Partitions_leave_the_publication_with_their_table()
    {
        Parted();
        var (_, peer) = _world.Join("""{"event":"*","schema":"public","table":"orders_2025"}""");

        Emulator.SetPublished("orders", false);
        Emulator.Insert("orders", """{"id":1,"year":2025}""");
        Emulator.SetPublished("orders", true);
        Emulator.Insert("orders", """{"id":2,"year":2025}""");

        _world.Changes(peer).Should().Equal("""INSERT orders_2025 {"id":2,"text":null,"year":2025}""");
    }

    [Fact]
    public void Changes_of_a_partitioned_table_come_under_the_names_of_its_partitions()
    {
        Parted();
        var (connection, peer) = _world.Join("""{"event":"*","schema":"public","table":"orders_2025"},{"event":"*","schema":"public","table":"orders_2026"}""");
        connection.Receive(EmulatorWorld.JoinFrame("""{"event":"*","schema":"public","table":"orders"}""", topic: "realtime:parent", reference: "2"));
        _world.World.RunUntilIdle();
        peer.Take().Should().Contain(static f => f.Contains("Please check Realtime is enabled"), "a partitioned parent cannot be subscribed to");

        Emulator.Insert("orders", """{"id":1,"year":2025}""");
        Emulator.Update("orders", 1, """{"text":"x"}""");
        Emulator.Update("orders", 1, """{"year":2026}""");
        Emulator.Delete("orders_2026", 1);

        _world.Changes(peer).Should().Equal(
            """INSERT orders_2025 {"id":1,"text":null,"year":2025}""",
            """UPDATE orders_2025 {"id":1,"text":"x","year":2025} {"id":1}""",
            """DELETE orders_2025 {"id":1}""",
            """INSERT orders_2026 {"id":1,"text":"x","year":2026}""",
            """DELETE orders_2026 {"id":1}""");
        Emulator.Rows("orders").Should().BeEmpty();
    }

    [Fact]
    public void A_row_of_a_partition_is_a_row_of_the_table_and_a_failed_transaction_moves_none()
    {
        Parted();
        Emulator.Insert("orders", """{"id":1,"year":2025}""");
        Emulator.Insert("orders_2025", """{"id":2,"year":2026}""");
        FluentActions.Invoking(() => Emulator.Transaction(static t =>
        {
            t.Update("orders", 1, """{"year":2026}""");
            t.Delete("orders", 2);
            t.Insert("orders", """{"id":3,"year":1999}""");
        })).Should().Throw<ArgumentException>().WithMessage("23514*no partition of relation \"orders\" found for row*");

        string Ids(string table) => string.Join(' ', Emulator.Rows(table).Select(static r => r.Text("id")));
        (Ids("orders"), Ids("orders_2025"), Ids("orders_2026")).Should().Be(("1 2", "1", "2"));
        Emulator.Truncate("orders_2025");
        (Ids("orders"), Ids("orders_2025"), Ids("orders_2026")).Should().Be(("2", "", "2"));
    }

    [Fact]
    public void A_truncate_is_not_announced()
    {
        Items(static _ => { });
        var (_, peer) = _world.Join(Item);

        Emulator.Insert("item", """{"id":"1"}""");
        Emulator.Truncate("item");
        Emulator.Insert("item", """{"id":"1"}""");

        _world.Changes(peer).Should().OnlyContain(static c => c.StartsWith("INSERT")).And.HaveCount(2);
        Emulator.Rows("item").Should().ContainSingle();
    }

    [Fact]
    public void A_name_that_is_like_another_fails_over_the_others_columns()
    {
        Emulator.CreateTable("user_data", static t => t.Column("id", "text").Column("team", "text").PrimaryKey("id"));
        Emulator.CreateTable("user1data", static t => t.Column("id", "text").PrimaryKey("id"));
        var (connection, peer) = _world.Open();
        connection.Receive(EmulatorWorld.JoinFrame("""{"event":"*","schema":"public","table":"user_data","filter":"team=eq.a"}"""));

        _world.World.RunUntilIdle();
        peer.Frames[^1].Should().Contain("invalid column for filter team");
    }

    [Fact]
    public void A_table_that_leaves_the_publication_is_silent_until_the_servers_next_look_refuses_it()
    {
        var world = Checking();
        var (_, peer) = world.Join(Item);
        world.World.Advance(TimeSpan.FromSeconds(20));

        world.Emulator.SetPublished("item", false);
        world.Emulator.Insert("item", """{"id":"1"}""");
        world.World.Advance(TimeSpan.FromSeconds(39.9));
        peer.Frames.Should().BeEmpty("nobody is told");
        world.World.Advance(TimeSpan.FromSeconds(2.1));
        peer.Take().Should().ContainSingle().Which.Should().Contain("Please check Realtime is enabled");

        world.Emulator.SetPublished("item", true);
        world.World.Advance(TimeSpan.FromSeconds(59));
        peer.Frames.Should().BeEmpty();
        world.World.Advance(TimeSpan.FromSeconds(1));
        peer.Take().Should().ContainSingle().Which.Should().Contain("Subscribed to PostgreSQL", "the look after that finds another publication again");
    }

    [Fact]
    public void Another_table_in_the_publication_makes_the_server_subscribe_everybody_anew()
    {
        var world = Checking();
        var (_, peer) = world.Join(Item);
        world.Emulator.CreateTable("other", static t => t.Column("id", "text").PrimaryKey("id"));
        world.World.Advance(TimeSpan.FromSeconds(60));
        world.Emulator.Insert("item", """{"id":"1"}""");
        world.Changes(peer).Should().BeEmpty("the old subscriptions are deleted before the new ones are made");
        world.World.Advance(TimeSpan.FromSeconds(2));
        peer.Take().Should().ContainSingle().Which.Should().Contain("Subscribed to PostgreSQL");
        world.Emulator.Insert("item", """{"id":"2"}""");
        world.Changes(peer).Should().HaveCount(1);
    }

    [Fact]
    public void A_table_that_is_back_before_the_look_was_silent_and_nothing_else()
    {
        var world = Checking();
        var (_, peer) = world.Join(Item);
        world.Emulator.SetPublished("item", false);
        world.Emulator.Insert("item", """{"id":"1"}""");
        world.Emulator.SetPublished("item", true);
        world.Emulator.Insert("item", """{"id":"2"}""");
        world.World.Advance(TimeSpan.FromSeconds(120));
        peer.Frames.Should().NotContain(static f => f.Contains("Subscribed"));
        world.Changes(peer).Should().Equal("""INSERT item {"id":"2"}""");
    }

    [Fact]
    public void A_broadcast_from_the_database_is_a_binary_frame_in_version_2()
    {
        Items(static _ => { });
        var (_, peer) = _world.Join(Item);

        Emulator.SendBroadcast("room", "hello", """{"id":"7","a":1}""", isPrivate: false);
        Emulator.SendBroadcast("room", "hello", "{}", isPrivate: true);
        _world.World.RunUntilIdle();

        var frame = Convert.FromHexString(peer.Frames.Should().ContainSingle().Subject);
        frame[..5].Should().Equal(4, 13, 5, 45, 1);
        System.Text.Encoding.UTF8.GetString(frame[5..]).Should().StartWith("realtime:roomhello{\"id\":\"").And.EndWith("\"}{\"a\": 1, \"id\": \"7\"}");
    }

    private static EmulatorWorld Checking()
    {
        var world = new EmulatorWorld(new EmulatorTiming
        {
            PublicationCheckInterval = TimeSpan.FromSeconds(60),
            ResubscribeDelay = EmulatorDelay.Exactly(TimeSpan.FromSeconds(2)),
        });
        world.Emulator.CreateTable("item", static t => t.Column("id", "text").PrimaryKey("id"));
        return world;
    }

    private void Items(Action<EmulatorTableBuilder> define) => Emulator.CreateTable("item", t =>
        define(t.Column("id", "text").Column("note", "text").Column("code", "text").PrimaryKey("id")));

    private void Parted() => Emulator.CreateTable("orders", static t => t.Column("id", "int4").Column("year", "int4").Column("text", "text").PrimaryKey("id")
        .PartitionedBy(static row => $"orders_{row.Text("year")}", "orders_2025", "orders_2026"));
}
