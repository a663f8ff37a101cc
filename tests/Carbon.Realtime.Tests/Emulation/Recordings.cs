using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>
/// What each recording of the real server was made with: its tables, and by hand what is no client's frame and no plain SQL. A recording that is not
/// here is named in docs/emulator.md, "Differences from the recordings".
/// </summary>
internal static class Recordings
{
    private const string User = "11111111-1111-1111-1111-111111111111";

    public static readonly IReadOnlyDictionary<string, Func<TranscriptReplay>> Replayed = new Dictionary<string, Func<TranscriptReplay>>
    {
        ["00_subscribed_ok_but_slot_creation_fails"] = WithoutSlot,
        ["01_sanity"] = () => new TranscriptReplay().Todos("todos", firstId: 9635),
        ["03_protocol_v1"] = () => new TranscriptReplay(),
        ["03_protocol_v2"] = () => new TranscriptReplay(),
        ["04_crud_v1"] = () => new TranscriptReplay().Todos("todos", 5004).Todos("todos_full", 5005, full: true),
        ["04_crud_v2"] = () => new TranscriptReplay().Todos("todos", 5007).Todos("todos_full", 5008, full: true),
        ["06_filters_and_ids"] = FiltersAndIds,
        ["08_types"] = EveryType,
        ["10_join_errors"] = JoinErrors,
        ["11_join_token_errors"] = TokenErrors,
        ["13_token_expiry"] = TokenExpiry,
        ["15_reconnect_no_replay"] = () => new TranscriptReplay().Todos("todos", 5392).Todos("todos_full", 1, full: true),
        ["21_limit_joins_per_second"] = () => new TranscriptReplay(limits: new EmulatorLimits { JoinsPerSecond = 3 }),
        ["24_heartbeat_timeout_and_admin"] = HeartbeatsAndReload,
    };

    private static TranscriptReplay WithoutSlot()
    {
        var replay = new TranscriptReplay(isCold: true).Todos("todos", firstId: 1);
        replay.Emulator.Faults.LoseSlot(Timeout.InfiniteTimeSpan);
        return replay;
    }

    private static TranscriptReplay FiltersAndIds()
    {
        var replay = new TranscriptReplay().Todos("todos", firstId: 5011).Filt();
        replay.Table("items", t => t.Column("id", "int4").Column("v", "text").PrimaryKey("id"), "app");

        // Rows of an earlier run of the recorder, which it deleted just before it joined: the poll had not read that yet.
        int[] leftOver = [900, 11, 12, 30, 31, 32];
        foreach (var id in leftOver)
        {
            replay.Emulator.Insert("filt", $$"""{"id": {{id}}}""");
        }

        replay.Emulator.Insert("app.items", """{"id": 1}""");
        replay.World.Advance(TimeSpan.FromSeconds(1));
        foreach (var id in leftOver)
        {
            replay.Emulator.Delete("filt", id);
        }

        replay.Emulator.Delete("app.items", 1);
        return replay;
    }

    /// <summary>The values are those of the recorded statements, in the spelling in which PostgreSQL prints them where the emulator has no parser of its own.</summary>
    private static TranscriptReplay EveryType()
    {
        var replay = new TranscriptReplay();
        var lines = Transcript.Load("08_types");
        replay.Emulator.CreateEnum("mood", "sad", "ok", "happy");
        replay.Emulator.CreateType("addr");
        replay.Emulator.CreateType("posint");
        replay.Table("alltypes", t =>
        {
            var first = lines.First(static l => l.Text.Contains("\"columns\"", StringComparison.Ordinal));
            foreach (var column in JsonNode.Parse(first.Text)!["payload"]!["data"]!["columns"]!.AsArray())
            {
                t.Column(column!["name"]!.ToString(), column["type"]!.ToString());
            }

            t.PrimaryKey("id").ReplicaIdentityFull();
        });
        string[] rows =
        [
            """
            {"id": 1, "c_bool": true, "c_int2": 32767, "c_int4": -2147483648, "c_int8": 42, "c_numeric": 12345.6700, "c_numeric_p": 1.50000000000000000000,
             "c_float4": 1.1, "c_float8": 3.141592653589793, "c_money": "$1,234.50", "c_text": "héllo \"q\" \\ ' tab\t nl\n 😀", "c_varchar": "v", "c_char": "ab",
             "c_uuid": "11111111-1111-1111-1111-111111111111", "c_json": {"b": 1,  "a": [1,2,{"x":null}], "b": 2}, "c_jsonb": {"b": 1, "a": [1.0, 2]},
             "c_ts": "2024-02-29 13:14:15.123456", "c_tstz": "2024-02-29 13:14:15.123456+05:30", "c_ts0": "2024-02-29 13:14:15", "c_date": "2024-02-29",
             "c_time": "13:14:15.5", "c_timetz": "13:14:15+02", "c_interval": "1 year 2 mons 3 days 04:05:06.789", "c_bytea": "\\xdeadbeef", "c_bit": "1010",
             "c_varbit": "101", "c_inet": "192.168.0.1/24", "c_cidr": "10.0.0.0/8", "c_macaddr": "08:00:2b:01:02:03", "c_point": "(1.5,2)",
             "c_box": "(1,1),(0,0)", "c_int4range": "[1,6)", "c_tstzrange": "[\"2024-01-01 00:00:00+00\",infinity)", "c_int4multirange": "{[1,3),[7,9)}",
             "c_enum": "happy", "c_domain": 7, "c_composite": {"street": "Main, st", "zip": 123}, "c_tsvector": "'fox':3 'quick':2", "c_xml": "<a b=\"1\">t</a>",
             "c_oid": 1234, "c_lsn": "16/B374D848", "c_name": "nm", "a_bool": "{t,f,NULL}", "a_int4": "{1,2,NULL}", "a_int8": "{9223372036854775807}",
             "a_numeric": "{1.10,NaN}", "a_text": "{a,\"b,c\",NULL,\"NULL\",\"\"}", "a_uuid": "{11111111-1111-1111-1111-111111111111}", "a_jsonb": [{"k": 1}],
             "a_tstz": ["2024-01-01T00:00:00Z"], "a_enum": "{sad,ok}", "a_text2": [["a","b"],["c","d"]], "a_bytea": ["\\x00ff"]}
            """,
            """{"id": 2}""",
            """
            {"id": 3, "c_int8": 9223372036854775807, "c_numeric": 123456789012345678901234567890.123456789012345678901234567890,
             "c_numeric_p": 0.00000000000000000001, "c_float4": 3.4028235e38, "c_float8": 1.7976931348623157e308, "c_text": "", "c_json": "just a string",
             "c_jsonb": 123456789012345678901234567890.5, "c_bytea": "\\x", "c_int4range": "empty", "a_int4": "{}", "c_interval": "-1 mons +2 days -03:00:00",
             "c_date": "infinity", "c_ts": "infinity", "c_tstz": "-infinity"}
            """,
            """
            {"id": 4, "c_int8": -9223372036854775808, "c_numeric": "NaN", "c_float4": "NaN", "c_float8": "Infinity", "c_tstz": "0044-03-15T00:00:00+00:00 BC",
             "c_date": "10000-01-01", "c_json": null, "c_jsonb": null}
            """,
            $$$"""
            {"id": 5, "c_numeric": "Infinity", "c_float4": "-Infinity", "c_float8": 100, "c_numeric_p": 12345678901234567890.12345678901234567890,
             "c_tstz": "2024-06-01 00:00:00+00", "c_ts": "2024-06-01 00:00:00", "c_jsonb": {"deep": {"n": 9007199254740993, "e": 1e3}}, "c_text": "{{{new string('x', 70)}}}"}
            """,
        ];
        var inserts = lines.Where(static l => l.Direction == "sql" && l.Text.StartsWith("insert", StringComparison.Ordinal)).Zip(rows);
        foreach (var (line, row) in inserts)
        {
            replay.Sql[line.Text] = () => replay.Emulator.Insert("alltypes", row);
        }

        replay.Sql["delete from alltypes where id in (2,3)"] = () => replay.Emulator.Transaction(static t =>
        {
            t.Delete("alltypes", 2);
            t.Delete("alltypes", 3);
        });
        return replay;
    }

    private static TranscriptReplay JoinErrors()
    {
        var replay = new TranscriptReplay { ByTopic = true }.Todos("todos", firstId: 5016).Filt();
        replay.Table("unpublished", t => t.Column("id", "int4").PrimaryKey("id").Published(false));
        replay.Table("noperm", t => t.Column("id", "int4").Column("v", "text").PrimaryKey("id").SelectPrivilege((_, _) => false));
        replay.Table("colperm", t => t.Column("id", "int4").Column("v", "text").Column("secret", "text").PrimaryKey("id").SelectPrivilege((_, c) => c != "secret"));
        replay.Table("pkhidden", t => t.Column("id", "int4").Column("v", "text").PrimaryKey("id").SelectPrivilege((_, c) => c != "id"));
        replay.Table("items", t => t.Column("id", "int4").Column("v", "text").PrimaryKey("id").SelectPrivilege((_, _) => false), "hidden");
        replay.Table("nopk", t => t.Column("a", "int4").Column("b", "text"));
        replay.Table("nopk_full", t => t.Column("a", "int4").Column("b", "text").ReplicaIdentityFull());
        replay.Table("Mixed Case", t => t.Column("id", "int4").Column("Weird Col", "text").Column("select", "text").Column("a\"b", "text").PrimaryKey("id"));
        replay.Table("parted", t => t.Column("id", "int4").Column("r", "int4").Column("v", "text").PrimaryKey("id", "r")
            .PartitionedBy(static row => int.Parse(row.Text("r")!) < 100 ? "parted_1" : "parted_2", "parted_1", "parted_2"));
        return replay;
    }

    private static TranscriptReplay TokenErrors()
    {
        var replay = new TranscriptReplay(DateTimeOffset.FromUnixTimeSeconds(1795344583 + 30)) { ByTopic = true }.Todos("todos", firstId: 5015);
        replay.Emulator.PrivateChannels = static (claims, topic) => (claims.Role, topic) switch
        {
            ("authenticated", "private-ok") => EmulatorChannelAccess.Read | EmulatorChannelAccess.Write,
            ("authenticated", "private-readonly") => EmulatorChannelAccess.Read,
            _ => EmulatorChannelAccess.None,
        };
        foreach (var isPrivate in (bool[])[true, false])
        {
            replay.Sql[$$"""select realtime.send('{"from":"db"}'::jsonb, 'dbevent', 'private-ok', {{(isPrivate ? "true" : "false")}})"""] =
                () => replay.Emulator.SendBroadcast("private-ok", "dbevent", """{"from":"db"}""", isPrivate);
        }

        return replay;
    }

    private static TranscriptReplay TokenExpiry()
    {
        var replay = new TranscriptReplay(DateTimeOffset.FromUnixTimeMilliseconds(1795344910401));
        replay.Table("rls_default", t => t.Column("id", "int8", "identity(8)").Column("title", "text").Column("user_id", "uuid").Column("note", "text")
            .PrimaryKey("id").RowLevelSecurity((claims, row) => claims.Subject == row.Text("user_id")));
        var shortKey = replay.Emulator.IssueToken(User, expiresIn: TimeSpan.FromSeconds(7.6));
        replay.ApiKeys["short apikey"] = shortKey;
        replay.ApiKeys["short apikey, no join"] = shortKey;
        return replay;
    }

    private static TranscriptReplay HeartbeatsAndReload()
    {
        var replay = new TranscriptReplay().Todos("todos", firstId: 1);
        replay.Pinging.Add("ping-only");
        replay.Requests["POST /api/tenants/127/reload -> 204"] = replay.Emulator.ReloadTenant;
        return replay;
    }

    private static TranscriptReplay Todos(this TranscriptReplay replay, string name, int firstId, bool full = false)
    {
        replay.Table(name, t =>
        {
            t.Column("id", "int8", $"identity({firstId})").Column("title", "text").Column("done", "bool", "false").Column("user_id", "uuid")
                .Column("priority", "int4").Column("price", "numeric").Column("created_at", "timestamptz", "now()").PrimaryKey("id");
            _ = full ? t.ReplicaIdentityFull() : t.ReplicaIdentityDefault();
        });
        return replay;
    }

    private static TranscriptReplay Filt(this TranscriptReplay replay)
    {
        replay.Emulator.CreateEnum("mood", "sad", "ok", "happy");
        replay.Table("filt", t => t.Column("id", "int4").Column("n", "int4").Column("name", "text").Column("b", "bool").Column("ts", "timestamptz")
            .Column("u", "uuid").Column("tags", "_text").Column("num", "numeric").Column("m", "mood").PrimaryKey("id"));
        return replay;
    }
}
