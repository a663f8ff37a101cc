using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Emulation;

public sealed class EmulatorChangeTests
{
    private const string Item = """{"event":"*","schema":"public","table":"item"}""";

    private readonly EmulatorWorld _world = new();

    private RealtimeEmulator Emulator => _world.Emulator;

    [Fact]
    public void Filters_judge_the_new_row_and_a_row_that_leaves_is_not_announced()
    {
        Table();
        var (_, peer) = _world.Join("""{"event":"*","schema":"public","table":"item","filter":"companyId=eq.co_1"}""");

        Emulator.Insert("item", """{"id":"1","companyId":"co_2"}""");
        Emulator.Update("item", "1", """{"companyId":"co_1"}""");
        Emulator.Update("item", "1", """{"companyId":"co_2"}""");

        _world.Changes(peer).Should().Equal("""UPDATE item {"id":"1","companyId":"co_1"} {"id":"1"}""");
    }

    [Fact]
    public void A_filtered_delete_needs_the_column_in_the_replica_identity()
    {
        Table();
        Table("itemFull", full: true);
        var (_, peer) = _world.Join("""
            {"event":"*","schema":"public","table":"item","filter":"companyId=eq.co_1"},
            {"event":"DELETE","schema":"public","table":"itemFull","filter":"companyId=eq.co_1"}
            """);
        foreach (var table in (string[])["item", "itemFull"])
        {
            Emulator.Insert(table, """{"id":"1","companyId":"co_1"}""");
            Emulator.Delete(table, "1");
        }

        _world.Changes(peer).Should().Equal(
            """INSERT item {"id":"1","companyId":"co_1"}""",
            """DELETE itemFull {"id":"1","companyId":"co_1"}""");
    }

    [Fact]
    public void Policies_judge_the_row_as_it_is_at_the_poll()
    {
        Table(policy: true);
        var (_, owner) = _world.Join(Item, Emulator.IssueToken("u1", claims: new JsonObject { ["companies"] = new JsonArray("co_1") }));
        var (_, other) = _world.Join(Item, Emulator.IssueToken("u2", claims: new JsonObject { ["companies"] = new JsonArray("co_2") }));
        var (_, service) = _world.Join(Item, Emulator.ServiceKey);

        Emulator.Insert("item", """{"id":"1","companyId":"co_1"}""");
        Emulator.Update("item", "1", """{"companyId":"co_2"}""");
        Emulator.Insert("item", """{"id":"2","companyId":"co_1"}""");
        Emulator.Delete("item", "2");

        string[] handedOver = ["""INSERT item {"id":"1","companyId":"co_1"}""", """UPDATE item {"id":"1","companyId":"co_2"} {"id":"1"}"""];
        const string deleted = """DELETE item {"id":"2"}""";
        _world.Changes(other).Should().Equal([.. handedOver, deleted], "the row is his at the poll, and with it what it was before");
        _world.Changes(owner).Should().Equal(deleted);
        _world.Changes(service).Should().Equal([.. handedOver, deleted], "even the service does not see a row that is gone");
    }

    [Fact]
    public void A_delete_under_row_level_security_shows_the_key_only_even_with_full_identity()
    {
        Table(policy: true, full: true);
        var (_, stranger) = _world.Join(Item);

        Emulator.Insert("item", """{"id":"1","companyId":"co_1"}""");
        Emulator.Delete("item", "1");

        _world.Changes(stranger).Should().Equal("""DELETE item {"id":"1"}""");
    }

    [Fact]
    public void Names_are_matched_with_like()
    {
        foreach (var name in (string[])["user_data", "user1data", "userdata"])
        {
            Table(name);
        }

        var (_, peer) = _world.Join("""{"event":"*","schema":"public","table":"user_data"}""");
        Emulator.Insert("user_data", """{"id":"1"}""");
        Emulator.Insert("user1data", """{"id":"2"}""");
        Emulator.Insert("userdata", """{"id":"3"}""");

        _world.Changes(peer).Should().Equal("""INSERT user_data {"id":"1","companyId":null}""", """INSERT user1data {"id":"2","companyId":null}""");
    }

    [Fact]
    public void Changes_of_a_transaction_share_their_timestamp_and_a_failed_one_changes_nothing()
    {
        Table();
        Emulator.Insert("item", """{"id":"1"}""");
        Emulator.Insert("item", """{"id":"2"}""");
        var (_, peer) = _world.Join(Item);
        var failing = () => Emulator.Transaction(t =>
        {
            t.Delete("item", "1");
            t.Update("item", "2", """{"id":"3"}""");
            t.Insert("item", """{"id":"3"}""");
        });

        failing.Should().Throw<InvalidOperationException>().WithMessage("23505*");
        Emulator.Rows("item").Select(static r => r.Text("id")).Should().Equal("1", "2");
        Emulator.Transaction(t =>
        {
            t.Insert("item", """{"id":"3"}""");
            _world.World.Time.Advance(TimeSpan.FromSeconds(1));
            t.Insert("item", """{"id":"4"}""");
        });

        _world.World.RunUntilIdle();
        peer.Json.Select(static f => f[4]!["data"]!["commit_timestamp"]!.ToString()).Should().Equal("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z");
    }

    [Fact]
    public void Numbers_keep_every_digit()
    {
        Emulator.CreateTable("number", static t => t.Column("id", "int8").Column("price", "numeric").Column("rate", "numeric").PrimaryKey("id"));
        var (_, peer) = _world.Join("""{"event":"*","schema":"public","table":"number"}""");

        Emulator.Insert("number", """{"id":9223372036854775807,"price":12.50,"rate":123456789012345678901234567890.123456789012345678901234567890}""");

        _world.World.RunUntilIdle();
        peer.Frames.Should().ContainSingle().Which.Should().Contain(
            """{"id": 9223372036854775807, "rate": 123456789012345678901234567890.123456789012345678901234567890, "price": 12.50}""");
        Emulator.Rows("number").Should().ContainSingle().Which.Text("price").Should().Be("12.50");
    }

    [Theory]
    [InlineData("strng")]
    [InlineData("varchar(20)")]
    [InlineData("_strng")]
    [InlineData("strng[]")]
    [InlineData("Text")]
    public void A_type_that_does_not_exist_is_refused_with_the_names_of_those_that_do(string type) =>
        FluentActions.Invoking(() => Emulator.CreateTable("typo", t => t.Column("a", type))).Should().Throw<ArgumentException>()
            .WithMessage($"There is no type '{type.TrimStart('_').Replace("[]", "")}'. The emulator has bit, *, timestamptz, *, without lengths; an array is _text, or text[]; CreateEnum *CreateType *");

    [Fact]
    public void PostgreSQLs_long_names_are_the_short_ones_on_the_wire()
    {
        Emulator.CreateTable("spelled", static t => t.Column("id", "bigint").Column("tags", "text[]").Column("at", "timestamp with time zone").PrimaryKey("id"));
        var (connection, peer) = _world.Open("1.0.0");
        connection.Receive("""{"topic":"realtime:spelled","event":"phx_join","payload":{"config":{"postgres_changes":[{"table":"spelled"}]}},"ref":"1","join_ref":"1"}""");
        _world.World.RunUntilIdle();
        peer.Take();
        Emulator.Insert("spelled", """{"id":1,"tags":["a"]}""");
        _world.World.RunUntilIdle();
        JsonNode.Parse(peer.Frames.Single())!["payload"]!["data"]!["columns"]!.AsArray().Select(static c => c!["type"]!.ToString())
            .Should().Equal("int8", "_text", "timestamptz");
    }

    [Fact]
    public void Every_recorded_row_of_every_type_goes_through_unchanged()
    {
        var recorded = Transcript.Load("08_types").Where(static l => l.Direction == "recv" && l.Text.Contains("\"type\":\"INSERT\"", StringComparison.Ordinal)).ToArray();
        Emulator.CreateEnum("mood", "sad", "ok", "happy");
        Emulator.CreateType("addr");
        Emulator.CreateType("posint");
        Emulator.CreateTable("alltypes", t =>
        {
            foreach (var column in JsonNode.Parse(recorded[0].Text)!["payload"]!["data"]!["columns"]!.AsArray())
            {
                t.Column(column!["name"]!.ToString(), column["type"]!.ToString());
            }

            t.PrimaryKey("id");
        });
        var (connection, peer) = _world.Open("1.0.0");
        connection.Receive("""{"topic":"realtime:types","event":"phx_join","payload":{"config":{"postgres_changes":[{"table":"alltypes"}]}},"ref":"1","join_ref":"1"}""");
        _world.World.RunUntilIdle();
        peer.Take();

        foreach (var line in recorded)
        {
            Emulator.Insert("alltypes", Part(line.Text, "\"record\":", ",\"columns\":"));
        }

        _world.World.RunUntilIdle();
        peer.Frames.Select(static f => Part(f, "\"record\":", ",\"errors\":")).Should().Equal(recorded.Select(static l => Part(l.Text, "\"record\":", ",\"errors\":")));

        static string Part(string frame, string from, string to) => frame[(frame.IndexOf(from, StringComparison.Ordinal) + from.Length)..frame.IndexOf(to, StringComparison.Ordinal)];
    }

    [Fact]
    public void A_filter_on_an_array_is_accepted_and_silences_the_table_for_everybody()
    {
        Emulator.CreateTable("tagged", static t => t.Column("id", "text").Column("tags", "_text").PrimaryKey("id"));
        Table();
        var (_, bystander) = _world.Join(Item);
        _world.Join("""{"event":"*","schema":"public","table":"tagged","filter":"tags=eq.{a}"}""");

        Emulator.Transaction(static t =>
        {
            t.Insert("item", """{"id":"1"}""");
            t.Insert("tagged", """{"id":"1","tags":["a"]}""");
        });
        _world.Changes(bystander).Should().BeEmpty();

        Emulator.Insert("item", """{"id":"2"}""");
        _world.Changes(bystander).Should().HaveCount(1);
    }

    [Fact]
    public void What_is_committed_on_a_cold_server_before_subscribed_is_lost()
    {
        Table();
        Emulator.HoldSystemOk = true;
        var (connection, peer) = _world.Open();
        connection.Receive(EmulatorWorld.JoinFrame(Item));
        Emulator.Insert("item", """{"id":"1"}""");
        _world.World.RunUntilIdle();
        peer.Take().Should().ContainSingle("that is the reply");

        Emulator.HoldSystemOk = false;
        _world.World.RunUntilIdle();
        peer.Take().Should().ContainSingle(static f => f.Contains("Subscribed to PostgreSQL"));
        Emulator.Insert("item", """{"id":"2"}""");

        _world.Changes(peer).Should().Equal("""INSERT item {"id":"2","companyId":null}""");
    }

    private void Table(string name = "item", bool policy = false, bool full = false) => Emulator.CreateTable(name, t =>
    {
        t.Column("id", "text").Column("companyId", "text").PrimaryKey("id");
        _ = full ? t.ReplicaIdentityFull() : t;
        _ = policy ? t.RowLevelSecurity(static (claims, row) => claims.Texts("companies").Contains(row.Text("companyId"))) : t;
    });
}
