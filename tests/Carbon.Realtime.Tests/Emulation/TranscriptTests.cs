using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>The emulator against recordings of the real server (version 2.129.8).</summary>
public sealed class TranscriptTests
{
    private const string User = "11111111-1111-1111-1111-111111111111";

    [Fact]
    public void The_smallest_working_case()
    {
        var replay = new TranscriptReplay();
        Todos(replay, "todos", firstId: 9635);

        replay.Run(Transcript.Load("01_sanity"));
    }

    [Theory]
    [InlineData("03_protocol_v1")]
    [InlineData("03_protocol_v2")]
    public void Phoenix_rules(string name) => new TranscriptReplay().Run(Transcript.Load(name));

    [Theory]
    [InlineData("04_crud_v1", 5004)]
    [InlineData("04_crud_v2", 5007)]
    public void Changes_under_both_replica_identities(string name, int firstId)
    {
        var replay = new TranscriptReplay();
        Todos(replay, "todos", firstId);
        Todos(replay, "todos_full", firstId + 1, full: true);

        replay.Run(Transcript.Load(name));
    }

    [Fact]
    public void Filters_ids_and_selected_columns()
    {
        var replay = new TranscriptReplay();
        Todos(replay, "todos", firstId: 5011);
        Filt(replay);
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

        replay.Run(Transcript.Load("06_filters_and_ids"));
    }

    [Fact]
    public void Bad_bindings_and_subscribers_without_rights()
    {
        var replay = new TranscriptReplay { ByTopic = true };
        Todos(replay, "todos", firstId: 5016);
        Filt(replay);
        replay.Table("unpublished", t => t.Column("id", "int4").PrimaryKey("id").Published(false));
        replay.Table("noperm", t => t.Column("id", "int4").Column("v", "text").PrimaryKey("id").SelectPrivilege((_, _) => false));
        replay.Table("colperm", t => t.Column("id", "int4").Column("v", "text").Column("secret", "text").PrimaryKey("id").SelectPrivilege((_, c) => c != "secret"));
        replay.Table("pkhidden", t => t.Column("id", "int4").Column("v", "text").PrimaryKey("id").SelectPrivilege((_, c) => c != "id"));
        replay.Table("items", t => t.Column("id", "int4").Column("v", "text").PrimaryKey("id").SelectPrivilege((_, _) => false), "hidden");
        replay.Table("nopk", t => t.Column("a", "int4").Column("b", "text"));
        replay.Table("nopk_full", t => t.Column("a", "int4").Column("b", "text").ReplicaIdentityFull());
        replay.Table("Mixed Case", t => t.Column("id", "int4").Column("Weird Col", "text").Column("select", "text").Column("a\"b", "text").PrimaryKey("id"));
        replay.Table("parted_1", t => t.Column("id", "int4").Column("r", "int4").Column("v", "text").PrimaryKey("id", "r"));
        replay.Sql["insert into parted values(1,5,'x')"] = () => replay.Emulator.Insert("parted_1", """{"id": 1, "r": 5, "v": "x"}""");
        replay.Sql["update parted set r=150 where id=1"] = () => replay.Emulator.Delete("parted_1", new JsonObject { ["id"] = 1 });
        replay.Sql["delete from parted"] = () => { };

        // After this note comes the old API, where the topic is the subscription; the emulator does not speak it.
        replay.Run(Transcript.Load("10_join_errors").TakeWhile(static l => !l.Text.StartsWith("no config at all", StringComparison.Ordinal)));
    }

    [Fact]
    public void Bad_tokens_in_a_join_block_the_socket_and_private_channels_go_by_policy()
    {
        var lines = Transcript.Load("11_join_token_errors");
        var replay = new TranscriptReplay(DateTimeOffset.FromUnixTimeSeconds(1795344583 + 30)) { ByTopic = true };
        Todos(replay, "todos", firstId: 5015);

        replay.Emulator.PrivateChannels = static (claims, topic) => (claims.Role, topic) switch
        {
            ("authenticated", "private-ok") => EmulatorChannelAccess.Read | EmulatorChannelAccess.Write,
            ("authenticated", "private-readonly") => EmulatorChannelAccess.Read,
            _ => EmulatorChannelAccess.None,
        };

        // Then come broadcasts from the database.
        replay.Run(lines.TakeWhile(static l => !l.Text.StartsWith("database-side broadcast", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_token_that_expires_ends_its_channels_and_not_the_socket()
    {
        var lines = Transcript.Load("13_token_expiry");
        var replay = new TranscriptReplay(DateTimeOffset.FromUnixTimeMilliseconds(1795344910401));
        replay.Table("rls_default", t => t.Column("id", "int8", "identity(8)").Column("title", "text").Column("user_id", "uuid").Column("note", "text")
            .PrimaryKey("id").RowLevelSecurity((claims, row) => claims.Subject == row.Text("user_id")));
        var shortKey = replay.Emulator.IssueToken(User, expiresIn: TimeSpan.FromSeconds(7.6));
        replay.ApiKeys["short apikey"] = shortKey;
        replay.ApiKeys["short apikey, no join"] = shortKey;

        replay.Run(lines);
    }

    [Fact]
    public void Nothing_is_replayed_but_what_the_poll_has_not_read_yet_can_arrive()
    {
        var replay = new TranscriptReplay();
        Todos(replay, "todos", firstId: 5392);
        Todos(replay, "todos_full", firstId: 1, full: true);

        replay.Run(Transcript.Load("15_reconnect_no_replay"));
    }

    [Fact]
    public void A_silent_client_is_closed_after_a_minute()
    {
        var replay = new TranscriptReplay();

        replay.Run(Transcript.Load("24_heartbeat_timeout_and_admin").TakeWhile(static l => l.Number <= 14));
    }

    private static void Todos(TranscriptReplay replay, string name, int firstId, bool full = false) => replay.Table(name, t =>
    {
        t.Column("id", "int8", $"identity({firstId})").Column("title", "text").Column("done", "bool", "false").Column("user_id", "uuid")
            .Column("priority", "int4").Column("price", "numeric").Column("created_at", "timestamptz", "now()").PrimaryKey("id");
        _ = full ? t.ReplicaIdentityFull() : t.ReplicaIdentityDefault();
    });

    private static void Filt(TranscriptReplay replay)
    {
        replay.Emulator.CreateEnum("mood", "sad", "ok", "happy");
        replay.Table("filt", t => t.Column("id", "int4").Column("n", "int4").Column("name", "text").Column("b", "bool").Column("ts", "timestamptz")
            .Column("u", "uuid").Column("tags", "_text").Column("num", "numeric").Column("m", "mood").PrimaryKey("id"));
    }
}
