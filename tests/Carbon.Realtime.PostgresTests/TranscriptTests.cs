using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Emulation;

namespace Carbon.Realtime.PostgresTests;

/// <summary>Recordings of the real server (2.129.8 on PostgreSQL 15), their own SQL run on a real database: the same frames, byte for byte.</summary>
[Collection(PostgresCollection.Name)]
public sealed partial class TranscriptTests(PostgresCluster cluster)
{
    private const string Filt =
        """
        create type mood as enum ('sad', 'ok', 'happy');
        create table filt(id int primary key, n int, name text, b bool, ts timestamptz, u uuid, tags text[], num numeric, m mood);
        alter publication supabase_realtime add table filt;
        """;

    [Fact]
    public async Task Every_type_is_rendered_as_the_real_server_renders_it()
    {
        await using var world = await PostgresWorld.StartAsync(cluster,
            """
            create type mood as enum ('sad', 'ok', 'happy');
            create domain posint as int check (value > 0);
            create type addr as (street text, zip int);
            create table alltypes(
                id int primary key, c_bool bool, c_int2 int2, c_int4 int4, c_int8 int8, c_numeric numeric, c_numeric_p numeric(40, 20), c_float4 float4,
                c_float8 float8, c_money money, c_text text, c_varchar varchar(10), c_char char(5), c_citext text, c_uuid uuid, c_json json, c_jsonb jsonb,
                c_ts timestamp, c_tstz timestamptz, c_ts0 timestamp(0), c_date date, c_time time, c_timetz timetz, c_interval interval, c_bytea bytea,
                c_bit bit(4), c_varbit bit varying(8), c_inet inet, c_cidr cidr, c_macaddr macaddr, c_point point, c_box box, c_int4range int4range,
                c_tstzrange tstzrange, c_int4multirange int4multirange, c_enum mood, c_domain posint, c_composite addr, c_tsvector tsvector, c_xml xml,
                c_oid oid, c_lsn pg_lsn, c_name name, a_bool bool[], a_int4 int4[], a_int8 int8[], a_numeric numeric[], a_text text[], a_uuid uuid[],
                a_jsonb jsonb[], a_tstz timestamptz[], a_enum mood[], a_text2 text[], a_bytea bytea[]);
            alter table alltypes replica identity full;
            alter publication supabase_realtime add table alltypes;
            """);

        await ReplayAsync(world, Transcript.Load("08_types"));
    }

    [Theory]
    [InlineData("04_crud_v1", 5004)]
    [InlineData("04_crud_v2", 5007)]
    public async Task Changes_under_both_replica_identities(string name, int firstId)
    {
        await using var world = await PostgresWorld.StartAsync(
            cluster, Todos("todos", firstId) + Todos("todos_full", firstId + 1) + "alter table todos_full replica identity full;");

        await ReplayAsync(world, Transcript.Load(name));
    }

    [Fact]
    public async Task Filters_ids_and_selected_columns()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Todos("todos", 5011) + Filt +
            """
            create schema app;
            create table app.items(id int primary key, v text);
            grant usage on schema app to anon; grant select on app.items to anon;
            alter publication supabase_realtime add table app.items;
            insert into filt(id) values (900), (11), (12), (30), (31), (32);
            insert into app.items values (1);
            """);

        // Rows of an earlier run of the recorder, which it deleted just before it joined: the poll had not read that yet. Here nothing delays the poll, so
        // that they are deleted when the channel is subscribed.
        await ReplayAsync(world, Transcript.Load("06_filters_and_ids"), line: 8, async () =>
        {
            foreach (var id in (int[])[900, 11, 12, 30, 31, 32])
            {
                await world.SqlAsync($"delete from filt where id = {id}");
            }

            await world.SqlAsync("delete from app.items");
        });
    }

    [Fact]
    public async Task Bad_bindings_and_subscribers_without_rights()
    {
        await using var world = await PostgresWorld.StartAsync(cluster, Todos("todos", 5016) + Filt +
            """
            create table unpublished(id int primary key);
            create table noperm(id int primary key, v text);
            create table colperm(id int primary key, v text, secret text);
            create table pkhidden(id int primary key, v text);
            create table nopk(a int, b text);
            create table nopk_full(a int, b text);
            alter table nopk_full replica identity full;
            create table "Mixed Case"(id int primary key, "Weird Col" text, "select" text, "a""b" text);
            create table parted(id int, r int, v text, primary key (id, r)) partition by range (r);
            create table parted_1 partition of parted for values from (0) to (100);
            create table parted_2 partition of parted for values from (100) to (200);
            create schema hidden;
            create table hidden.items(id int primary key, v text);
            revoke select on noperm, colperm, pkhidden from anon, authenticated, service_role;
            grant select (id, v) on colperm to anon;
            grant select (v) on pkhidden to anon;
            alter publication supabase_realtime add table noperm, colperm, pkhidden, nopk, nopk_full, "Mixed Case", parted, hidden.items;
            """);

        // After this note comes the old API, where the topic is the subscription; the emulator does not speak it.
        await ReplayAsync(
            world, Transcript.Load("10_join_errors").TakeWhile(static l => !l.Text.StartsWith("no config at all", StringComparison.Ordinal)), byTopic: true);
    }

    private static string Todos(string name, int firstId) =>
        $"""
        create table {name}(id int8 generated by default as identity (start {firstId}) primary key, title text, done bool default false, user_id uuid,
            priority int4, price numeric, created_at timestamptz default now());
        alter publication supabase_realtime add table {name};
        """;

    /// <summary>Plays the client's side and the SQL, and takes what was received in its order: each frame is the signal to go on.</summary>
    private static async Task ReplayAsync(PostgresWorld world, IEnumerable<TranscriptLine> lines, int line = 0, Func<Task>? before = null, bool byTopic = false)
    {
        var watcher = await world.JoinAsync("");
        EmulatorConnection? connection = null;
        Inbox? inbox = null;
        var (expected, actual) = (new Normaliser(), new Normaliser());
        var isSettled = true;
        foreach (var step in lines)
        {
            if (step.Number == line)
            {
                await before!();
            }

            switch (step.Direction)
            {
                case "open_request":
                    (connection, var peer) = await world.OpenAsync(step.Text.EndsWith("vsn=2.0.0", StringComparison.Ordinal) ? "2.0.0" : "1.0.0");
                    inbox = new Inbox(peer, byTopic);
                    break;
                case "send":
                    if (!isSettled)
                    {
                        // What was written before it must not reach the channels that it joins.
                        await world.FramesAsync(watcher);
                        isSettled = true;
                    }

                    connection!.Receive(step.Text);
                    break;
                case "sql":
                    await world.SqlAsync(step.Text);
                    isSettled = false;
                    break;
                case "recv":
                    actual.Normalise(await inbox!.NextAsync(step.Text)).Should().Be(expected.Normalise(step.Text), $"that is line {step.Number} of the recording");
                    break;
                case "close":
                    await world.FramesAsync(watcher);
                    connection!.Receive("""["99","99","phoenix","heartbeat",{}]"""u8);
                    connection!.Receive("""{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"99"}"""u8);
                    (await inbox!.NextAsync("[null,null,\"phoenix\"]")).Should().Contain("\"99\"", "nothing else was received");
                    break;
                default:
                    break;
            }
        }

        world.Source.LastFault.Should().BeNull();
    }

    /// <summary>
    /// The frames of the recording's client, without the barrier's, which a binding of everything hears of. Where the real server sends one change to
    /// several topics, their order is that of its processes: then they are taken topic by topic.
    /// </summary>
    private sealed class Inbox(QueuePeer peer, bool byTopic)
    {
        private readonly List<string> _waiting = [];

        public async Task<string> NextAsync(string expected)
        {
            if (byTopic && _waiting.Find(f => TopicOf(f) == TopicOf(expected)) is { } earlier)
            {
                _waiting.Remove(earlier);
                return earlier;
            }

            while (true)
            {
                var frame = await peer.NextAsync();
                if (frame.Contains("\"table\":\"barrier\"", StringComparison.Ordinal))
                {
                    continue;
                }

                if (!byTopic || TopicOf(frame) == TopicOf(expected))
                {
                    return frame;
                }

                _waiting.Add(frame);
            }
        }

        private static string TopicOf(string frame) =>
            JsonNode.Parse(frame) is var json && json is JsonArray array ? array[2]!.ToString() : json!["topic"]!.ToString();
    }

    /// <summary>Ids are numbered in the order of their first appearance, so that equal ids stay equal; the times of the recording become one word.</summary>
    private sealed partial class Normaliser
    {
        private readonly Dictionary<string, int> _ids = [];

        public string Normalise(string frame) =>
            Times().Replace(Ids().Replace(frame, ids => Number().Replace(ids.Value, Numbered)), "<time>");

        private string Numbered(Match id)
        {
            _ids.TryAdd(id.Value, _ids.Count);
            return $"#{_ids[id.Value]}";
        }

        [GeneratedRegex("""\{"id":\d+[,}]|"ids":\[[\d,]+\]""")]
        private static partial Regex Ids();

        [GeneratedRegex("""\d+""")]
        private static partial Regex Number();

        [GeneratedRegex("""20(2[6-9]|[3-9]\d)-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)""")]
        private static partial Regex Times();
    }
}
