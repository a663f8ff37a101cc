using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Connection;

/// <summary>How often an idle client wakes the machine: for its heartbeats and for nothing else (docs/performance.md, "Idle").</summary>
public sealed class IdleTimerTests
{
    private static readonly TimeSpan Heartbeat = new RealtimeOptions().HeartbeatInterval;

    [Fact]
    public void An_hour_of_three_live_streams_has_a_timer_come_due_once_a_heartbeat()
    {
        var world = new World();
        var due = Hour(world);

        due.Should().HaveCount(144);
        due.Zip(due.Skip(1), static (one, next) => next - one).Should().OnlyContain(static wait => wait == Heartbeat);
        world.Socket.Frames("heartbeat").Should().HaveCount(144);
    }

    [Fact]
    public void A_token_that_ends_within_the_hour_is_one_more()
    {
        var tokens = new FakeTokens();
        var world = new World(tokens: tokens);
        tokens.Token = Jwt.Create(world.Env.Time.GetUtcNow().AddMinutes(45));
        tokens.Answer = (request, _) => ValueTask.FromResult<string?>(
            tokens.Token = request.Reason == AccessTokenReason.Expiring ? Jwt.Create(world.Env.Time.GetUtcNow().AddDays(1)) : tokens.Token);
        Hour(world).Should().HaveCount(145);
        tokens.Asked.Should().Equal(AccessTokenReason.Connect, AccessTokenReason.Expiring);
    }

    /// <summary>When timers came due, of an hour that begins with the first beat: by then what follows a join is over.</summary>
    private static List<TimeSpan> Hour(World world)
    {
        IDisposable[] seen =
        [
            world.Manager.Changes(Shop.Todos).Subscribe(static _ => { }),
            world.Manager.Changes(Shop.SalesOrders).Subscribe(static _ => { }),
            world.Manager.Changes(Shop.Employees, new ChangeStreamOptions { Group = "other" }).Subscribe(static _ => { }),
        ];
        world.Join();
        world.Advance(Heartbeat.TotalSeconds - 1);
        world.Socket.Frames("phx_join").Should().HaveCount(2);
        world.Socket.Frames("heartbeat").Should().BeEmpty();

        var due = new List<TimeSpan>();
        var start = world.Env.Time.GetTimestamp();
        world.Env.Time.Advance(TimeSpan.FromHours(1), () =>
        {
            due.Add(world.Env.Time.GetElapsedTime(start));
            world.Run();
        });

        world.Manager.Status.State.Should().Be(RealtimeState.Live);
        world.Env.Time.ArmedTimers.Should().Be(1, "all that is to happen later shares a timer");
        world.Server.Dialed.Should().ContainSingle();
        GC.KeepAlive(seen);
        return due;
    }
}
