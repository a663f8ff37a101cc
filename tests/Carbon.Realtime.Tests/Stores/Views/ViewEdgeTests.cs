using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Stores.Views;

/// <summary>How lists begin and end, and what a batch must not do when its list is gone.</summary>
public sealed class ViewEdgeTests
{
    private static readonly Card A = new("a", 1);
    private static readonly Card B = new("b", 2);

    [Fact]
    public void The_list_of_a_store_that_has_changed_is_made_anew()
    {
        var store = Store(A);
        var view = store.OrderBy();
        view.Current.Should().Equal(A);

        store.Set(B);

        view.Current.Should().Equal(A, B);
        view.Current.Version.Should().Be(store.Current.Version);
    }

    [Fact]
    public void What_a_filter_or_an_order_throws_comes_out_of_the_list_as_it_was_thrown()
    {
        var store = Store(A, B);

        store.Where(static _ => throw new FormatException("mine")).Invoking(v => v.Current).Should().Throw<FormatException>().WithMessage("mine");
        store.OrderBy(static (_, _) => throw new FormatException("mine")).Invoking(v => v.Current)
            .Should().Throw<FormatException>("a sort wraps it, which is nobody's business").WithMessage("mine");
    }

    [Fact]
    public void A_subscription_that_its_filter_has_ended_does_not_keep_the_store()
    {
        var store = Store(A);
        using var sets = new StreamRecorder<StoreViewChangeSet<Card>>(store.Where(static c => c.Rank < 100 ? true : throw new FormatException()).Changes);
        store.Users.Should().Be(1);

        store.Set(new Card("bad", 100));

        sets.Error.Should().BeOfType<FormatException>();
        store.Users.Should().Be(0);
    }

    [Fact]
    public void A_closed_store_completes_its_lists()
    {
        var store = Store(A);
        using var sets = new StreamRecorder<StoreViewChangeSet<Card>>(store.OrderBy().Changes);

        store.Dispose();

        sets.Items[^1].Status.State.Should().Be(StoreState.Closed);
        sets.Items[^1].Snapshot.Should().BeEmpty();
        sets.IsCompleted.Should().BeTrue();
        sets.AssertContract();
    }

    [Fact]
    public void Two_lists_of_one_store_know_nothing_of_each_other()
    {
        var store = Store(A, B);
        using var ascending = new StreamRecorder<StoreViewChangeSet<Card>>(store.OrderBy(Card.ByRank).Changes);
        using var few = new StreamRecorder<StoreViewChangeSet<Card>>(store.Where(static c => c.Rank > 1).OrderBy(static (x, y) => y.Rank - x.Rank).Changes);

        store.Set(new Card("c", 3));
        store.Set(A with { Rank = 9 });
        ascending.Dispose();
        store.Remove("b");

        ascending.Items[^1].Snapshot.Select(static c => c.Id).Should().Equal("b", "c", "a");
        few.Items[^1].Snapshot.Select(static c => c.Id).Should().Equal("a", "c");
        few.Items[^1].Changes.Select(static c => c.ToString()).Should().Equal("Removed 2");
        store.Users.Should().Be(1);
    }

    [Fact]
    public void A_row_that_enters_and_leaves_the_filter_comes_and_goes_at_its_place()
    {
        var store = Store(A, new Card("c", 3));
        using var sets = new StreamRecorder<StoreViewChangeSet<Card>>(store.Where(static c => c.Text != "hidden").OrderBy(Card.ByRank).Changes);

        store.Set(B with { Text = "hidden" });
        store.Set(B);
        store.Set(B with { Text = "hidden" });

        sets.Items.Skip(1).SelectMany(static s => s.Changes).Select(static c => c.ToString()).Should().Equal("Inserted 1", "Removed 1");
    }

    [Fact]
    public void Another_row_of_every_key_after_a_reset_is_shown_although_there_are_as_many()
    {
        var world = new BoundWorld(null, null, A, B);

        world.Store.Reset(A with { Text = "!" }, B);
        world.Settle();

        world.Shown.Should().Be("a1! b2");
        world.Control.Events.Should().Equal("Reset", "Item[]", "Status", "Updated");
    }

    [Fact]
    public void A_row_that_is_replaced_or_moved_leaves_the_count_alone()
    {
        var world = new BoundWorld(null, null, A, B);

        world.Store.Set(A with { Text = "!" });
        world.Settle();
        world.Store.Set(A with { Rank = 9 });
        world.Settle();

        world.Control.Events.Should().Equal(
            "Replace 0", "Item[]", "Status", "Updated", "Replace 0", "Item[]", "Move 0>1", "Item[]", "Status", "Updated");
    }

    [Fact]
    public void A_status_that_comes_back_is_told_again_although_no_row_changed()
    {
        var world = new BoundWorld(null, null, A);

        world.Store.SetStatus(StoreState.Stale);
        world.Settle();
        world.Store.SetStatus(StoreState.Live);
        world.Settle();

        world.List.Status.State.Should().Be(StoreState.Live);
        world.Control.Events.Should().Equal("Status", "Updated", "Status", "Updated");
    }

    [Fact]
    public void A_reset_that_waits_on_the_thread_of_a_list_that_is_gone_leaves_its_rows()
    {
        var world = new BoundWorld(null, new StoreBindingOptions { ResetThreshold = 0 }, A);
        world.Store.Set(B);
        world.Wait(40).Ui.Posts.Should().Be(1);

        world.List.Dispose();
        world.Ui.Run();

        world.Shown.Should().Be("a1");
        world.Control.Events.Should().BeEmpty();
    }

    [Fact]
    public void A_handler_that_disposes_the_list_in_the_middle_of_a_batch_leaves_the_status_before_it()
    {
        var world = new BoundWorld(null, null, A);
        world.Control.OnEvent = e =>
        {
            if (e == "Add 1")
            {
                world.List.Dispose();
            }
        };

        world.Store.Set(B);
        world.Store.SetStatus(StoreState.Stale);
        world.Settle();

        world.Control.Events.Should().Equal("Add 1");
        world.List.Status.State.Should().Be(StoreState.Live, "what it says belongs to the rows that it shows");
    }

    [Fact]
    public void A_store_whose_stream_fails_leaves_the_rows_and_a_list_that_says_why()
    {
        var store = new FakeLiveStore<string, SalesOrder>(static o => o.Id);
        store.Set(new SalesOrder { Id = "a", CompanyId = "co_1" });
        var broken = new Failing();
        var foreign = new Moq.Mock<ILiveStore<string, SalesOrder>>();
        foreign.SetupGet(static s => s.Current).Returns(store.Current);
        foreign.SetupGet(static s => s.Changes).Returns(broken);
        foreign.SetupGet(static s => s.Table).Returns("public.mine");
        var ui = new UiThread();
        using var list = foreign.Object.BindTo(ui);
        var error = new RealtimeException(RealtimeErrorReason.ProtocolViolation, "mine", isTransient: false);

        broken.Observer!.OnError(error);
        ui.Run();

        list.Should().ContainSingle();
        list.Status.State.Should().Be(StoreState.Faulted);
        list.Status.Error.Should().BeSameAs(error);
    }

    private static FakeLiveStore<string, Card> Store(params Card[] cards)
    {
        var store = new FakeLiveStore<string, Card>(static c => c.Id);
        store.Set(cards);
        return store;
    }

    /// <summary>Somebody's stream that ends badly.</summary>
    private sealed class Failing : IObservable<StoreChangeSet<string, SalesOrder>>
    {
        public IObserver<StoreChangeSet<string, SalesOrder>>? Observer { get; private set; }

        public IDisposable Subscribe(IObserver<StoreChangeSet<string, SalesOrder>> observer)
        {
            Observer = observer;
            return System.Reactive.Disposables.Disposable.Empty;
        }
    }
}
