using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>What the filter of a binding lets through, and whose names a binding covers.</summary>
public sealed class EmulatorFilterTests
{
    private readonly EmulatorWorld _world = new();

    private RealtimeEmulator Emulator => _world.Emulator;

    [Theory]
    [InlineData("name=eq.a", "1")]
    [InlineData("name=neq.a", "2 4 5 6 7")]
    [InlineData("name=not.eq.a", "2 4 5 6 7")]
    [InlineData("name=isdistinct.a", "2 3 4 5 6 7")]
    [InlineData("name=not.isdistinct.a", "1")]
    [InlineData("name=in.(a,A)", "1 2")]
    [InlineData("name=not.in.(a,A)", "4 5 6 7")]
    [InlineData("name=in.()", "")]
    [InlineData("name=not.in.()", "1 2 3 4 5 6 7")]
    [InlineData("name=in.(a,NULL)", "1")]
    [InlineData("name=not.in.(a,NULL)", "")]
    [InlineData("name=like.a%", "1 4 7")]
    [InlineData("name=not.like.a%", "2 5 6")]
    [InlineData("name=is.null", "3")]
    [InlineData("name=not.is.null", "1 2 4 5 6 7")]
    [InlineData("active=is.true", "1")]
    [InlineData("active=is.false", "2")]
    [InlineData("active=is.unknown", "3 4 5 6 7")]
    [InlineData("active=not.is.unknown", "1 2")]
    [InlineData("qty=lt.2", "1 4")]
    [InlineData("qty=lte.2", "1 2 4")]
    [InlineData("qty=gt.2", "7")]
    [InlineData("qty=gte.2", "2 7")]
    [InlineData("qty=not.gte.2", "1 4")]
    [InlineData("qty=gt.0,name=like.a%", "1 7")]
    public void What_is_unknown_is_not_let_through_nor_is_its_opposite(string filter, string ids) => Passed(filter).Should().Be(ids);

    [Theory]
    [InlineData("name=like.a_b", "4 7", "an underscore is any character, also the end of a line")]
    [InlineData("name=like.\"a\\\\,b\"", "7", "an escaped character is itself")]
    [InlineData("name=like.A", "2", "and cases differ")]
    [InlineData("name=ilike.A", "1 2", "unless they are not to")]
    [InlineData("name=match.^A$", "2", "a regular expression is one")]
    [InlineData("name=imatch.^A$", "1 2", "of either kind")]
    [InlineData("name=in.(A,\"a,b\")", "2 7", "quotes protect a comma")]
    [InlineData("name=in.(\"say \\\"hi\\\"\")", "5", "and can be escaped in a list")]
    [InlineData("name=eq.\"say \\\"hi\\\"\"", "5", "and outside of one")]
    [InlineData("name=eq.say \"hi\"", "5", "and are literal inside a value")]
    [InlineData("name=eq.", "6", "nothing is the empty text")]
    [InlineData("key=eq.ABCDEF00-0000-0000-0000-000000000001", "1", "a uuid has no case")]
    [InlineData("price=gt.1000.0", "2", "a number is not its text")]
    [InlineData("size=lt.large", "1", "labels have the order of their enum")]
    public void Patterns_quotes_and_types_are_PostgreSQLs(string filter, string ids, string because) => Passed(filter).Should().Be(ids, because);

    [Theory]
    [InlineData("name=eq.),id=in.(1,2)", 2, "a parenthesis that closes nothing is nothing")]
    [InlineData("name=eq.a,\"b=eq.1,c=eq.2", 3, "a quote that begins a condition opens nothing")]
    public void Conditions_are_split_where_the_client_splits_them(string filter, int conditions, string because) =>
        Carbon.Realtime.Testing.Emulation.FilterCondition.Parse(filter, out _).Should().HaveCount(conditions, because)
            .And.HaveSameCount(RealtimeFilter.Parse(filter).ToPostgrest());

    [Theory]
    [InlineData(100, "Subscribed to PostgreSQL")]
    [InlineData(101, "too many values for `in` filter. Maximum 100")]
    public void A_list_has_a_hundred_values_at_most(int count, string text)
    {
        Emulator.CreateTable("part", static t => t.Column("id", "int4").PrimaryKey("id"));
        var (connection, peer) = _world.Open();

        connection.Receive(EmulatorWorld.JoinFrame(Binding($"id=in.({string.Join(',', Enumerable.Range(1, count))})")));
        _world.World.RunUntilIdle();

        peer.Frames[^1].Should().Contain(text);
    }

    [Fact]
    public void Names_of_schemas_are_matched_with_like_too()
    {
        foreach (var schema in (string[])["app_1", "appx1", "app"])
        {
            Emulator.CreateTable("part", static t => t.Column("id", "text").PrimaryKey("id"), schema);
        }

        var (_, peer) = _world.Join("""{"event":"*","schema":"app_1","table":"part"}""");
        Emulator.Insert("app_1.part", """{"id":"1"}""");
        Emulator.Insert("appx1.part", """{"id":"2"}""");
        Emulator.Insert("app.part", """{"id":"3"}""");

        _world.Changes(peer).Should().Equal("""INSERT part {"id":"1"}""", """INSERT part {"id":"2"}""");
    }

    [Fact]
    public void Equal_bindings_have_equal_ids_however_their_members_are_ordered_and_each_is_named()
    {
        Emulator.CreateTable("part", static t => t.Column("id", "text").PrimaryKey("id"));
        var (connection, peer) = _world.Open();
        connection.Receive(EmulatorWorld.JoinFrame("""
            {"event":"*","schema":"public","table":"part"},
            {"event":"INSERT","schema":"public","table":"part"},
            {"table":"part","schema":"public","event":"*"}
            """));
        _world.World.RunUntilIdle();
        var ids = peer.Json.First()[4]!["response"]!["postgres_changes"]!.AsArray().Select(static b => (uint)b!["id"]!).ToArray();
        peer.Take();

        Emulator.Insert("part", """{"id":"1"}""");
        _world.World.RunUntilIdle();

        ids[2].Should().Be(ids[0]).And.NotBe(ids[1]);
        peer.Json.Single()[4]!["ids"]!.AsArray().Select(static i => (uint)i!).Should().Equal([ids[2], ids[1], ids[0]], "the last binding is named first");
    }

    private static string Binding(string filter) =>
        new JsonObject { ["event"] = "*", ["schema"] = "public", ["table"] = "part", ["filter"] = filter }.ToJsonString();

    /// <summary>The ids of the inserted rows that a filter lets through.</summary>
    private string Passed(string filter)
    {
        Emulator.CreateEnum("size", "small", "large", "huge");
        Emulator.CreateTable("part", static t => t.Column("id", "int4").Column("name", "text").Column("qty", "int4").Column("active", "bool").Column("key", "uuid")
            .Column("size", "size").Column("price", "numeric").PrimaryKey("id"));
        var (_, peer) = _world.Join(Binding(filter));
        Emulator.Transaction(static t =>
        {
            t.Insert("part", """{"id":1,"name":"a","qty":1,"active":true,"key":"abcdef00-0000-0000-0000-000000000001","size":"small","price":1000}""");
            t.Insert("part", """{"id":2,"name":"A","qty":2,"active":false,"key":"abcdef00-0000-0000-0000-000000000002","size":"large","price":1000.5}""");
            t.Insert("part", """{"id":3}""");
            t.Insert("part", """{"id":4,"name":"a\nb","qty":-1}""");
            t.Insert("part", """{"id":5,"name":"say \"hi\""}""");
            t.Insert("part", """{"id":6,"name":""}""");
            t.Insert("part", """{"id":7,"name":"a,b","qty":3}""");
        });
        _world.World.RunUntilIdle();
        return string.Join(' ', peer.Take().Select(static f => JsonNode.Parse(f)![4]!["data"]!["record"]!["id"]!.ToString()));
    }
}
