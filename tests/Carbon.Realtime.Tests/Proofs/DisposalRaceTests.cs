using System.Reflection;
using System.Runtime.CompilerServices;
using Carbon.Realtime.Changes;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Proofs;

/// <summary>Races of some instructions between somebody who begins and somebody who disposes, each brought about by force: chance alone would not hit them (docs/reliability.md, "Concurrency").</summary>
public sealed class DisposalRaceTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    private readonly World _world = new();

    [Fact]
    public void A_store_that_is_asked_for_while_its_scope_is_being_disposed_is_not_made()
    {
        var scope = _world.Manager.ForTenant("co_2");
        var gate = Part<Lock>(Part<object>(_world.Manager, "_liveStores"), "_gate");
        Exception? thrown = null;
        var asking = new Thread(() => thrown = Record.Exception(() => scope.Store(Shop.SalesOrders))) { IsBackground = true };

        lock (gate)
        {
            // It has looked whether the scope is disposed, and waits for the stores' lock; the disposal, which is ours, does not.
            asking.Start();
            SpinWait.SpinUntil(() => asking.ThreadState.HasFlag(ThreadState.WaitSleepJoin), Hang).Should().BeTrue();
            scope.Dispose();
        }

        asking.Join(Hang).Should().BeTrue();
        thrown.Should().BeOfType<ObjectDisposedException>("nobody would ever end it");
    }

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
            unobserved.Should().NotContain(e => e.Contains(nameof(NobodyListens)), "other tests' are not ours");
        }
    }

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
}
