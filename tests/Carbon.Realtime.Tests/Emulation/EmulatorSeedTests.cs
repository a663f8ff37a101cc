using System.Text.Json.Nodes;
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

    [Fact]
    public void All_columns_of_visibleTo_must_agree()
    {
        EmulatorSeed.Parse("""
            {"tables":[{"name":"task","columns":{"id":"int4","owner":"text","team":"text"},"primaryKey":["id"],"visibleTo":{"owner":"sub","team":"teams"}}]}
            """).ApplyTo(_world.Emulator);
        var ada = _world.Emulator.IssueToken("ada", claims: new JsonObject { ["teams"] = new JsonArray("a", "b") });
        var (_, peer) = _world.Join("""{"event":"*","schema":"public","table":"task"}""", ada);

        _world.Emulator.Insert("task", """{"id":1,"owner":"ada","team":"c"}""");
        _world.Emulator.Insert("task", """{"id":2,"owner":"bob","team":"a"}""");
        _world.Emulator.Insert("task", """{"id":3,"owner":"ada","team":"b"}""");
        _world.Emulator.Insert("task", """{"id":4,"owner":"ada"}""");

        _world.Changes(peer).Should().Equal("""INSERT task {"id":3,"team":"b","owner":"ada"}""");
    }

    [Fact]
    public async Task Schemas_foreign_keys_and_random_ids_are_as_the_document_says()
    {
        var world = new RestWorld();
        EmulatorSeed.Parse("""
            {"tables":[
              {"name":"person","columns":{"id":{"type":"uuid","default":"gen_random_uuid()"},"code":"text"},"primaryKey":["id"],"rows":[{"code":"a"},{"code":"b"}]},
              {"name":"task","columns":{"id":"int4","owner":"text"},"primaryKey":["id"],"foreignKeys":{"owner":"person.code"},"rows":[{"id":1,"owner":"b"}]},
              {"name":"task","schema":"app","columns":{"id":"int4"},"primaryKey":["id"],"rows":[{"id":2}]}
            ]}
            """).ApplyTo(world.Emulator);

        (await world.ReadAsync("task?select=id,person(code)")).Body.Should().Be("""[{"id":1,"person":{"code": "b"}}]""");
        world.Emulator.Rows("app.task").Should().ContainSingle().Which.Text("id").Should().Be("2");
        world.Emulator.Rows("person").Select(static r => Guid.Parse(r.Text("id")!)).Distinct().Should().HaveCount(2);
    }

    [Fact]
    public void The_rows_of_a_table_come_all_or_none()
    {
        var applying = () => EmulatorSeed.Parse("""{"tables":[{"name":"a","columns":{"id":"int4"},"primaryKey":["id"],"rows":[{"id":1},{"id":1}]}]}""").ApplyTo(_world.Emulator);

        applying.Should().Throw<EmulatorSeedException>();

        _world.Emulator.Rows("a").Should().BeEmpty();
    }

    [Fact]
    public void A_private_channel_is_for_everybody_signed_in_to_read_and_write_unless_it_is_said()
    {
        EmulatorSeed.Parse("""{"privateChannels":[{"topic":"hall"}]}""").ApplyTo(_world.Emulator);
        var decide = _world.Emulator.PrivateChannels!;
        EmulatorClaims Claims(string token) => _world.Emulator.Tokens.Check(token).Claims!;

        decide(Claims(_world.Emulator.IssueToken("ada")), "hall").Should().Be(EmulatorChannelAccess.Read | EmulatorChannelAccess.Write);
        decide(Claims(_world.Emulator.AnonKey), "hall").Should().Be(EmulatorChannelAccess.None);
    }

    [Theory]
    [InlineData("null", "*must be an object*")]
    [InlineData("""{"table":[]}""", "*at $.table (line 1): there is no member of this name.")]
    [InlineData("{\n\"tables\": [{\"columns\":{}}]}", "*$.tables[0]*(line 2): the member 'name' is missing.")]
    [InlineData("[]", "*at $ (line 1): there must be an object.")]
    [InlineData("""{"tables": {}}""", "*at $.tables (line 1): there must be an array.")]
    [InlineData("""{"tables": [{"name":"a","published":"no"}]}""", "*at $.tables[0].published (line 1): there must be true or false.")]
    [InlineData("""{"tables": [{"name":1}]}""", "*at $.tables[0].name (line 1): there must be a text.")]
    [InlineData("""{"tables": [{"name":null}]}""", "*at $.tables[0].name (line 1): there must not be a null.")]
    [InlineData("""{"tables": [{"name":"a","columns":[]}]}""", "*at $.tables[0].columns (line 1): there must be an object.")]
    [InlineData("""{"tables": [{"name":"a","rows":[1]}]}""", "*there must be an object.")]
    [InlineData("""{"users": [{"name":"a","claims":[]}]}""", "*there must be an object.")]
    [InlineData("""{"users": [{"name":"a","name":"b","role":true}]}""", "*at $.users[0].role (line 1): there must be a text.")]
    [InlineData("""{"enums": {"state":"open"}}""", "*at $.enums.state (line 1): there must be an array.")]
    [InlineData("""{"tables": [{"name":"a","columns":{"id":"text"},"primaryKey":"id"}]}""", "*$.tables[0].primaryKey*")]
    [InlineData("""{"users": [{"name":"ada"},null]}""", "*$.users[1]: there must not be a null*")]
    [InlineData("""{"tables": [null]}""", "*$.tables[0]: *null*")]
    [InlineData("""{"enums": {"state":null}}""", "*$.enums.state: *null*")]
    [InlineData("""{"enums": {"state":["open",null]}}""", "*$.enums.state[1]: *null*")]
    [InlineData("""{"privateChannels": [null]}""", "*$.privateChannels[0]: *null*")]
    [InlineData("""{"tables": [{"name":"a","columns":{"id":"text"},"primaryKey":[null]}]}""", "*$.tables[0].primaryKey[0]: *null*")]
    [InlineData("""{"tables": [{"name":"a","columns":{"id":"text"},"foreignKeys":{"id":null}}]}""", "*$.tables[0].foreignKeys.id: *null*")]
    [InlineData("""{"tables": [{"name":"a","columns":{"id":"text"},"visibleTo":{"id":null}}]}""", "*$.tables[0].visibleTo.id: *null*")]
    [InlineData("""{"tables": [{"name":"a","columns":{"id":"text"},"rows":[{},null]}]}""", "*$.tables[0].rows[1]: *null*")]
    [InlineData("""{"tables": [""", "*wrong*line 1*")]
    [InlineData("""{"privateChannels":[{"topic":"a","roles":[null]}]}""", "*$.privateChannels[0].roles[0]: *null*")]
    [InlineData("""{"tables":[{"name":"a","columns":{"id":"text"},"unique":[["id"],[null]]}]}""", "*$.tables[0].unique[1][0]: *null*")]
    [InlineData("""{"users":[{"name":"ada"},{"name":"bob"},{"name":"ada"}]}""", "*two are named ada*")]
    [InlineData("""{"users":[{"name":"ada","claims":{"companies":["co_1"],"companies":[]}}]}""", "*wrong*companies*")]
    [InlineData("""{"users":[{"name":"ada","claims":{"companies":["\udc00"]}}]}""", "*wrong*UTF-16*")]
    public void A_document_that_is_no_seed_says_where(string json, string message)
    {
        var parsing = () => EmulatorSeed.Parse(json);

        parsing.Should().Throw<EmulatorSeedException>().WithMessage(message).Which.Message.Should().NotContainAny("System.", "Carbon.", "Seed", "Parameter", "Json");
    }

    [Fact]
    public void Rows_can_be_for_a_table_that_the_program_made()
    {
        _world.Emulator.CreateTable("task", static t => t.Column("id", "int4").Column("owner", "text", "\"ada\"").PrimaryKey("id").RowLevelSecurity(static (_, _) => true));

        EmulatorSeed.Parse("""{"tables":[{"name":"task","rows":[{"id":1},{"id":2,"owner":"bob"}]}]}""").ApplyTo(_world.Emulator);

        _world.Emulator.Rows("task").Select(static r => r.Text("owner")).Should().Equal("ada", "bob");
    }

    [Theory]
    [InlineData("""{"tables":[{"name":"other","rows":[]}]}""", "The seed's table other: There is no table public.other: it needs \"columns\"*")]
    [InlineData("""{"tables":[{"name":"task","visibleTo":{"id":"sub"}}]}""", "The seed's table task: *\"visibleTo\" cannot be changed here.")]
    [InlineData("""{"tables":[{"name":"task","primaryKey":["id"]}]}""", "*\"primaryKey\" cannot*")]
    [InlineData("""{"tables":[{"name":"task","unique":[["id"]]}]}""", "*\"unique\" cannot*")]
    [InlineData("""{"tables":[{"name":"task","foreignKeys":{"id":"x"}}]}""", "*\"foreignKeys\" cannot*")]
    [InlineData("""{"tables":[{"name":"task","replicaIdentity":"full"}]}""", "*\"replicaIdentity\" cannot*")]
    [InlineData("""{"tables":[{"name":"task","published":false}]}""", "*\"published\" cannot*")]
    [InlineData("""{"tables":[{"name":"task","columns":{"id":"text"}}]}""", "*exists already: leave out \"columns\" to add rows to it.")]
    [InlineData("""{"tables":[{"name":"task","rows":[{"colour":"red"}]}]}""", "The seed's row 1 of table task: The table task has no column colour; it has id.")]
    [InlineData("""{"tables":[{"name":"new","columns":{"id":"text"}}],"users":[{"name":"ada","role":"admin"}]}""",
        "The seed's user ada: There is no role admin: a token can name anon, authenticated, service_role.")]
    [InlineData("""{"privateChannels":[{"topic":"room","roles":["authenticated","admin"]}]}""", "The seed's private channel room: There is no role admin*")]
    public void What_does_not_fit_the_tables_and_roles_that_there_are_is_told(string json, string message)
    {
        _world.Emulator.CreateTable("task", static t => t.Column("id", "int4").PrimaryKey("id"));
        var applying = () => EmulatorSeed.Parse(json).ApplyTo(_world.Emulator);

        applying.Should().Throw<EmulatorSeedException>().WithMessage(message);
        FluentActions.Invoking(() => _world.Emulator.Rows("new")).Should().Throw<ArgumentException>("roles are looked at first");
    }

    [Fact]
    public void A_row_that_is_no_json_says_where_it_is_none()
    {
        _world.Emulator.CreateTable("task", static t => t.Column("id", "int4"));

        FluentActions.Invoking(() => _world.Emulator.Insert("task", "{\n\"id\": 1,, }")).Should().Throw<ArgumentException>()
            .WithMessage("Expected the text of a JSON object: *','*(line 2, byte 9).*");
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
