using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Tests.Emulation;

public sealed class EmulatorConnectTests
{
    private readonly EmulatorWorld _world = new();

    private EmulatorTokens Tokens => _world.Emulator.Tokens;

    public static TheoryData<string, int, string> RefusedTokens => new()
    {
        { "missing", 401, """{"error":"API key is missing"}""" },
        { "garbage", 401, """{"error":"The token provided is not a valid JWT"}""" },
        { "three parts", 500, "Internal Server Error" },
        { "other secret", 401, """{"error":"Failed to validate JWT signature"}""" },
        { "no role", 401, """{"error":"Fields `role` and `exp` are required in JWT"}""" },
        { "no exp", 401, """{"error":"Fields `role` and `exp` are required in JWT"}""" },
        { "other algorithm", 401, """{"error":"Failed to generate JWT signer"}""" },
        { "no number", 401, """{"error":"Token expiration time is invalid"}""" },
        { "expired", 401, """{"error":"Token has expired"}""" },
    };

    [Theory]
    [MemberData(nameof(RefusedTokens))]
    public void Keys_are_refused_with_the_words_of_the_server(string key, int status, string body)
    {
        var token = key switch
        {
            "missing" => "",
            "three parts" => "a.b.c",
            "other secret" => Tokens.Sign(new JsonObject { ["role"] = "anon", ["exp"] = 2208988800 }, "another"),
            "no role" => Tokens.Sign(new JsonObject { ["exp"] = 2208988800 }),
            "no exp" => Tokens.Sign(new JsonObject { ["role"] = "anon" }),
            "other algorithm" => OtherAlgorithm(Tokens.Sign(new JsonObject { ["role"] = "anon", ["exp"] = 2208988800 })),
            "no number" => Tokens.Sign(new JsonObject { ["role"] = "anon", ["exp"] = "never" }),
            "expired" => _world.Emulator.IssueToken("u", expiresIn: TimeSpan.FromSeconds(-1)),
            _ => key,
        };

        Refused($"apikey={token}&vsn=2.0.0").Should().BeEquivalentTo(new { StatusCode = status, Body = body });
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("&vsn=1.0.0", 1)]
    [InlineData("&vsn=2.0.7", 2)]
    [InlineData("&vsn=3.0.0", null)]
    [InlineData("&vsn=2.1.0", null)]
    [InlineData("&vsn=2.0", null)]
    [InlineData("&vsn=two", null)]
    public async Task The_version_chooses_the_form_of_the_frames(string query, int? version)
    {
        if (version is null)
        {
            Refused($"apikey={_world.Emulator.AnonKey}{query}").Should().BeEquivalentTo(new { StatusCode = 403, Body = "" });
            return;
        }

        var connection = await Connect($"apikey={_world.Emulator.AnonKey}{query}");
        connection.Version.Should().Be((EmulatorProtocolVersion)version);
    }

    [Fact]
    public void The_header_wins_over_the_query_and_other_headers_are_not_read()
    {
        Connect("apikey=garbage", KeyValuePair.Create("X-API-Key", _world.Emulator.AnonKey)).IsCompletedSuccessfully.Should().BeTrue();
        Refused("", KeyValuePair.Create("apikey", _world.Emulator.AnonKey), KeyValuePair.Create("Authorization", $"Bearer {_world.Emulator.AnonKey}"))
            .Body.Should().Be("""{"error":"API key is missing"}""");
    }

    [Fact]
    public void A_refused_connect_takes_its_time()
    {
        var world = new EmulatorWorld(EmulatorTiming.Realistic);
        world.Emulator.RefuseConnects(429, """{"error":"Too many connected users"}""");
        var connecting = world.Emulator.ConnectAsync(new EmulatorConnectRequest("/socket/websocket", $"apikey={world.Emulator.AnonKey}", []), new RecordingPeer()).AsTask();

        world.World.Advance(TimeSpan.FromSeconds(1.9));
        connecting.IsCompleted.Should().BeFalse();
        world.World.Advance(TimeSpan.FromSeconds(0.2));

        connecting.Exception!.InnerException.Should().BeOfType<UpgradeRefusedException>().Which.StatusCode.Should().Be(429);
        world.Emulator.AcceptConnects();
        world.Open().Connection.IsOpen.Should().BeTrue();
    }

    [Fact]
    public void A_connect_that_is_given_up_leaves_nothing_behind()
    {
        using var cancellation = new CancellationTokenSource();
        var connecting = _world.Emulator.ConnectAsync(
            new EmulatorConnectRequest("/socket/websocket", $"apikey={_world.Emulator.AnonKey}", []), new RecordingPeer(), cancellation.Token).AsTask();

        cancellation.Cancel();
        _world.World.RunUntilIdle();

        connecting.IsCanceled.Should().BeTrue();
        _world.Emulator.Connections.Should().BeEmpty();
    }

    [Theory]
    [InlineData("/realtime/v1/websocket", "vsn=3.0.0", 403)]
    [InlineData("/nowhere", "vsn=2.0.0", 404)]
    [InlineData("/realtime/v1/websocket", "vsn=2.0.0&apikey=a.b.c", 500)]
    public void What_is_no_decision_about_a_key_is_refused_at_once(string path, string query, int status)
    {
        var world = new EmulatorWorld(EmulatorTiming.Realistic);
        var connecting = world.Emulator.ConnectAsync(new EmulatorConnectRequest(path, query, []), new RecordingPeer()).AsTask();
        world.World.RunUntilIdle();
        connecting.Exception!.InnerException.Should().BeOfType<UpgradeRefusedException>().Which.StatusCode.Should().Be(status);
    }

    private Task<EmulatorConnection> Connect(string query, params KeyValuePair<string, string>[] headers)
    {
        var connecting = _world.Emulator.ConnectAsync(new EmulatorConnectRequest("/realtime/v1/websocket", query, headers), new RecordingPeer()).AsTask();
        connecting.IsCompleted.Should().BeFalse("a connect never completes inside the call");
        _world.World.RunUntilIdle();
        return connecting;
    }

    /// <summary>The token with another algorithm in its header and a signature that is right all the same.</summary>
    private static string OtherAlgorithm(string token)
    {
        var signed = $"{Base64Url.EncodeToString("""{"alg":"HS512","typ":"JWT"}"""u8)}.{token.Split('.')[1]}";
        var secret = Encoding.UTF8.GetBytes(EmulatorOptions.DevelopmentJwtSecret);
        return $"{signed}.{Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(signed)))}";
    }

    private UpgradeRefusedException Refused(string query, params KeyValuePair<string, string>[] headers) =>
        Connect(query, headers).Exception!.InnerException.Should().BeOfType<UpgradeRefusedException>().Subject;
}
