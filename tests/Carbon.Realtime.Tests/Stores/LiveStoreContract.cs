using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>What every live store promises its users; the real one and the one for tests run it.</summary>
public abstract class LiveStoreContract
{
    private protected abstract ILiveStore<string, SalesOrder> Store { get; }

    /// <summary>The row is committed and told.</summary>
    protected abstract void Put(string id, string status);

    protected abstract void Remove(string id);

    /// <summary>The connection is lost.</summary>
    protected abstract void Interrupt();

    protected abstract void Close();

    /// <summary>Nothing is left to do.</summary>
    protected abstract void Run();

    [Fact]
    public void The_first_change_set_is_a_reset_with_all_rows()
    {
        Put("a", "new");
        using var sets = Record();

        sets.Items.Should().ContainSingle().Which.IsReset.Should().BeTrue();
        sets.Items[0].Changes.Should().BeEmpty();
        sets.Items[0].Snapshot.Keys.Should().Equal("a");
        sets.Items[0].Status.IsLive.Should().BeTrue();
    }

    [Fact]
    public void Statuses_are_told_when_they_say_something_else_and_end_with_the_store()
    {
        using var statuses = new StreamRecorder<StoreStatus>(Store.StatusChanges);
        Run();
        Put("a", "new");
        Put("b", "new");
        statuses.Items.Should().OnlyContain(s => s.IsLive);

        Interrupt();
        Close();
        statuses.Items.Select(s => s.State).Distinct().Should().HaveCountGreaterThan(2);
        statuses.Items[^1].State.Should().Be(StoreState.Closed);
        statuses.IsCompleted.Should().BeTrue();
    }

    [Fact]
    public void Change_sets_lead_from_one_snapshot_to_the_next_and_versions_grow()
    {
        Put("a", "new");
        using var sets = Record();
        Put("b", "new");
        Put("a", "done");
        Put("c", "new");
        Remove("b");
        Put("b", "again");
        Interrupt();

        sets.Items.Select(s => s.Snapshot.Version).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        var copy = new Dictionary<string, SalesOrder>();
        foreach (var set in sets.Items)
        {
            if (set.IsReset)
            {
                copy = set.Snapshot.ToDictionary();
            }

            foreach (var change in set.Changes)
            {
                (change.Kind != StoreChangeKind.Added).Should().Be(copy.ContainsKey(change.Key));
                change.Previous.Should().Be(copy.GetValueOrDefault(change.Key));
                copy.Remove(change.Key);
                if (change.Kind != StoreChangeKind.Removed)
                {
                    copy.Add(change.Key, change.Current!);
                }
            }

            copy.Should().BeEquivalentTo(set.Snapshot.ToDictionary());
        }

        sets.Items.Skip(1).Should().OnlyContain(s => !s.IsReset);
        copy.Values.Select(o => $"{o.Id}={o.Status}").Order().Should().Equal("a=done", "b=again", "c=new");
    }

    [Fact]
    public void An_equal_row_tells_nothing()
    {
        Put("a", "new");
        using var sets = Record();

        Put("a", "new");

        sets.Items.SelectMany(s => s.Changes).Should().BeEmpty();
    }

    [Fact]
    public void A_snapshot_is_of_its_moment_and_Current_of_this_one()
    {
        Put("a", "new");
        var before = Store.Current;

        Put("a", "done");
        Put("b", "new");

        before["a"].Status.Should().Be("new");
        before.Count.Should().Be(1);
        Store.Current.Version.Should().BeGreaterThan(before.Version);
        Store.TryGet("a", out var row).Should().BeTrue();
        row!.Status.Should().Be("done");
        Store.TryGet("x", out _).Should().BeFalse();
        Store.Status.Should().BeSameAs(Store.Current.Status);
    }

    [Fact]
    public void An_interruption_is_a_status_and_takes_no_row()
    {
        Put("a", "new");
        using var sets = Record();

        Interrupt();

        Store.Status.IsLive.Should().BeFalse();
        sets.Items[^1].Status.IsLive.Should().BeFalse();
        sets.Items[^1].Snapshot.Count.Should().Be(1);
        Store.WhenLiveAsync().IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task Who_waits_for_a_live_store_that_is_live_does_not_wait()
    {
        Put("a", "new");
        Run();

        await Store.WhenLiveAsync();
        using var cancelled = new CancellationTokenSource();
        Interrupt();
        var wait = Store.WhenLiveAsync(cancelled.Token);
        await cancelled.CancelAsync();
        await wait.Awaiting(w => w).Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public void Who_unsubscribes_is_told_nothing_more()
    {
        var sets = Record();
        var before = sets.Count;
        sets.Dispose();

        Put("a", "new");

        sets.Count.Should().Be(before);
    }

    [Fact]
    public async Task Watching_skips_to_the_newest_and_ends_with_the_store()
    {
        Put("a", "new");
        await using var watch = Store.WatchAsync().GetAsyncEnumerator();
        (await watch.MoveNextAsync()).Should().BeTrue();
        watch.Current.Keys.Should().Equal("a");

        Put("b", "new");
        Put("c", "new");
        (await watch.MoveNextAsync()).Should().BeTrue();
        watch.Current.Count.Should().Be(3);

        Close();
        (await watch.MoveNextAsync()).Should().BeTrue();
        watch.Current.Status.State.Should().Be(StoreState.Closed);
        (await watch.MoveNextAsync()).Should().BeFalse();
    }

    [Fact]
    public async Task A_closed_store_is_empty_says_so_and_ends_its_streams()
    {
        Put("a", "new");
        using var sets = Record();
        Interrupt();
        var wait = Store.WhenLiveAsync();

        Close();
        Run();

        sets.Items[^1].IsReset.Should().BeTrue();
        sets.Items[^1].Snapshot.Should().BeEmpty();
        sets.Items[^1].Status.State.Should().Be(StoreState.Closed);
        sets.IsCompleted.Should().BeTrue();
        Store.Invoking(s => s.Start()).Should().Throw<ObjectDisposedException>();
        await wait.WaitAsync(TimeSpan.FromSeconds(20)).Awaiting(w => w).Should().ThrowAsync<ObjectDisposedException>();
        using var late = Record();
        late.Items.Should().ContainSingle().Which.Status.State.Should().Be(StoreState.Closed);
        late.IsCompleted.Should().BeTrue();
    }

    private StreamRecorder<StoreChangeSet<string, SalesOrder>> Record()
    {
        var sets = new StreamRecorder<StoreChangeSet<string, SalesOrder>>(Store.Changes);
        Run();
        return sets;
    }
}

public sealed class RealLiveStoreContractTests : LiveStoreContract
{
    private readonly StoreWorld _world = new StoreWorld().Live();

    private protected override ILiveStore<string, SalesOrder> Store => _world.Store;

    protected override void Put(string id, string status)
    {
        var isNew = !_world.Store.Current.ContainsKey(id);
        _world.Write(id, status);
        if (isNew)
        {
            _world.TellInsert(id, status);
        }
        else
        {
            _world.TellUpdate(id, status);
        }
    }

    protected override void Remove(string id)
    {
        _world.Erase(id);
        _world.TellDelete(id);
    }

    protected override void Interrupt()
    {
        _world.Socket.Break();
        Run();
    }

    protected override void Close()
    {
        _world.World.Manager.Dispose();
        Run();
    }

    protected override void Run() => _world.World.Run();
}

public sealed class FakeLiveStoreContractTests : LiveStoreContract
{
    private readonly FakeLiveStore<string, SalesOrder> _store = new(o => o.Id);

    private protected override ILiveStore<string, SalesOrder> Store => _store;

    protected override void Put(string id, string status) => _store.Set(new SalesOrder { Id = id, CompanyId = "co_1", Status = status });

    protected override void Remove(string id) => _store.Remove(id);

    protected override void Interrupt() => _store.SetStatus(StoreState.Stale, StoreReason.Epoch);

    protected override void Close() => _store.Dispose();

    protected override void Run()
    {
    }
}
