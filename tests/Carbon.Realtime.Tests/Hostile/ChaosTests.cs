using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Hostile;

/// <summary>Whatever a server, a program and a clock do to the client: afterwards it serves, and it never did what it promises not to do.</summary>
public sealed class ChaosTests
{
    private const int Seeds = 60;
    private const int Steps = 80;

    [Fact]
    public async Task After_any_chaos_every_stream_is_live_again_and_no_promise_was_broken()
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var chaos = new Chaos(seed);
            try
            {
                chaos.Run(Steps);
                chaos.Behave();
                Check(chaos);
                await chaos.World.Env.RunAsync(chaos.World.Manager.DisposeAsync().AsTask());
                chaos.World.Run();
                CheckDisposed(chaos);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException(
                    $"Seed {seed}: {e.Message}\n{string.Join(", ", chaos.Done)}\n"
                    + string.Join('\n', chaos.Followers.Where(static f => !f.IsDisposed).Select(static f => $"{f.Tenant}: {f.Stream.Status} {string.Join("; ", f.Seen.Items.TakeLast(8))}"))
                    + "\n" + string.Join('\n', chaos.World.Log.Lines.TakeLast(30)),
                    e);
            }
        }
    }

    private static void Check(Chaos chaos)
    {
        var live = chaos.Followers.Where(static f => f is { IsDisposed: false, Seen.Error: null }).ToList();
        foreach (var follower in live)
        {
            Require(follower.Stream.Status.State == RealtimeState.Live, "a stream is not live although the server has behaved for ten minutes");
        }

        chaos.InsertEverywhere("fresh");
        foreach (var follower in live)
        {
            Require(follower.Seen.Items.Count(static change => change is Inserted<string, SalesOrder> { Key: "fresh" }) == 1, "a fresh change did not come exactly once");
        }

        var gaps = live.ConvertAll(Gaps);
        if (chaos.World.Server.Sockets.Count > 0 && live.Count > 0)
        {
            chaos.World.Socket.Break();
            chaos.World.Advance(120);
            chaos.InsertEverywhere("after");
        }

        for (var i = 0; i < live.Count; i++)
        {
            Require(Gaps(live[i]) == gaps[i] + 1, "a lost connection was not one gap");
            Require(live[i].Seen.Items[^1] is Inserted<string, SalesOrder> { Key: "after" } && live[i].Seen.Items[^2] is Gap<string, SalesOrder>, "the gap did not come before the change");
        }

        foreach (var follower in chaos.Followers)
        {
            follower.Seen.AssertContract();
            var items = follower.Seen.Items;
            Require(items.Count == 0 || items[0] is Gap<string, SalesOrder> { Reason: GapReason.Started }, "a change came before the first gap");
            Require(items.OfType<Inserted<string, SalesOrder>>().All(change => change.Row.CompanyId == follower.Tenant), "a row of another tenant was delivered");
            Require(
                items.OfType<Inserted<string, SalesOrder>>().Select(static change => change.Key).Distinct().Count() == items.OfType<Inserted<string, SalesOrder>>().Count(),
                "a change came twice");
            Require(follower.Seen.Error is null or RealtimeException { Reason: RealtimeErrorReason.TenantChanged }, "a stream ended");
        }
    }

    private static void CheckDisposed(Chaos chaos)
    {
        Require(chaos.World.Manager.Deadlines.Count == 0 && chaos.World.Env.Time.ArmedTimers == 0, "a timer is left");
        Require(chaos.World.Env.Scheduler.Pending == 0, "work is left");
        Require(chaos.World.Server.Sockets.All(static socket => socket.IsDisposed), "a socket is left");
        foreach (var follower in chaos.Followers.Where(static f => !f.IsDisposed))
        {
            Require(follower.Seen.IsCompleted || follower.Seen.Error is not null, "a stream has not ended");
            follower.Seen.AssertContract();
        }
    }

    private static int Gaps(Follower follower) => follower.Seen.Items.Count(static change => change is Gap<string, SalesOrder>);

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException(what);
        }
    }
}
