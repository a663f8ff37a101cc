using Carbon.Realtime.Protocol;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Replays;

/// <summary>Scenario 15: nothing is replayed after a drop; what was committed just before a quick reconnect can arrive on it.</summary>
public sealed class ReconnectReplayTests
{
    [Fact]
    public void Every_reconnect_is_a_gap_before_its_first_change_and_no_change_comes_twice()
    {
        var world = new World(options =>
        {
            options.ProtocolVersion = ProtocolVersion.V1;
            options.ReconnectDelayMax = options.ReconnectDelayMin;
        });
        var stream = world.Manager.Changes(Recorded.Todos);
        using var seen = new StreamRecorder<TableChange<long, Todo>>(stream);
        using var statuses = new StreamRecorder<RealtimeStatus>(stream.StatusChanges);

        var replay = new Replay(world, "15_reconnect_no_replay") { Connections = ["first", "second", "third"] };
        replay.Play(1, 35);
        replay.Deliver(26); // r2, committed just before the quick reconnect, comes on the new join as well
        replay.Play(36, int.MaxValue);

        seen.Items.Told().Should().Equal(
            "gap (Started)",
            "inserted 5392 (5392 r1 False    10:56:48.674039) at 10:56:48.674Z",
            "gap (Rejoined)",
            "inserted 5395 (5395 r2 False    10:56:53.910867) at 10:56:53.911Z",
            "gap (Rejoined)",
            "inserted 5396 (5396 q1 False    10:56:55.271780) at 10:56:55.272Z");
        world.Manager.Drops[FrameDropReason.Duplicate].Should().Be(1);
        world.Server.Sockets.Should().HaveCount(3);
        world.Server.Sockets.SelectMany(socket => socket.Frames("phx_join")).Select(join => join.Topic).Should().OnlyHaveUniqueItems("a late frame must find no channel");
        statuses.Items.Select(status => status.State).Should().ContainInOrder(
            RealtimeState.Live, RealtimeState.Recovering, RealtimeState.Live, RealtimeState.Recovering, RealtimeState.Live);
        seen.Error.Should().BeNull("a lost connection is no error");
        seen.AssertContract();
        statuses.AssertContract();
    }

    [Fact]
    public void A_change_of_the_connection_before_finds_no_channel()
    {
        var world = new World(options => options.ProtocolVersion = ProtocolVersion.V1);
        using var seen = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Recorded.Todos));
        var replay = new Replay(world, "15_reconnect_no_replay") { Connections = ["first", "second"] };
        replay.Play(1, 14);
        var before = replay.JoinOf("realtime:rec");
        replay.Play(15, 24);

        world.Socket.Insert(before, "todos", """{"id": 1}""", 68883293);
        world.Run();

        seen.Items.Told().Should().HaveCount(3).And.EndWith("gap (Rejoined)");
        world.Manager.Drops[FrameDropReason.UnknownTopic].Should().Be(1);
        seen.AssertContract();
    }
}
