using Carbon.Realtime.Protocol;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Replays;

/// <summary>Scenario 03: the rules of Phoenix. The recorded client breaks most of them on purpose; ours keeps them.</summary>
public sealed class ProtocolReplayTests
{
    /// <summary>The steps are on the same lines in both versions.</summary>
    private static readonly RefusedSteps Refused = new()
    {
        { "a heartbeat before anything is subscribed: our socket opens for a subscription, and beats after its interval", 5 },
        { "a reference that is a number: ours are strings", 8 },
        { "an event that the server does not know", 11, 30 },
        { "a push on a topic that was never joined, or not any more: only joined channels push", 14, 51 },
        { "a topic without realtime:, or without a name: ours is realtime:carbon-group-nonce", 17, 20 },
        { "a push without a join reference, or with an old one: ours carry the current one", 32, 36 },
        { "leaving twice", 48 },
        { "what is not a frame", 57, 59, 60 },
    };

    [Theory]
    [InlineData("03_protocol_v1", ProtocolVersion.V1)]
    [InlineData("03_protocol_v2", ProtocolVersion.V2)]
    public void Joining_leaving_and_the_late_end_of_an_older_join(string scenario, ProtocolVersion version)
    {
        var world = new World(options => options.ProtocolVersion = version);
        var stream = world.Manager.Changes(Recorded.Todos, new ChangeStreamOptions { Group = "empty" });
        var other = world.Manager.Changes(Recorded.Filt, new ChangeStreamOptions { Group = "pres" });
        using var seen = new StreamRecorder<TableChange<long, Todo>>(stream);
        var first = new StreamRecorder<TableChange<int, Filt>>(other);
        var replay = new Replay(world, scenario)
        {
            Topics = ["realtime:empty", "realtime:pres"],
            StandsFor = (recorded, ours) => ours.Topic.StartsWith("realtime:carbon-" + recorded.Topic["realtime:".Length..], StringComparison.Ordinal),
            Beats = true,
        };

        replay.Play(1, 38);

        (stream.Status.State, other.Status.State).Should().Be((RealtimeState.Joining, RealtimeState.Joining), "a join's ok is not the word that changes flow");
        world.Manager.Drops[FrameDropReason.UnknownEvent].Should().Be(3, "broadcasts and presence are nobody's yet");
        var joinOfPres = replay.JoinOf("realtime:pres");

        // Where the recorded client joined the topic a second time, ours joins anew after the channel crashed: on a topic of its own, so the
        // recorded close of the older join, which comes after the new join's ok, ends nothing.
        world.Socket.CloseChannel(joinOfPres, "phx_error");
        replay.Play(39, 42);

        replay.JoinOf("realtime:pres").Topic.Should().NotBe(joinOfPres.Topic);
        other.Status.State.Should().Be(RealtimeState.Recovering, "it crashed, and the server has not said yet that changes flow again");
        world.Manager.Drops[FrameDropReason.UnknownTopic].Should().Be(1, "the close is of a topic that is not joined any more");
        world.Socket.Frames("phx_join").Should().HaveCount(3);

        first.Dispose();
        world.Advance(6);
        replay.Play(43, 52);

        other.Status.State.Should().Be(RealtimeState.Idle);
        world.Socket.Frames("phx_leave").Should().ContainSingle().Which.JoinRef.Should().Be(replay.JoinOf("realtime:pres").JoinRef);

        using var second = new StreamRecorder<TableChange<int, Filt>>(other);
        replay.Play(53, 64);

        other.Status.State.Should().Be(RealtimeState.Joining);
        world.Server.Sockets.Should().ContainSingle();
        world.Socket.Frames("phx_join").Select(join => join.Topic).Should().HaveCount(4).And.OnlyHaveUniqueItems();
        world.Advance(1);
        world.Server.Sockets.Should().ContainSingle("the recorded reply answered our heartbeat");
        Refused.AssertComplete(scenario, replay.Played);
        seen.Items.Should().BeEmpty();
        seen.AssertContract();
        second.AssertContract();
    }
}
