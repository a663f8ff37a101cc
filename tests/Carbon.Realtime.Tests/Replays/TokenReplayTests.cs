using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Replays;

/// <summary>Scenario 13: a token that lives for eight seconds, with the recorded tokens at the recorded times.</summary>
public sealed class TokenReplayTests
{
    private const string Scenario = "13_token_expiry";
    private const string Tick6 = "inserted 8 (8 tick 6) at 10:55:17.444Z";
    private const string Tick10 = "inserted 9 (9 tick 10) at 10:55:21.450Z";
    private static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeMilliseconds(1795344910401);
    private static readonly string EightSeconds = TokenOf(line: 6);
    private static readonly string OneHour = TokenOf(line: 26);
    private static readonly string TenMinutes = TokenOf(line: 48);

    [Fact]
    public void A_refreshed_token_is_pushed_and_the_channel_survives_without_a_gap()
    {
        var tokens = new ScriptedTokens(reason => reason == AccessTokenReason.Expiring ? OneHour : EightSeconds);
        var world = CreateWorld(tokens);
        using var seen = new StreamRecorder<TableChange<long, Note>>(world.Manager.Changes(Recorded.Notes));
        var replay = new Replay(world, Scenario) { Connections = ["refreshes"] };

        replay.Play();

        seen.Items.Told().Should().Equal("gap (Started)", Tick6, Tick10);
        var join = world.Socket.Frames("phx_join").Should().ContainSingle().Subject;
        join.AccessToken.Should().Be(EightSeconds);
        var push = world.Socket.Frames("access_token").Should().ContainSingle().Subject;
        (push.JoinRef, push.Topic, push.AccessToken).Should().Be((join.JoinRef, join.Topic, OneHour));
        tokens.Asked.Should().Equal(AccessTokenReason.Connect, AccessTokenReason.Expiring);
        seen.AssertContract();
    }

    [Fact]
    public void The_same_repeated_ok_without_a_push_of_ours_is_a_gap()
    {
        var world = CreateWorld(tokens: null);
        using var seen = new StreamRecorder<TableChange<long, Note>>(world.Manager.Changes(Recorded.Notes));

        new Replay(world, Scenario) { Connections = ["refreshes"] }.Play();

        seen.Items.Told().Should().Equal("gap (Started)", "gap (Resubscribed)", Tick6, Tick10);
        seen.AssertContract();
    }

    [Fact]
    public void An_expired_token_ends_the_channel_and_a_fresh_one_brings_it_back()
    {
        var tokens = new ScriptedTokens(reason => reason == AccessTokenReason.Rejected ? TenMinutes : EightSeconds);
        var world = CreateWorld(tokens);
        var stream = world.Manager.Changes(Recorded.Notes);
        using var seen = new StreamRecorder<TableChange<long, Note>>(stream);
        var replay = new Replay(world, Scenario) { Connections = ["expires"], Topics = ["realtime:exp"] };

        replay.Play(1, 33);

        seen.Items.Told().Should().Equal("gap (Started)", Tick6);
        tokens.Asked.Should().StartWith(AccessTokenReason.Connect).And.EndWith(AccessTokenReason.Rejected);
        stream.Status.State.Should().Be(RealtimeState.Recovering);
        stream.Status.Error!.Reason.Should().Be(RealtimeErrorReason.TokenExpired);
        world.Socket.Frames("phx_join").Select(join => join.AccessToken).Should().Equal(EightSeconds, TenMinutes);
        world.Socket.Frames("phx_leave").Should().BeEmpty("the server has ended it already");

        replay.Play(48, 50);
        replay.Deliver(line: 39);

        seen.Items.Told().Should().Equal("gap (Started)", Tick6, "gap (Rejoined)", Tick10);
        stream.Status.State.Should().Be(RealtimeState.Live);
        world.Server.Sockets.Should().ContainSingle("the socket outlives the token");
        seen.AssertContract();
    }

    [Fact]
    public void A_provider_that_has_nothing_fresher_at_first_is_asked_again_after_the_refusal()
    {
        var refusals = 0;
        var tokens = new ScriptedTokens(reason =>
        {
            refusals += reason == AccessTokenReason.Rejected ? 1 : 0;
            return refusals > 1 ? TenMinutes : EightSeconds;
        });
        var world = CreateWorld(tokens);
        using var seen = new StreamRecorder<TableChange<long, Note>>(world.Manager.Changes(Recorded.Notes));
        var replay = new Replay(world, Scenario) { Connections = ["expires"], Topics = ["realtime:exp"] };

        replay.Play();
        replay.Deliver(line: 39);

        // The recorded join with the expired token was refused after the server's five seconds; the one after it was not.
        world.Socket.Frames("phx_join").Select(join => join.AccessToken).Should().Equal(EightSeconds, EightSeconds, TenMinutes);
        seen.Items.Told().Should().Equal("gap (Started)", Tick6, "gap (Rejoined)", Tick10);
        refusals.Should().Be(2);
        seen.AssertContract();
    }

    [Fact]
    public void No_recorded_token_is_told_to_the_log()
    {
        var world = CreateWorld(new ScriptedTokens(reason => reason == AccessTokenReason.Rejected ? TenMinutes : EightSeconds));
        using var seen = new StreamRecorder<TableChange<long, Note>>(world.Manager.Changes(Recorded.Notes));

        new Replay(world, Scenario) { Connections = ["expires"], Topics = ["realtime:exp"] }.Play();

        world.Log.Lines.Should().NotBeEmpty()
            .And.NotContain(line => line.Contains(EightSeconds, StringComparison.Ordinal) || line.Contains(TenMinutes, StringComparison.Ordinal));
        seen.AssertContract();
    }

    private static World CreateWorld(IAccessTokenProvider? tokens)
    {
        var world = new World(options => options.ProtocolVersion = ProtocolVersion.V1, tokens);
        world.Env.Time.StepWallClock(Start - world.Env.Time.GetUtcNow());
        return world;
    }

    private static string TokenOf(int line) =>
        RecordedFrame.Parse(Transcript.Read(Scenario)[line - 1].Bytes).Payload.GetProperty("access_token").GetString()!;

    private sealed class ScriptedTokens(Func<AccessTokenReason, string> answer) : IAccessTokenProvider
    {
        public List<AccessTokenReason> Asked { get; } = [];

        public ValueTask<string?> GetAccessTokenAsync(AccessTokenRequest request, CancellationToken cancellationToken)
        {
            Asked.Add(request.Reason);
            return ValueTask.FromResult<string?>(answer(request.Reason));
        }
    }
}
