using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Replays;

/// <summary>Scenario 00: the server says <c>ok</c> and <c>Subscribed</c>, and never sends a change.</summary>
public sealed class SilentReplayTests
{
    private const string Scenario = "00_subscribed_ok_but_slot_creation_fails";

    private static readonly RefusedSteps Refused = new();

    [Fact]
    public void A_server_that_lies_about_being_subscribed_cannot_be_told_from_a_quiet_one()
    {
        // Why whoever holds rows has to read them again from time to time: nothing on the socket ever says that changes do not flow
        // (docs/protocol.md, "Silent loss"). The client neither invents a gap nor drops a connection that may be just quiet.
        var world = new World(options => options.ProtocolVersion = ProtocolVersion.V1);
        var stream = world.Manager.Changes(Recorded.Todos);
        using var seen = new StreamRecorder<TableChange<long, Todo>>(stream);
        var replay = new Replay(world, Scenario);

        replay.Play();
        world.Advance(3600);

        stream.Status.State.Should().Be(RealtimeState.Live);
        stream.Status.Error.Should().BeNull();
        seen.Items.Told().Should().Equal("gap (Started)");
        world.Server.Sockets.Should().ContainSingle();
        world.Socket.Frames().Select(frame => frame.Event).Distinct().Should().Equal("phx_join", "heartbeat");
        world.Log.Lines.Should().NotContain(line => line.StartsWith("Error", StringComparison.Ordinal));
        Refused.AssertComplete(Scenario, replay.Played);
        seen.AssertContract();
    }
}
