using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Emulation;

public sealed class EmulatorChannelTests
{
    private const string Item = """{"event":"*","schema":"public","table":"item"}""";
    private const string Subscribed = """["1",null,"realtime:room","system",{"message":"Subscribed to PostgreSQL","status":"ok","extension":"postgres_changes","channel":"room"}]""";
    private const string Closed = """["1","1","realtime:room","phx_close",{}]""";

    private readonly EmulatorWorld _world = new();

    public EmulatorChannelTests() => _world.Emulator.CreateTable("item", static t => t
        .Column("id", "text").Column("companyId", "text").PrimaryKey("id").ReplicaIdentityFull()
        .RowLevelSecurity(static (claims, row) => claims.Texts("companies").Contains(row.Text("companyId"))));

    private RealtimeEmulator Emulator => _world.Emulator;

    [Theory]
    [InlineData("null")]
    [InlineData("\"sb_publishable_x\"")]
    [InlineData("same")]
    public void Tokens_that_change_nothing_are_ignored(string token)
    {
        var mine = Emulator.IssueToken("u1");
        var (connection, peer) = _world.Join(Item, mine);

        Push(connection, token == "same" ? $"\"{mine}\"" : token);

        peer.Take().Should().BeEmpty();
    }

    [Fact]
    public void A_new_token_is_not_answered_but_subscribes_again_with_its_claims()
    {
        var (connection, peer) = _world.Join(Item, Emulator.IssueToken("u1"));
        Emulator.Insert("item", """{"id":"1","companyId":"co_1"}""");
        _world.Changes(peer).Should().BeEmpty();

        Push(connection, $"\"{Member("co_1")}\"");
        peer.Take().Should().Equal(Subscribed);

        Emulator.Insert("item", """{"id":"2","companyId":"co_1"}""");
        _world.Changes(peer).Should().HaveCount(1);
    }

    [Fact]
    public void Until_then_the_old_claims_apply_and_several_pushes_make_one_message()
    {
        var world = new EmulatorWorld(new EmulatorTiming { ResubscribeDelay = EmulatorDelay.Milliseconds(1000, 3000) });
        world.Emulator.CreateTable("item", static t => t.Column("id", "text").Column("companyId", "text").PrimaryKey("id")
            .RowLevelSecurity(static (claims, row) => claims.Texts("companies").Contains(row.Text("companyId"))));
        var (connection, peer) = world.Join(Item, world.Emulator.IssueToken("u1"));

        Push(connection, $"\"{world.Emulator.IssueToken("u1", claims: new JsonObject { ["companies"] = "co_2" })}\"");
        Push(connection, $"\"{world.Emulator.IssueToken("u1", claims: new JsonObject { ["companies"] = "co_1" })}\"");
        world.Emulator.Insert("item", """{"id":"1","companyId":"co_1"}""");
        world.Changes(peer).Should().BeEmpty();
        world.World.Advance(TimeSpan.FromSeconds(3));
        peer.Take().Should().Equal(Subscribed);

        world.Emulator.Insert("item", """{"id":"2","companyId":"co_1"}""");
        world.Changes(peer).Should().HaveCount(1);
    }

    [Theory]
    [InlineData("\"\"", "The token provided is not a valid JWT")]
    [InlineData("\"garbage\"", "The token provided is not a valid JWT")]
    [InlineData("expired", "Token has expired 5 seconds ago")]
    public void A_bad_token_ends_the_channel(string token, string message)
    {
        var (connection, peer) = _world.Join(Item, Emulator.IssueToken("u1"));

        Push(connection, token == "expired" ? $"\"{Emulator.IssueToken("u1", expiresIn: TimeSpan.FromSeconds(-5))}\"" : token);

        peer.Take().Should().Equal(SystemError(message), Closed);
        connection.Topics.Should().BeEmpty();
        connection.IsOpen.Should().BeTrue();
    }

    [Fact]
    public void A_join_that_is_repeated_answers_before_the_old_channel_is_closed()
    {
        var (connection, peer) = _world.Join(Item);

        connection.Receive(EmulatorWorld.JoinFrame(Item, reference: "2"));
        _world.World.RunUntilIdle();

        peer.Json.Select(static f => $"{f[0]} {f[3]}").Should().Equal("2 phx_reply", "1 phx_close", "2 system");
    }

    [Fact]
    public void A_repeated_join_that_fails_ends_the_old_channel_too()
    {
        var (connection, peer) = _world.Join(Item);

        connection.Receive(EmulatorWorld.JoinFrame(Item, token: "garbage", reference: "2"));
        _world.World.RunUntilIdle();

        peer.Take().Should().Equal(
            """["2","2","realtime:room","phx_reply",{"status":"error","response":{"reason":"MalformedJWT: The token provided is not a valid JWT"}}]""",
            Closed);
        connection.Topics.Should().BeEmpty();
    }

    [Fact]
    public void A_failing_join_holds_up_frames_in_both_directions()
    {
        var world = new EmulatorWorld(new EmulatorTiming { JoinErrorDelay = TimeSpan.FromSeconds(5) });
        world.Emulator.CreateTable("item", static t => t.Column("id", "text").PrimaryKey("id"));
        var (connection, peer) = world.Join(Item);

        connection.Receive(EmulatorWorld.JoinFrame(Item, token: "garbage", topic: "realtime:bad", reference: "2"));
        connection.Receive("""[null,"3","phoenix","heartbeat",{}]""");
        world.Emulator.Insert("item", """{"id":"1"}""");
        world.World.Advance(TimeSpan.FromSeconds(4.9));
        peer.Take().Should().BeEmpty();
        world.World.Advance(TimeSpan.FromSeconds(0.1));

        peer.Json.Select(static f => $"{f[1]} {f[3]}").Should().Equal("2 phx_reply", "3 phx_reply", " postgres_changes");
    }

    [Fact]
    public void Levers_speak_as_the_server_does()
    {
        var (connection, peer) = _world.Join(Item);
        var (_, without) = _world.Open();

        Emulator.RepeatSubscribed();
        _world.World.RunUntilIdle();
        peer.Take().Should().Equal(Subscribed);

        Emulator.CrashChannels();
        _world.World.RunUntilIdle();
        peer.Take().Should().Equal("""["1","1","realtime:room","phx_error",{}]""");

        connection.Receive(EmulatorWorld.JoinFrame(Item));
        _world.World.RunUntilIdle();
        peer.Take();
        Emulator.CloseChannels("Too many messages per second");
        _world.World.RunUntilIdle();
        peer.Take().Should().Equal(SystemError("Too many messages per second"), Closed);

        Emulator.DropConnections(1012);
        _world.World.RunUntilIdle();
        peer.Closed.Should().Be(((int?)1012, (string?)""));
        without.Closed.Should().Be(((int?)1012, (string?)""));
        without.Frames.Should().BeEmpty();
        Emulator.Connections.Should().BeEmpty();

        var (_, broken) = _world.Join(Item);
        Emulator.Insert("item", """{"id":"1"}""");
        Emulator.BreakConnections();
        _world.World.RunUntilIdle();
        broken.Broken.Should().BeTrue();
        broken.Frames.Should().BeEmpty();
    }

    [Fact]
    public void A_channel_that_was_never_subscribed_hears_of_no_repetition()
    {
        var (connection, peer) = _world.Open();
        connection.Receive(EmulatorWorld.JoinFrame(""));
        _world.World.RunUntilIdle();
        peer.Take().Should().ContainSingle("that is the reply");

        Emulator.RepeatSubscribed();
        _world.World.RunUntilIdle();

        peer.Frames.Should().BeEmpty();
    }

    [Fact]
    public void A_connection_remembers_what_its_client_sent()
    {
        var (connection, _) = _world.Open();
        connection.Receive("""[null,"1","phoenix","heartbeat",{}]""");
        connection.Receive("{nope");

        connection.ReceivedFrames.Should().Equal("""[null,"1","phoenix","heartbeat",{}]""", "{nope");
    }

    [Fact]
    public async Task It_remembers_the_last_ones_up_to_the_limit()
    {
        var world = new ManualEnvironment();
        using var emulator = new RealtimeEmulator(new EmulatorOptions { Environment = world.Environment, ReceivedFrameLogLimit = 2 });
        var connecting = emulator.ConnectAsync(new EmulatorConnectRequest("/socket/websocket", $"apikey={emulator.AnonKey}", []), new RecordingPeer()).AsTask();
        world.RunUntilIdle();
        var connection = await connecting;
        foreach (var frame in (string[])["1", "2", "3"])
        {
            connection.Receive(frame);
        }

        connection.ReceivedFrames.Should().Equal("2", "3");
    }

    [Fact]
    public void A_frame_over_the_limit_closes_the_socket()
    {
        var (connection, peer) = _world.Open();

        connection.Receive(new byte[5_000_001]);
        _world.World.RunUntilIdle();

        peer.Closed.Should().Be(((int?)1009, (string?)""));
    }

    [Fact]
    public void A_frame_as_long_as_the_limit_is_read()
    {
        var (connection, peer) = _world.Open();
        connection.Receive(new byte[5_000_000]);
        _world.World.RunUntilIdle();
        peer.Closed.Should().BeNull();
        connection.ReceivedFrames.Should().ContainSingle();
    }

    [Fact]
    public void Only_what_the_client_sends_keeps_an_idle_socket_open()
    {
        var world = new EmulatorWorld(new EmulatorTiming { IdleTimeout = TimeSpan.FromSeconds(60) });
        world.Emulator.CreateTable("item", static t => t.Column("id", "text").PrimaryKey("id"));
        var (_, peer) = world.Join(Item);

        world.World.Advance(TimeSpan.FromSeconds(50));
        world.Emulator.Insert("item", """{"id":"1"}""");
        world.World.Advance(TimeSpan.FromSeconds(9.9));
        peer.Take().Should().ContainSingle();
        peer.Closed.Should().BeNull();
        world.World.Advance(TimeSpan.FromSeconds(0.1));

        peer.Closed.Should().Be(((int?)1000, (string?)""));
    }

    [Fact]
    public void A_token_is_over_at_its_very_second()
    {
        var token = Emulator.IssueToken("u1", expiresIn: TimeSpan.FromSeconds(10));
        var (connection, peer) = _world.Join(Item, token);

        _world.World.Advance(TimeSpan.FromSeconds(10));
        peer.Take().Should().Equal(SystemError("Token has expired 0 seconds ago"), Closed);
        connection.Receive(EmulatorWorld.JoinFrame(Item, token));
        _world.World.RunUntilIdle();

        peer.Take().Should().ContainSingle().Which.Should().Contain("InvalidJWTToken: Token has expired 0 seconds ago");
    }

    [Fact]
    public void A_token_that_may_not_read_a_private_channel_any_more_ends_it()
    {
        Emulator.PrivateChannels = static (claims, topic) =>
            claims.Subject == "u1" && topic == "room" ? EmulatorChannelAccess.Read : EmulatorChannelAccess.None;
        var (connection, peer) = _world.Open();
        connection.Receive($$$"""["1","1","realtime:room","phx_join",{"config":{"private":true},"access_token":"{{{Emulator.IssueToken("u1")}}}"}]""");
        Push(connection, $"\"{Emulator.IssueToken("u1", expiresIn: TimeSpan.FromHours(2))}\"");
        peer.Take().Should().ContainSingle("the join was accepted, and the new token is as good").Which.Should().Contain("\"ok\"");

        Push(connection, $"\"{Emulator.IssueToken("u2")}\"");

        peer.Take().Should().Equal(SystemError("You no longer have permission to read from this Channel topic: room"), Closed);
    }

    [Fact]
    public void A_warm_server_subscribes_in_its_time_and_a_cold_one_in_another()
    {
        var world = new EmulatorWorld(new EmulatorTiming
        {
            SubscribeDelay = EmulatorDelay.Exactly(TimeSpan.FromSeconds(1)),
            ColdStartDelay = EmulatorDelay.Exactly(TimeSpan.FromSeconds(5)),
        });
        world.Emulator.CreateTable("item", static t => t.Column("id", "text").PrimaryKey("id"));
        var (connection, peer) = world.Open();

        SubscribedAfter(TimeSpan.FromSeconds(5));
        SubscribedAfter(TimeSpan.FromSeconds(1));
        world.Emulator.CoolDown();
        SubscribedAfter(TimeSpan.FromSeconds(5));

        void SubscribedAfter(TimeSpan delay)
        {
            connection.Receive(EmulatorWorld.JoinFrame(Item));
            world.World.Advance(delay - TimeSpan.FromMilliseconds(1));
            peer.Take().Should().NotContain(Subscribed);
            world.World.Advance(TimeSpan.FromMilliseconds(1));
            peer.Take().Should().Equal(Subscribed);
        }
    }

    [Fact]
    public void Realistic_times_are_those_of_protocol_md() => EmulatorTiming.Realistic.Should().BeEquivalentTo(new EmulatorTiming
    {
        PollDelay = EmulatorDelay.Milliseconds(100, 500),
        SubscribeDelay = EmulatorDelay.Milliseconds(1, 4),
        ColdStartDelay = EmulatorDelay.Milliseconds(1100, 2400),
        ResubscribeDelay = EmulatorDelay.Milliseconds(1000, 3000),
        SubscribeRetryDelay = EmulatorDelay.Milliseconds(5000, 10_000),
        PublicationCheckInterval = TimeSpan.FromMinutes(1),
        JoinErrorDelay = TimeSpan.FromSeconds(5),
        ConnectErrorDelay = TimeSpan.FromSeconds(2),
        IdleTimeout = TimeSpan.FromMinutes(1),
    });

    [Fact]
    public void A_disposed_emulator_leaves_no_timer()
    {
        var world = new EmulatorWorld(EmulatorTiming.Realistic);
        var (connection, _) = world.Open();
        connection.Receive(EmulatorWorld.JoinFrame(""));
        world.World.RunUntilIdle();
        world.World.Time.ArmedTimers.Should().Be(2, "of the idle socket and of the token");

        world.Emulator.Dispose();
        world.World.RunUntilIdle();

        world.World.Time.ArmedTimers.Should().Be(0);
    }

    private static string SystemError(string message) =>
        $$"""["1",null,"realtime:room","system",{"message":"{{message}}","status":"error","extension":"system","channel":"room"}]""";

    private string Member(string company) => Emulator.IssueToken("u1", claims: new JsonObject { ["companies"] = new JsonArray(company) });

    private void Push(EmulatorConnection connection, string token)
    {
        connection.Receive($$"""["1","5","realtime:room","access_token",{"access_token":{{token}}}]""");
        _world.World.RunUntilIdle();
    }
}
