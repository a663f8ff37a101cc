using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Replays;

/// <summary>Scenario 24: a silent client is closed with 1000 after a minute, a reloaded tenant's clients with 1012 after a system message.</summary>
public sealed class ServerCloseReplayTests
{
    private const string Scenario = "24_heartbeat_timeout_and_admin";

    private static readonly RefusedSteps Refused = new()
    {
        { "a socket without channels: ours opens for a subscription and closes after the idle time-out", 7 },
        { "a socket kept open by ping frames alone: that is the transport's, and no substitute for a heartbeat", 10 },
    };

    [Fact]
    public void Our_heartbeat_prevents_the_idle_close_and_an_idle_close_is_a_reconnect_all_the_same()
    {
        var world = CreateWorld();
        var stream = world.Manager.Changes(Recorded.Todos);
        using var seen = new StreamRecorder<TableChange<long, Todo>>(stream);
        using var statuses = new StreamRecorder<RealtimeStatus>(stream.StatusChanges);
        var replay = new Replay(world, Scenario) { Connections = ["idle"], StandsFor = static (_, _) => true };

        replay.Play(1, 12);
        for (var halfMinute = 0; halfMinute < 2; halfMinute++)
        {
            var frames = world.Socket.Sent.Count;
            world.Advance(30);
            world.Socket.Sent.Count.Should().BeGreaterThan(frames, "the server closes after 60 s without a frame");
        }

        world.AutoJoin = true;
        replay.Play(13, 13);
        world.Advance(5);

        statuses.Items.Select(status => status.Error?.ServerCode).Should().Contain("1000", "nothing else says why");
        world.Server.Sockets.Should().HaveCount(2, "1000 is how the idle time-out looks, not a farewell");
        stream.Status.State.Should().Be(RealtimeState.Live);
        seen.Items.Told().Should().Equal("gap (Started)");
        Refused.AssertComplete(Scenario, replay.Played, PlayedByTheOther());
        seen.AssertContract();
        statuses.AssertContract();
    }

    [Fact]
    public void A_tenant_reload_is_a_reconnect_with_a_fresh_token_and_a_gap()
    {
        var tokens = new FakeTokens { Token = "a.b.c" };
        var world = CreateWorld(tokens);
        var stream = world.Manager.Changes(Recorded.Todos);
        using var seen = new StreamRecorder<TableChange<long, Todo>>(stream);
        var replay = new Replay(world, Scenario) { Connections = ["joined"] };

        replay.Play(1, 24);

        stream.Status.State.Should().Be(RealtimeState.Live, "the message before the close ends nothing by itself");
        seen.Items.Told().Should().Equal("gap (Started)");
        var asked = tokens.Asked.Count;

        replay.Play(25, 26);
        world.AutoJoin = true;

        stream.Status.State.Should().Be(RealtimeState.Recovering);
        stream.Status.Error!.ServerCode.Should().Be("1012");
        world.Server.Sockets.Should().ContainSingle("everybody was dropped at once, so nobody returns at once");

        world.Advance(60);

        stream.Status.State.Should().Be(RealtimeState.Live);
        seen.Items.Told().Should().Equal("gap (Started)", "gap (Rejoined)");
        world.Server.Sockets.Should().HaveCount(2);
        tokens.Asked.Should().HaveCountGreaterThan(asked, "the secret may be another one now");
        seen.AssertContract();
    }

    private static IEnumerable<int> PlayedByTheOther()
    {
        var world = CreateWorld();
        using var seen = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Recorded.Todos));
        var replay = new Replay(world, Scenario) { Connections = ["joined"] };
        replay.Play();
        return replay.Played;
    }

    private static World CreateWorld(IAccessTokenProvider? tokens = null) => new(options => options.ProtocolVersion = ProtocolVersion.V1, tokens);
}
