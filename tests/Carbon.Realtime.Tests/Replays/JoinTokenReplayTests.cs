using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Replays;

/// <summary>Scenario 11: bad tokens in the join, each on a channel of its own; joins without a token; private channels.</summary>
public sealed class JoinTokenReplayTests
{
    private const string Scenario = "11_join_token_errors";

    private static readonly RefusedSteps Refused = new()
    {
        { "a heartbeat 0.3 s after a join that fails: ours go at their interval, and pending joins buy patience", 7, 13, 19, 25, 31 },
        { "a token that is null or blank: the join then names none", 40, 44 },
        { "an API key as token: the join then names none, which the server takes alike", 47 },
        { "user_token: ours is access_token", 55 },
        { "broadcasts: not this client's yet", 71, 77 },
    };

    [Fact]
    public void An_expired_token_is_refreshed_at_once_and_the_channel_joined_with_the_fresh_one()
    {
        var tokens = new FakeTokens();
        tokens.Answer = (request, _) => new(request.Reason == AccessTokenReason.Rejected ? TokenIn(24) : TokenIn(6));
        var (world, stream, _) = Play("tok1", tokens);

        world.Log.Lines.Should().Contain(line => line.Contains("Token has expired 30 seconds ago", StringComparison.Ordinal));
        stream.Status.Error.Should().BeNull("the recorded token without a role is another user's, who is not told what the first one was refused for");
        tokens.Asked.Should().EndWith(AccessTokenReason.Rejected);
        world.Socket.Frames("phx_join").Select(join => join.AccessToken).Should().Equal(TokenIn(6), TokenIn(24));
    }

    [Theory]
    [InlineData("tok2", 12, "MalformedJWT")]
    [InlineData("tok4", 24, "InvalidJWTToken")]
    [InlineData("tok5", 30, "InvalidJWTToken")]
    public void A_token_that_no_wait_makes_good_is_told_and_not_tried_again_soon(string topic, int line, string code)
    {
        var (world, stream, _) = Play(topic, new FakeTokens { Token = TokenIn(line) });

        stream.Status.State.Should().Be(RealtimeState.Faulted);
        stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.TokenRejected);
        stream.Status.Error.ServerCode.Should().Be(code);
        world.Advance(25);
        world.Socket.Frames("phx_join").Should().ContainSingle();
        world.Server.Sockets.Should().ContainSingle();
    }

    [Fact]
    public void A_wrong_signature_is_tried_once_with_a_fresh_token_and_then_told()
    {
        var tokens = new FakeTokens();
        tokens.Answer = (request, _) => new(request.Reason == AccessTokenReason.Rejected ? TokenIn(24) : TokenIn(18));
        var (world, stream, _) = Play("tok3", tokens);

        world.Socket.Frames("phx_join").Should().HaveCount(2);
        tokens.Asked.Should().EndWith(AccessTokenReason.Rejected);

        world.Socket.RefuseJoin(world.Socket.Join(), "JwtSignatureError: Failed to validate JWT signature");
        world.Run();

        stream.Status.State.Should().Be(RealtimeState.Faulted);
        stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.TokenRejected);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("sb_publishable_xyz")]
    public void Without_a_token_of_its_own_the_channel_is_the_api_keys(string? token)
    {
        var (world, stream, seen) = Play("tok6", token is null ? null : new FakeTokens { Token = token });

        world.Socket.Join().AccessToken.Should().BeNull();
        stream.Status.State.Should().Be(RealtimeState.Live);
        seen.Items.Select(change => change.ToString()).Should().Equal("gap (Started)", "inserted 5015");
        seen.AssertContract();
    }

    [Fact]
    public void A_role_that_the_database_does_not_know_is_the_tokens_fault()
    {
        var (_, stream, _) = Play("tok10", new FakeTokens { Token = TokenIn(51) });

        stream.Status.State.Should().Be(RealtimeState.Faulted);
        stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.TokenRejected);
        stream.Status.Error.Message.Should().Contain("role \"ghost\" does not exist");
    }

    [Theory]
    [InlineData(64, 65)]
    [InlineData(79, 80)]
    public void A_private_channel_without_permission_is_faulted(int first, int last)
    {
        var (_, stream, _, _) = PlayPrivate(first, last);

        stream.Status.State.Should().Be(RealtimeState.Faulted);
        stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.PermissionDenied);
        stream.Status.Error.ServerCode.Should().Be("Unauthorized");
    }

    [Theory]
    [InlineData(67, 73)]
    [InlineData(75, 76)]
    public void A_private_channel_with_permission_is_joined_as_one(int first, int last)
    {
        var (world, stream, _, _) = PlayPrivate(first, last);

        stream.Status.State.Should().Be(RealtimeState.Joining);
        world.Socket.Join().Payload.GetProperty("config").GetProperty("private").GetBoolean().Should().BeTrue();
    }

    [Fact]
    public void Every_recorded_join_is_played_or_listed()
    {
        string[] topics = ["tok1", "tok2", "tok3", "tok4", "tok5", "tok6", "tok10"];
        var played = topics.Select(topic => PlayTopic(topic, new FakeTokens { Token = "a.b.c" }).Played);
        int[][] joins = [[64, 65], [67, 73], [75, 76], [79, 80]];
        var playedPrivate = joins.Select(lines => (IEnumerable<int>)PlayPrivate(lines[0], lines[1]).Played);

        Refused.AssertComplete(Scenario, [[1], .. played, .. playedPrivate]);
    }

    private static (World World, IChangeStream<long, Todo> Stream, StreamRecorder<TableChange<long, Todo>> Seen) Play(string topic, FakeTokens? tokens)
    {
        var (world, stream, seen, _) = PlayTopic(topic, tokens);
        return (world, stream, seen);
    }

    private static (World World, IChangeStream<long, Todo> Stream, StreamRecorder<TableChange<long, Todo>> Seen, IEnumerable<int> Played) PlayTopic(string topic, FakeTokens? tokens)
    {
        var world = new World(options => options.ProtocolVersion = ProtocolVersion.V1, tokens);
        var stream = world.Manager.Changes(Recorded.Todos);
        var seen = new StreamRecorder<TableChange<long, Todo>>(stream);
        var replay = new Replay(world, Scenario) { Topics = ["realtime:" + topic] };

        // Up to where the recorded client has its answer; the inserted row of line 58 is for those that are live.
        var refused = Transcript.Read(Scenario).FirstOrDefault(line =>
            line.Direction == "recv" && RecordedFrame.Parse(line.Bytes) is var frame && frame.Topic == "realtime:" + topic && line.Text.Contains("\"error\"", StringComparison.Ordinal));
        replay.Play(1, refused?.Number ?? 62);
        return (world, stream, seen, replay.Played);
    }

    private static (World World, IChangeStream<long, Todo> Stream, StreamRecorder<TableChange<long, Todo>> Seen, IReadOnlyCollection<int> Played) PlayPrivate(int first, int last)
    {
        var world = new World(
            options =>
            {
                options.ProtocolVersion = ProtocolVersion.V1;
                options.PrivateChannels = true;
            },
            new FakeTokens { Token = TokenIn(first) });
        var stream = world.Manager.Changes(Recorded.Todos);
        var seen = new StreamRecorder<TableChange<long, Todo>>(stream);
        var replay = new Replay(world, Scenario) { StandsFor = static (_, _) => true };
        replay.Play(1, 3);
        replay.Play(first, last);
        return (world, stream, seen, replay.Played);
    }

    private static string TokenIn(int line) =>
        RecordedFrame.Parse(Transcript.Read(Scenario)[line - 1].Bytes).Payload.GetProperty("access_token").GetString()!;
}
