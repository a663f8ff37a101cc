using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>Seeds: what a document makes, and what is said about one that is wrong.</summary>
public sealed class EmulatorSeedTests
{
    private const string Document = """
        {
          // as a team would write it
          "enums": { "state": ["open", "done"] },
          "tables": [
            {
              "name": "task",
              "columns": {
                "id": { "type": "int8", "default": "identity(7)" },
                "title": "text",
                "state": { "type": "state", "default": "open" },
                "weight": { "type": "numeric", "default": 1.50 },
                "madeAt": { "type": "timestamptz", "default": "now()" },
                "owner": "text",
              },
              "primaryKey": ["id"],
              "replicaIdentity": "full",
              "visibleTo": { "owner": "sub" },
              "foreignKeys": { "owner": "person" },
              "rows": [{ "title": "a", "owner": "ada" }, { "title": "b", "owner": "bob", "state": "done" }]
            },
            { "name": "person", "schema": "public", "columns": { "id": "text" }, "primaryKey": ["id"], "published": false, "rows": [{ "id": "ada" }] },
            { "name": "coded", "columns": { "id": "int4", "code": "text", "x": "text" }, "primaryKey": ["id"], "replicaIdentity": "code, x" }
          ],
          "users": [{ "name": "ada" }, { "name": "root", "sub": "r-1", "role": "service_role", "claims": { "companies": ["co_1"] } }],
          "privateChannels": [{ "topic": "room", "write": false }]
        }
        """;

    private readonly EmulatorWorld _world = new();

    [Fact]
    public void Tables_rows_and_users_are_as_the_document_says()
    {
        var seed = EmulatorSeed.Parse(Document);
        seed.ApplyTo(_world.Emulator);

        var rows = _world.Emulator.Rows("task");
        rows.Select(static r => $"{r.Text("id")} {r.Text("title")} {r.Text("state")} {r.Text("weight")}").Should().Equal("7 a open 1.50", "8 b done 1.50");
        rows[0].Text("madeAt").Should().StartWith("20");
        seed.Users.Select(static u => (u.Name, u.Subject, u.Role)).Should().Equal(("ada", "ada", "authenticated"), ("root", "r-1", "service_role"));
        seed.Users[1].Claims!["companies"]![0]!.ToString().Should().Be("co_1");
    }

    [Fact]
    public void A_user_gets_the_rows_that_are_visible_to_him()
    {
        var seed = EmulatorSeed.Parse(Document);
        seed.ApplyTo(_world.Emulator);
        var (_, hers) = _world.Join("""{"event":"*","schema":"public","table":"task"}""", seed.Users[0].IssueToken(_world.Emulator));

        _world.Emulator.Update("task", 7, """{"title":"a2"}""");
        _world.Emulator.Update("task", 8, """{"title":"b2"}""");

        _world.Changes(hers).Should().ContainSingle().Which.Should().Contain("a2").And.Contain("\"title\":\"a\"", "the replica identity is full");
    }

    [Fact]
    public void What_is_not_published_cannot_be_subscribed_and_an_index_is_an_identity()
    {
        EmulatorSeed.Parse(Document).ApplyTo(_world.Emulator);
        var (connection, peer) = _world.Open();
        connection.Receive(EmulatorWorld.JoinFrame("""{"event":"*","schema":"public","table":"person"}"""));
        _world.World.RunUntilIdle();
        peer.Take().Should().Contain(static f => f.Contains("Please check Realtime is enabled"));

        var (_, coded) = _world.Join("""{"event":"DELETE","schema":"public","table":"coded"}""");
        _world.Emulator.Insert("coded", """{"id":1,"code":"c","x":"y"}""");
        _world.Emulator.Delete("coded", 1);
        _world.Changes(coded).Should().Equal("""DELETE coded {"code":"c","x":"y"}""".Replace("code\":\"c\",\"x\":\"y", "x\":\"y\",\"code\":\"c"));
    }

    [Fact]
    public void A_table_can_have_no_identity_and_unique_columns()
    {
        EmulatorSeed.Parse("""
            {"tables":[{"name":"log","columns":{"id":"int4","code":"text"},"replicaIdentity":"nothing","unique":[["code"]],"rows":[{"id":1,"code":"a"}]}]}
            """).ApplyTo(_world.Emulator);

        FluentActions.Invoking(() => _world.Emulator.Delete("log", new System.Text.Json.Nodes.JsonObject { ["id"] = 1 })).Should().Throw<InvalidOperationException>().WithMessage("55000*");
        FluentActions.Invoking(() => _world.Emulator.Insert("log", """{"id":2,"code":"a"}""")).Should().Throw<InvalidOperationException>().WithMessage("23505*");
        _world.Emulator.Insert("log", """{"id":3}""");
        _world.Emulator.Insert("log", """{"id":4}""").Text("code").Should().BeNull("null is equal to nothing");
    }

    [Fact]
    public void Private_channels_are_for_whom_the_document_names()
    {
        EmulatorSeed.Parse(Document).ApplyTo(_world.Emulator);
        var decide = _world.Emulator.PrivateChannels!;
        var users = EmulatorSeed.Parse(Document).Users.Select(u => _world.Emulator.Tokens.Check(u.IssueToken(_world.Emulator)).Claims!).ToArray();

        (decide(users[0], "room"), decide(users[0], "hall"), decide(users[1], "room"))
            .Should().Be((EmulatorChannelAccess.Read, EmulatorChannelAccess.None, EmulatorChannelAccess.None));
    }

    [Theory]
    [InlineData("null", "*must be an object*")]
    [InlineData("""{"table":[]}""", "*at $.table (line 1): there is no member of this name.")]
    [InlineData("{\n\"tables\": [{\"columns\":{}}]}", "*$.tables[0]*(line 2)*name*")]
    [InlineData("""{"tables": [{"name":"a","columns":{"id":"text"},"primaryKey":"id"}]}""", "*$.tables[0].primaryKey*")]
    [InlineData("""{"tables": [""", "*wrong*line 1*")]
    [InlineData("""{"tables":[null]}""", "*tables[0]*null*")]
    [InlineData("""{"users":[null]}""", "*users[0]*null*")]
    [InlineData("""{"privateChannels":[null]}""", "*privateChannels[0]*null*")]
    [InlineData("""{"privateChannels":[{"topic":"a","roles":[null]}]}""", "*privateChannels, a.roles*null*")]
    [InlineData("""{"enums":{"m":null}}""", "*enums.m*null*")]
    [InlineData("""{"enums":{"m":["a",null]}}""", "*enums.m*null*")]
    [InlineData("""{"tables":[{"name":"a","columns":{"id":"text"},"foreignKeys":{"id":null}}]}""", "*table a, foreignKeys.id*null*")]
    [InlineData("""{"tables":[{"name":"a","columns":{"id":"text"},"visibleTo":{"id":null}}]}""", "*table a, visibleTo.id*null*")]
    [InlineData("""{"tables":[{"name":"a","columns":{"id":"text"},"rows":[null]}]}""", "*table a, rows[0]*null*")]
    [InlineData("""{"tables":[{"name":"a","columns":{"id":"text"},"unique":[["id"],[null]]}]}""", "*table a, unique*null*")]
    [InlineData("""{"users":[{"name":"ada"},{"name":"bob"},{"name":"ada"}]}""", "*two are named ada*")]
    public void A_document_that_is_no_seed_says_where(string json, string message)
    {
        var parsing = () => EmulatorSeed.Parse(json);

        parsing.Should().Throw<EmulatorSeedException>().WithMessage(message);
    }

    [Theory]
    [InlineData("""{"tables":[{"name":"a","columns":{"id":"txet"}}]}""", "*table a*'txet'*")]
    [InlineData("""{"tables":[{"name":"a","columns":{"id":{"typ":"text"}}}]}""", "*table a*column id*\"type\" and \"default\"*")]
    [InlineData("""{"tables":[{"name":"a","columns":{"id":"text"},"visibleTo":{"owner":"sub"}}]}""", "*table a*owner*")]
    [InlineData("""{"tables":[{"name":"a","columns":{"id":"text"},"primaryKey":["key"]}]}""", "*table a*key*")]
    [InlineData("""{"tables":[{"name":"a","columns":{"id":"text"}},{"name":"a","columns":{"id":"text"}}]}""", "*table a*exists already*")]
    [InlineData("""{"tables":[{"name":"a","columns":{"id":"int4"},"primaryKey":["id"],"rows":[{"id":1},{"id":1}]}]}""", "*row 2 of table a*23505*")]
    [InlineData("""{"tables":[{"name":"a","columns":{"id":"int4"},"rows":[{"id":"x"}]}]}""", "*row 1 of table a*22P02*")]
    [InlineData("""{"tables":[{"name":"a","columns":{"id":{"type":"int4","default":"identity(abc)"}}}]}""", "*table a*identity(abc)*")]
    [InlineData("""{"tables":[{"name":"a","columns":{"id":"int4"},"unique":[["x"]]}]}""", "*table a*no column x*")]
    public void What_the_emulator_refuses_is_told_with_its_place(string json, string message)
    {
        var applying = () => EmulatorSeed.Parse(json).ApplyTo(_world.Emulator);

        applying.Should().Throw<EmulatorSeedException>().WithMessage(message);
    }
}
