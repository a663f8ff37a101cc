using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Hostile;

/// <summary>Channels and sockets that end at every moment, by every name and code.</summary>
public sealed class HostileCloseTests
{
    /// <summary>How to bring a channel into each of its states; the join is the one that the end is said of.</summary>
    private static readonly Dictionary<string, Func<Target, SentFrame>> ChannelStates = new()
    {
        ["waiting"] = static target =>
        {
            target.Live();
            var join = target.Join;
            target.World.AutoJoin = false;
            target.Socket.CloseChannel(join, "phx_error");
            target.World.Run();
            return join;
        },
        ["joining"] = static target =>
        {
            target.World.AutoJoin = false;
            target.World.Join();
            return target.Join;
        },
        ["joined"] = static target =>
        {
            target.World.AutoSubscribed = false;
            target.World.Join();
            return target.Join;
        },
        ["live"] = static target => target.Live().Join,
        ["degraded"] = static target =>
        {
            target.Live();
            target.Socket.System(target.Join, "postgres_changes", "error", "IncreaseSubscriptionConnectionPool: Too many database timeouts");
            target.World.Run();
            return target.Join;
        },
        ["refused"] = static target =>
        {
            target.World.AutoSubscribed = false;
            target.World.Join();
            var join = target.Join;
            target.Socket.System(join, "postgres_changes", "error", "Error parsing `filter` params: x");
            target.World.Run();
            return join;
        },
    };

    public static TheoryData<string, string> Ends()
    {
        var data = new TheoryData<string, string>();
        foreach (var state in ChannelStates.Keys)
        {
            data.Add(state, "phx_close");
            data.Add(state, "phx_error");
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public void A_channel_that_ends_in_any_state_comes_back_and_its_end_said_again_ends_nothing_more(string state, string name)
    {
        var target = new Target();
        var join = ChannelStates[state](target);
        target.Socket.CloseChannel(join, name);
        target.Socket.CloseChannel(join, name);
        target.Socket.CloseChannel(join, "phx_close");
        target.World.Run();
        target.World.AutoJoin = target.World.AutoSubscribed = true;

        target.AssertUnharmed($"{name} while {state}");
        target.World.Server.Sockets.Should().ContainSingle("the socket is not to blame");
        target.Seen.Items.Count(static change => change is Gap<string, SalesOrder>).Should().BeLessThanOrEqualTo(2, "one episode is one gap");
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public void The_end_of_another_join_ends_nothing_in_any_state(string state, string name)
    {
        var target = new Target();
        var join = ChannelStates[state](target);
        var before = (target.Stream.Status.State, target.Socket.Frames().Count);
        foreach (var other in new[] { "0", "999", "" + join.JoinRef + "0", "\"" })
        {
            target.Socket.CloseChannel(join with { JoinRef = other }, name);
        }

        target.World.Run();
        (target.Stream.Status.State, target.Socket.Frames().Count).Should().Be(before);
        target.World.AutoJoin = target.World.AutoSubscribed = true;
        target.AssertUnharmedAfterTimeouts($"{name} of another join while {state}");
    }

    [Theory]
    [InlineData("phx_close")]
    [InlineData("phx_error")]
    public void The_end_of_a_channel_that_was_left_is_nobodys(string name)
    {
        var world = new World();
        var stream = world.Manager.Changes(Shop.SalesOrders);
        var seen = new StreamRecorder<TableChange<string, SalesOrder>>(stream);
        using var other = new StreamRecorder<TableChange<long, Todo>>(world.Manager.Changes(Shop.Todos, new ChangeStreamOptions { Group = "other" }));
        world.Join();
        var left = world.Socket.Join(0);
        seen.Dispose();
        world.Advance(6);
        world.Socket.CloseChannel(left, name);
        world.Run();
        stream.Status.State.Should().Be(RealtimeState.Idle);
        world.Manager.Status.State.Should().Be(RealtimeState.Live);
        world.Socket.Frames("phx_join").Should().HaveCount(2);
        other.Items.Should().ContainSingle();
    }

    [Fact]
    public void A_socket_that_ends_at_any_moment_with_any_code_is_dialled_again()
    {
        int?[] codes = [null, 1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015, 3000, 4000, 4999, 0, -1, 65535];
        var moments = new Dictionary<string, Action<Target>>
        {
            ["as it opens"] = static target => target.World.Run(),
            ["while a join waits"] = static target =>
            {
                target.World.AutoJoin = false;
                target.World.Join();
            },
            ["between the ok and the word"] = static target =>
            {
                target.World.AutoSubscribed = false;
                target.World.Join();
            },
            ["when live"] = static target => target.Live(),
            ["while the channel waits"] = static target =>
            {
                target.Live();
                target.Socket.CloseChannel(target.Join);
                target.World.Run();
            },
            ["while a heartbeat waits"] = static target =>
            {
                target.Live();
                target.World.AutoHeartbeat = false;
                target.World.Advance(26);
            },
        };
        foreach (var (moment, reach) in moments)
        {
            foreach (var code in codes)
            {
                var target = new Target();
                reach(target);
                target.Socket.CloseFromServer(code, "a reason \ud800 that nobody promised");
                target.Socket.Deliver("[null,null,\"realtime:late\",\"broadcast\",{}]");
                target.World.Run();
                target.World.AutoJoin = target.World.AutoSubscribed = target.World.AutoHeartbeat = true;
                target.Stream.Status.State.Should().NotBe(RealtimeState.Live, $"{code} {moment}");
                target.AssertUnharmed($"{code} {moment}");
                target.World.Server.Sockets.Should().HaveCount(2, $"{code} {moment}");
                target.Seen.Items.Count(static change => change is Gap<string, SalesOrder>).Should().BeLessThanOrEqualTo(2, $"{code} {moment}");
            }
        }
    }

    [Fact]
    public async Task A_socket_that_ends_while_it_is_being_closed_or_after_disposal_is_let_go()
    {
        foreach (int? code in new int?[] { null, 1000, 1012, 4000 })
        {
            var target = new Target().Live();
            target.Socket.AnswersClose = false;
            var disposing = target.World.Manager.DisposeAsync().AsTask();
            target.World.Run();
            target.Socket.CloseFromServer(code);
            target.Socket.CloseFromServer(code);
            target.Socket.Break();
            await target.World.Env.RunAsync(disposing);
            target.World.Advance(600);
            target.World.Server.Dialed.Should().ContainSingle();
            target.Seen.IsCompleted.Should().BeTrue();
            target.Seen.AssertContract();
            target.World.Env.Time.ArmedTimers.Should().Be(0);
        }
    }

    [Fact]
    public void A_server_that_closes_every_socket_at_once_is_dialled_ever_more_rarely()
    {
        var target = new Target();
        target.World.Server.Opened += static socket => socket.CloseFromServer(1011);
        target.World.Advance(3600);
        target.World.Server.Dialed.Count.Should().BeInRange(100, 400, "an hour at half the longest back-off of 30 s is 240 dials");
    }
}
