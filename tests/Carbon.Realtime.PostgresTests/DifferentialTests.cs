using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.PostgresTests;

/// <summary>
/// The emulator in memory against the emulator on PostgreSQL: the same writes, by chance, make the same frames for the same clients, and the same reads
/// have the same answers. Where they differ, the one in memory is wrong.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed partial class DifferentialTests(PostgresCluster cluster)
{
    private const string Schema =
        """
        create type kind as enum ('draft', 'released', 'closed');
        create table job(id text primary key, "companyId" text not null, n int, total numeric, done bool, due timestamptz, day date, k kind, u uuid, tags text[],
            data jsonb, ratio float8, note text, label text generated always as ("companyId" || '/' || id) stored);
        alter table job enable row level security;
        create policy own on job for select using ("companyId" = any(auth.companies()));
        create table log(id int primary key, job text, big int8, raw bytea);
        alter table log replica identity full;
        alter publication supabase_realtime add table job, log;
        """;

    private static readonly string[] Bindings =
    [
        """{"event":"*","schema":"public","table":"job"},{"event":"*","schema":"public","table":"log"}""",
        """{"event":"*","schema":"public","table":"job","filter":"n=gt.3"},{"event":"UPDATE","schema":"public","table":"job","filter":"k=gte.released,done=is.true"}""",
        """{"event":"*","schema":"public","table":"job","filter":"note=like.a%"},{"event":"*","schema":"public","table":"job","filter":"total=not.in.(1.50,2)"}""",
        """{"event":"*","schema":"public","table":"log","filter":"job=isdistinct.j1"},{"event":"DELETE","schema":"public","table":"log","filter":"big=lt.9007199254740993"}""",
        """{"event":"*","schema":"public","table":"job","filter":"due=gte.2024-02-29T00:00:00Z"},{"event":"*","schema":"public","table":"job","filter":"id=in.(j1,j2)"}""",
    ];

    private Random _random = null!;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Equal_writes_make_equal_frames_and_equal_reads(int seed)
    {
        _random = new Random(seed);
        await using var world = await PostgresWorld.StartAsync(cluster, Schema);
        var memory = new ManualEnvironment();
        using var twin = new RealtimeEmulator(new EmulatorOptions { Environment = memory.Environment });
        CreateTables(twin);
        var clients = new List<(QueuePeer Theirs, RecordingClient Ours)>();
        foreach (var companies in (string[][])[["co_1"], ["co_2"], ["co_1", "co_2"], []])
        {
            foreach (var bindings in Bindings)
            {
                var theirs = await world.JoinAsync(bindings, companies.Length == 0 ? null : world.UserToken("u1", companies));
                var token = twin.IssueToken("u1", claims: new JsonObject { ["companies"] = new JsonArray([.. companies.Select(static c => (JsonNode)c)]) });
                clients.Add((theirs, RecordingClient.Join(memory, twin, bindings, companies.Length == 0 ? twin.ServiceKey : token)));
            }
        }

        var frames = 0;
        for (var round = 0; round < 25; round++)
        {
            var statements = new List<string>();
            twin.Transaction(t =>
            {
                for (var i = _random.Next(1, 6); i > 0; i--)
                {
                    statements.Add(Write(t));
                }
            });
            var sql = $"begin; {string.Join("; ", statements)}; commit";
            await world.SqlAsync(sql);
            memory.RunUntilIdle();
            var barrier = await world.BarrierAsync();
            foreach (var (theirs, ours) in clients)
            {
                var expected = (await world.FramesAsync(theirs, barrier)).Select(Normalise).ToArray();
                ours.Take().Select(Normalise).Should().Equal(expected, sql);
                frames += expected.Length;
            }
        }

        frames.Should().BeGreaterThan(300);
        world.Source.LastFault.Should().BeNull();
        await CompareReadsAsync(world, memory, twin);
    }

    private static string Normalise(string frame) => Time().Replace(frame, "<time>");

    private static void CreateTables(RealtimeEmulator twin)
    {
        twin.CreateEnum("kind", "draft", "released", "closed");
        twin.CreateTable("job", static t => t.Column("id", "text").Column("companyId", "text").Column("n", "int4").Column("total", "numeric").Column("done", "bool")
            .Column("due", "timestamptz").Column("day", "date").Column("k", "kind").Column("u", "uuid").Column("tags", "_text").Column("data", "jsonb")
            .Column("ratio", "float8").Column("note", "text").GeneratedColumn("label", "text", static r => r.Text("companyId") + "/" + r.Text("id"))
            .PrimaryKey("id").RowLevelSecurity(static (claims, row) => claims.Texts("companies").Contains(row.Text("companyId"))));
        twin.CreateTable("log", static t => t.Column("id", "int4").Column("job", "text").Column("big", "int8").Column("raw", "bytea")
            .PrimaryKey("id").ReplicaIdentityFull());
    }

    /// <summary>Writes a row into the twin, and says it in SQL.</summary>
    private string Write(EmulatorTransaction twin)
    {
        var isLog = _random.Next(4) == 0;
        var (table, keys) = isLog ? ("log", twin.Rows("log").Select(static r => r.Text("id")!).ToArray()) : ("job", [.. twin.Rows("job").Select(static r => r.Text("id")!)]);
        var choice = keys.Length == 0 ? 0 : _random.Next(keys.Length > 12 ? 4 : 3);
        var values = isLog ? LogRow() : JobRow();
        if (choice == 0)
        {
            var id = isLog ? $"{_random.Next(1000)}" : $"j{_random.Next(60)}";
            if (keys.Contains(id))
            {
                id += isLog ? "000" : "x";
            }

            if (!keys.Contains(id))
            {
                values = values.Prepend(("id", isLog ? id : $"\"{id}\"", isLog ? id : $"'{id}'")).ToList();
                twin.Insert(table, Json(values));
                return $"insert into {table}({string.Join(", ", values.Select(static v => $"\"{v.Name}\""))}) values ({string.Join(", ", values.Select(static v => v.Sql))})";
            }
        }

        var key = keys.Length == 0 ? "none" : keys[_random.Next(keys.Length)];
        if (choice == 3)
        {
            twin.Delete(table, key);
            return $"delete from {table} where id = '{key}'";
        }

        values = [.. values.Where(_ => _random.Next(3) == 0)];
        if (values.Count == 0)
        {
            values = [isLog ? ("job", "null", "null") : ("note", "\"a\"", "'a'")];
        }

        twin.Update(table, key, Json(values));
        return $"update {table} set {string.Join(", ", values.Select(static v => $"\"{v.Name}\" = {v.Sql}"))} where id = '{key}'";
    }

    private static string Json(IEnumerable<(string Name, string Json, string Sql)> values) => $"{{{string.Join(",", values.Select(static v => $"\"{v.Name}\":{v.Json}"))}}}";

    private List<(string Name, string Json, string Sql)> LogRow() =>
    [
        Value("job", "null", "\"j1\"", "\"j2\""), Value("big", "9007199254740993", "-9223372036854775808", "5", "null"),
        Value("raw", "\"\\\\xdeadbeef\"", "\"\\\\x\"", "null"),
    ];

    private List<(string Name, string Json, string Sql)> JobRow() =>
    [
        Value("companyId", "\"co_1\"", "\"co_2\""), Value("n", "null", "1", "3", "4", "-7", "2147483647"),
        Value("total", "null", "1.50", "1.5", "2", "0.000", "12345678901234567890.123456789"), Value("done", "null", "true", "false"),
        Value("due", "null", "\"2024-02-29T12:00:00.5+05:30\"", "\"2024-01-01T00:00:00Z\"", "\"2030-12-31T23:59:59.999999Z\""),
        Value("day", "null", "\"2024-02-29\"", "\"1999-12-31\""), Value("k", "null", "\"draft\"", "\"released\"", "\"closed\""),
        Value("u", "null", "\"11111111-AAAA-1111-1111-111111111111\""),
        Value("data", "null", "{\"b\": [1, 2.50, null], \"aa\": {\"z\": \"\\u00e9\", \"y\": true}}", "[]", "\"text\""),
        Value("ratio", "null", "0.1", "-2.5", "1000000"), Value("note", "null", "\"a\"", "\"abc\"", "\"B\"", "\"\"", "\"q\\\"\\\\ \\n é😀\""),
        Value("tags", "null", "[]", "[\"a\",\"b,c\",null,\"NULL\"]"),
    ];

    private (string Name, string Json, string Sql) Value(string name, params string[] choices)
    {
        var json = choices[_random.Next(choices.Length)];
        return (name, json, (name, json) switch
        {
            (_, "null") => "null",
            ("data", _) => $"'{json}'",
            ("tags", "[]") => "'{}'",
            ("tags", _) => "array['a','b,c',null,'NULL']",
            _ => json[0] == '"' ? $"'{JsonNode.Parse(json)!.ToString().Replace("'", "''", StringComparison.Ordinal)}'" : json,
        });
    }

    private static async Task CompareReadsAsync(PostgresWorld world, ManualEnvironment memory, RealtimeEmulator twin)
    {
        using var ours = new HttpMessageInvoker(twin.CreateHttpHandler());
        foreach (var companies in (string[][])[["co_1"], ["co_1", "co_2"], []])
        {
            var token = twin.IssueToken("u1", claims: new JsonObject { ["companies"] = new JsonArray([.. companies.Select(static c => (JsonNode)c)]) });
            foreach (var query in Queries())
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("http://db.test/rest/v1/" + query));
                request.Headers.TryAddWithoutValidation("apikey", twin.AnonKey);
                request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
                request.Headers.TryAddWithoutValidation("Prefer", "count=exact");
                var sending = ours.SendAsync(request, CancellationToken.None);
                memory.RunUntilIdle();
                using var response = await sending;
                var theirs = await world.ReadAsync(query, world.UserToken("u1", companies), ("Prefer", "count=exact"));
                var body = await response.Content.ReadAsStringAsync();
                ((int)response.StatusCode).Should().Be(theirs.Status, query);
                (theirs.Status < 300 ? body : Code(body)).Should().Be(theirs.Status < 300 ? theirs.Body : Code(theirs.Body), query);
                if (theirs.Status < 300)
                {
                    response.Content.Headers.NonValidated["Content-Range"].ToString().Should().Be(theirs.Range, query);
                }
            }
        }
    }

    private static string Code(string body)
    {
        using var json = JsonDocument.Parse(body);
        return json.RootElement.GetProperty("code").ToString();
    }

    private static IEnumerable<string> Queries() =>
    [
        "job?order=id", "job?select=id,n&order=n.desc,id", "job?select=id,due&order=due.asc.nullsfirst,id.desc&limit=3&offset=1",
        "job?select=id&order=id&n=gt.1", "job?select=id&order=id&n=not.gt.1", "job?select=id&order=id&total=eq.1.5", "job?select=id&order=id&note=like.a*",
        "job?select=id&order=id&or=(k.gte.released,done.is.true)", "job?select=id&order=id&k=in.(draft,closed)", "job?select=id&order=id&due=lt.2024-06-01",
        "job?select=id&order=id&note=isdistinct.a", "job?select=id&order=id&tags=cs.{a}", "job?select=id&order=id&u=eq.11111111-aaaa-1111-1111-111111111111",
        "job?select=id,tags,ratio::text&order=id&limit=5", "log?order=id", "log?select=id,raw&order=big.desc.nullslast,id", "log?select=id&order=id&big=eq.5",
        "job?n=eq.x", "job?nope=eq.1", "job?k=eq.nope", "job?n=like.1", "nope", "job?select=nope", "job?offset=999", "job?note=match.(", "job?u=eq.1",
    ];

    [GeneratedRegex("""("commit_timestamp":)"[^"]*"|"id":\d+(?=,"event)""")]
    private static partial Regex Time();

    /// <summary>A client of the twin, without logic.</summary>
    private sealed class RecordingClient : IEmulatorPeer
    {
        private readonly List<string> _frames = [];

        public static RecordingClient Join(ManualEnvironment memory, RealtimeEmulator twin, string bindings, string token)
        {
            var client = new RecordingClient();
            var request = new EmulatorConnectRequest("/realtime/v1/websocket", $"?apikey={twin.AnonKey}&vsn=2.0.0", []);
            var connecting = twin.ConnectAsync(request, client).AsTask();
            memory.RunUntilIdle();
            var payload = new JsonObject { ["config"] = new JsonObject { ["postgres_changes"] = JsonNode.Parse($"[{bindings}]") }, ["access_token"] = token };
            connecting.GetAwaiter().GetResult().Receive(new JsonArray("1", "1", "realtime:room", "phx_join", payload).ToJsonString());
            memory.RunUntilIdle();
            client._frames.Clear();
            return client;
        }

        public string[] Take()
        {
            string[] frames = [.. _frames];
            _frames.Clear();
            return frames;
        }

        public void OnMessage(Transport.SocketMessage message) => _frames.Add(System.Text.Encoding.UTF8.GetString(message.Payload.Span));

        public void OnBroken()
        {
        }
    }
}
