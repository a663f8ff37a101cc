using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>What a test's own code throws, and what clients send that is no frame, no token or no close: the emulator goes on.</summary>
public sealed class EmulatorSafetyTests
{
    private const string Item = """{"event":"*","schema":"public","table":"item"}""";
    private const string Heartbeat = """[null,"9","phoenix","heartbeat",{}]""";
    private const string HeartbeatAnswer = """[null,"9","phoenix","phx_reply",{"status":"ok","response":{}}]""";

    private readonly EmulatorWorld _world = new();
    private bool _isPolicyBroken;

    public EmulatorSafetyTests() => Emulator.CreateTable("item", t => t.Column("id", "text").Column("title", "text").PrimaryKey("id")
        .RowLevelSecurity((_, row) => _isPolicyBroken && row.Text("id") == "2" ? throw new FormatException("mine") : true));

    private RealtimeEmulator Emulator => _world.Emulator;

    [Fact]
    public void A_policy_that_throws_breaks_the_poll_for_everybody_and_not_the_next_one()
    {
        var (_, peer) = _world.Join(Item, Emulator.IssueToken("u1"));
        _isPolicyBroken = true;
        Emulator.Transaction(static t =>
        {
            t.Insert("item", """{"id":"1"}""");
            t.Insert("item", """{"id":"2"}""");
        });
        _world.Changes(peer).Should().BeEmpty("a poll that breaks reaches nobody, its first change neither");
        Emulator.LastFault.Should().BeOfType<FormatException>();

        _isPolicyBroken = false;
        Emulator.Insert("item", """{"id":"3"}""");
        _world.Changes(peer).Should().ContainSingle().Which.Should().Contain("\"3\"");
    }

    [Fact]
    public void A_store_shows_the_misspelt_column_of_a_policy()
    {
        var world = new ManualEnvironment();
        using var emulator = new RealtimeEmulator(new EmulatorOptions { Environment = world.Environment });
        emulator.CreateTable("todos", static t => t.Column("id", "int8").Column("title", "text").Column("done", "bool").PrimaryKey("id")
            .RowLevelSecurity(static (_, row) => row.Text("titel") == "mine"));
        emulator.Insert("todos", """{"id":1}""");
        using var realtime = new RealtimeChannelManager(
            new RealtimeOptions { Url = emulator.ProjectUrl, ApiKey = emulator.AnonKey, AllowInsecureTransport = true },
            new RealtimeDependencies { Environment = world.Environment, SocketFactory = emulator.CreateSocketFactory(), HttpMessageHandler = emulator.CreateHttpHandler });
        var todos = realtime.Store(Support.Shop.Todos);
        using var use = todos.Start();

        world.Advance(TimeSpan.FromSeconds(1));

        todos.Status.State.Should().Be(StoreState.Faulted, "no wait and no network cures it");
        todos.Status.ToString().Should().Contain("The table todos has no column titel; it has id, title, done.");
    }

    [Fact]
    public void Who_decides_about_private_channels_may_throw()
    {
        Emulator.PrivateChannels = static (_, _) => throw new FormatException("mine");
        var (connection, peer) = _world.Open();

        connection.Receive("""["1","1","realtime:room","phx_join",{"config":{"private":true}}]""");
        connection.Receive(Heartbeat);
        _world.World.RunUntilIdle();

        peer.Take().Should().Equal(HeartbeatAnswer);
        Emulator.LastFault.Should().BeOfType<FormatException>();
    }

    [Fact]
    public void A_pattern_that_would_take_ages_by_trying_is_judged_at_once()
    {
        var (_, peer) = _world.Join("""{"event":"*","schema":"public","table":"item","filter":"title=match.^(a+)+$"}""");

        Emulator.Insert("item", $$"""{"id":"1","title":"{{new string('a', 40)}}!"}""");
        Emulator.Insert("item", """{"id":"3","title":"aa"}""");

        _world.Changes(peer).Should().ContainSingle().Which.Should().Contain("aa");
        Emulator.LastFault.Should().BeNull();
    }

    [Fact]
    public async Task A_pattern_that_looks_back_has_a_second_and_no_more()
    {
        const string Pattern = """^(a+)+\1b$""";
        var (_, peer) = _world.Join($$"""{"event":"*","schema":"public","table":"item","filter":"title=match.{{Pattern.Replace("\\", "\\\\")}}"}""");
        Emulator.Insert("item", $$"""{"id":"1","title":"{{new string('a', 60)}}!"}""");
        _world.Changes(peer).Should().BeEmpty();
        Emulator.LastFault.Should().BeOfType<RegexMatchTimeoutException>();
        Emulator.Insert("item", """{"id":"3","title":"aab"}""");
        _world.Changes(peer).Should().ContainSingle("the poll broke, and the next one is made");

        var reads = new RestWorld();
        reads.Emulator.CreateTable("item", static t => t.Column("id", "text").PrimaryKey("id"));
        reads.Emulator.Insert("item", $$"""{"id":"{{new string('a', 60)}}!"}""");
        (await reads.ReadAsync("item?id=match." + Uri.EscapeDataString(Pattern))).Refusal.Should().Be((500, "57014"));
    }

    [Theory]
    [InlineData("""{"alg":"\ud800"}""", "{}")]
    [InlineData("""{"alg":"HS256","\udc00":1}""", "{}")]
    [InlineData("""{"alg":"HS256"}""", """{"role":"\ud800"}""")]
    public async Task A_token_whose_texts_are_none_is_refused_like_any_other(string header, string payload)
    {
        var token = $"{Encode(header)}.{Encode(payload)}.x";
        var world = new RestWorld();
        (await world.ReadAsync("item", null, "GET", ("apikey", token))).Status.Should().Be(401);
        (await world.ReadAsync("item", token)).Refusal.Should().Be((401, "PGRST301"));

        var connecting = Emulator.ConnectAsync(new EmulatorConnectRequest("/socket/websocket", $"apikey={token}", []), new RecordingPeer()).AsTask();
        _world.World.RunUntilIdle();
        connecting.Exception!.InnerException.Should().BeOfType<UpgradeRefusedException>().Which.StatusCode.Should().Be(500);
    }

    [Theory]
    [InlineData("""["2","2","realtime:\ud800","phx_join",{}]""")]
    [InlineData("""["2","2","realtime:b","phx_join",{"config":{"postgres_changes":[{"table":"\udfff"}]}}]""")]
    [InlineData("""["2","2","realtime:b","phx_join",{"\ud800":1}]""")]
    public void A_frame_with_half_a_character_is_dropped_also_while_a_failing_join_holds_it_up(string frame)
    {
        var world = new EmulatorWorld(new EmulatorTiming { JoinErrorDelay = TimeSpan.FromSeconds(5) });
        var (connection, peer) = world.Open();
        world.Emulator.Faults.FailJoins(1, EmulatorJoinFault.Restarting);
        connection.Receive(EmulatorWorld.JoinFrame(""));
        connection.Receive(frame);
        connection.Receive(Heartbeat);
        world.World.Advance(TimeSpan.FromSeconds(5));

        peer.Take().Should().HaveCount(2).And.Contain(HeartbeatAnswer);
        connection.IsOpen.Should().BeTrue();
        world.Emulator.LastFault.Should().BeNull();
    }

    [Fact]
    public void A_frame_that_is_no_utf8_is_dropped()
    {
        var (connection, peer) = _world.Open();

        connection.Receive([.. """["2","2","realtime:"""u8, 0xED, 0xA0, 0x80, .. "\",\"phx_join\",{}]"u8]);
        connection.Receive(Heartbeat);
        _world.World.RunUntilIdle();

        peer.Take().Should().Equal(HeartbeatAnswer);
    }

    [Theory]
    [InlineData(999)]
    [InlineData(1005)]
    [InlineData(1006)]
    [InlineData(1015)]
    [InlineData(5000)]
    public void A_code_that_no_close_frame_has_is_refused_and_nobody_is_closed(int code)
    {
        var (connection, _) = _world.Open();

        FluentActions.Invoking(() => Emulator.DropConnections(code)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => connection.Close(code, "")).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => EmulatorJoinFault.Crashed.ThenClose(code)).Should().Throw<ArgumentOutOfRangeException>();

        connection.IsOpen.Should().BeTrue();
    }

    [Fact]
    public void A_reason_that_no_close_frame_holds_is_refused()
    {
        var (connection, peer) = _world.Open();
        FluentActions.Invoking(() => Emulator.DropConnections(1012, new string('é', 62))).Should().Throw<ArgumentException>().WithMessage("*123*");
        connection.IsOpen.Should().BeTrue();

        Emulator.DropConnections(4999, new string('x', 123));
        _world.World.RunUntilIdle();
        peer.Closed!.Value.Code.Should().Be(4999);
    }

    [Fact]
    public void Large_frames_are_not_remembered_by_the_ten_thousand()
    {
        var (connection, _) = _world.Open();
        var large = $$"""[null,"1","phoenix","heartbeat",{"pad":"{{new string('x', 4_000_000)}}"}]""";
        for (var i = 0; i < 6; i++)
        {
            connection.Receive(large);
        }

        connection.Receive(Heartbeat);

        connection.ReceivedFrames.Should().HaveCount(5, "together they have at most 16 Mi characters");
        connection.ReceivedFrames[^1].Should().Be(Heartbeat);
    }

    [Fact]
    public void A_binary_broadcast_comes_as_one_and_as_an_object_on_version_1()
    {
        var (sender, own) = Join("2.0.0", """{"broadcast":{"ack":true,"self":true}}""");
        var (_, other) = Join("2.0.0", "{}");
        var (_, old) = Join("1.0.0", "{}");

        sender.ReceiveBinary([3, 1, 2, 13, 2, 0, 1, .. "713realtime:roomev"u8, .. """{"json":true}"""u8]);
        _world.World.RunUntilIdle();

        var expected = Convert.ToHexString([4, 13, 2, 0, 1, .. "realtime:roomev"u8, .. """{"json":true}"""u8]);
        own.Take().Should().Equal(expected, """["1","13","realtime:room","phx_reply",{"status":"ok","response":{}}]""");
        other.Take().Should().Equal(expected);
        JsonNode.Parse(old.Take().Single())!["payload"]!.ToJsonString().Should().Be("""{"event":"ev","payload":{"json":true},"type":"broadcast"}""");
    }

    [Fact]
    public void Bytes_that_are_no_json_are_broadcast_on_version_2_only_and_what_is_malformed_is_dropped()
    {
        var (sender, _) = Join("2.0.0", "{}");
        var (_, other) = Join("2.0.0", "{}");
        var (old, oldPeer) = Join("1.0.0", "{}");

        sender.ReceiveBinary([3, 1, 2, 13, 2, 0, 0, .. "714realtime:roomev"u8, 0, 1, 2, 255]);
        foreach (var malformed in (byte[][])[[], [3, 1, 2], [3, 1, 2, 200, 2, 0, 1, 1], [2, 0, 0, 0, 0, 0, 0], [3, 0, 0, 13, 2, 0, 1, .. "realtime:roomev{"u8]])
        {
            sender.ReceiveBinary(malformed);
        }

        old.ReceiveBinary([3, 1, 2, 13, 2, 0, 0, .. "714realtime:roomev"u8, 1]);
        _world.World.RunUntilIdle();

        other.Take().Should().Equal(Convert.ToHexString([4, 13, 2, 0, 0, .. "realtime:roomev"u8, 0, 1, 2, 255]));
        oldPeer.Take().Should().BeEmpty();
    }

    [Fact]
    public void Wire_faults_hit_binary_frames_too_and_huge_frames_have_the_sockets_form()
    {
        var (_, binary) = Join("2.0.0", "{}");
        Emulator.Faults.Wire = new WireFaults { Cut = 1, Fragment = 1, FragmentBytes = 3 };
        Emulator.SendBroadcast("room", "e", """{"a":1}""", isPrivate: false);
        _world.World.RunUntilIdle();
        binary.Frames.Should().ContainSingle().Which.Should().NotEndWith("7D", "the brace at its end is cut off");
        binary.Fragments.Should().Equal(3);

        var (old, oldPeer) = Join("1.0.0", "{}");
        Emulator.Faults.Wire = new WireFaults { Huge = 1, HugeBytes = 200 };
        old.Receive("""{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"9"}""");
        _world.World.RunUntilIdle();
        oldPeer.Frames.Should().HaveCount(2);
        oldPeer.Frames[0].Length.Should().Be(200);
        JsonNode.Parse(oldPeer.Frames[0])!["topic"]!.ToString().Should().Be("realtime:huge", "version 1 has objects");
    }

    private static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));

    private (EmulatorConnection Connection, RecordingPeer Peer) Join(string version, string config)
    {
        var (connection, peer) = _world.Open(version);
        connection.Receive(version == "2.0.0"
            ? $$"""["1","1","realtime:room","phx_join",{"config":{{config}}}]"""
            : $$"""{"topic":"realtime:room","event":"phx_join","payload":{"config":{{config}}},"ref":"1","join_ref":"1"}""");
        _world.World.RunUntilIdle();
        peer.Take().Should().NotBeEmpty();
        return (connection, peer);
    }
}
