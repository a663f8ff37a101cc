using System.Reflection;
using System.Runtime.CompilerServices;
using Carbon.Realtime.Changes;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Proofs;

/// <summary>Races of some instructions between somebody who begins and somebody who disposes, each brought about by force (docs/reliability.md, "Concurrency").</summary>
public sealed class DisposalRaceTests
{
    private readonly World _world = new();

    [Fact]
    public void A_store_that_comes_to_its_feed_after_the_managers_end_gets_one_that_has_ended()
    {
        var feeds = Part<ChangeFeeds>(_world.Manager, "_feeds");
        _world.Manager.Dispose();
        _world.Advance(3);
        var key = new FeedKey(new object(), "public", "salesOrder", RealtimeFilter.None, null, null, null, _world.Manager.User, ChangeStreamOptions.Default);

        var feed = feeds.Rows(() => key, Shop.SalesOrders, sendsFilter: false);

        feed.Status.Current.State.Should().Be(RealtimeState.Closed, "it would connect anew, and never end");
    }

    [Fact]
    public void A_refresh_that_nobody_waits_for_any_more_fails_without_being_missed()
    {
        var unobserved = new List<string>();
        void OnUnobserved(object? sender, UnobservedTaskExceptionEventArgs e)
        {
            lock (unobserved)
            {
                unobserved.Add($"{e.Exception}");
            }
        }

        TaskScheduler.UnobservedTaskException += OnUnobserved;
        try
        {
            ForgetAFault();
            RefreshAndGiveUp();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= OnUnobserved;
        }

        lock (unobserved)
        {
            unobserved.Should().Contain(e => e.Contains(nameof(NobodyLooks)), "one that is missed would be told by now");
            unobserved.Should().NotContain(e => e.Contains(nameof(NobodyListens)), "other tests' are not ours");
        }
    }

    /// <summary>What becomes of a task that nobody looks at.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ForgetAFault() => new TaskCompletionSource().SetException(new NobodyLooks());

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RefreshAndGiveUp()
    {
        var answer = new TaskCompletionSource<string?>();
        var world = new World(tokens: new FakeTokens { Answer = (_, _) => new ValueTask<string?>(answer.Task) });
        using var cancelling = new CancellationTokenSource();
        var refreshing = world.Manager.RefreshAccessTokenAsync(cancelling.Token);
        world.Run();
        cancelling.Cancel();
        refreshing.IsCanceled.Should().BeTrue();
        answer.SetException(new NobodyListens());
        world.Run();
        world.Log.Lines.Should().ContainSingle(l => l.Contains(nameof(NobodyListens)), "the refresh has failed");
    }

    private static T Part<T>(object owner, string field) =>
        (T)owner.GetType().GetField(field, BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(owner)!;

    private sealed class NobodyListens : Exception;

    private sealed class NobodyLooks : Exception;
}
