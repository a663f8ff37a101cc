using System.Text.Json;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;
using FsCheck;
using FsCheck.Fluent;

namespace Carbon.Realtime.Tests.Stores.Views;

public sealed class StoreViewTests
{
    [Fact]
    public void A_view_is_the_stores_rows_that_pass_all_filters_in_the_last_order()
    {
        var store = Store(new("a", 3), new("b", 1), new("c", 2), new("d", 9));

        var view = store.Where(c => c.Rank < 9).OrderBy((x, y) => y.Rank.CompareTo(x.Rank)).Where(c => c.Id != "c");

        view.Current.Select(c => c.Id).Should().Equal("a", "b");
        view.Current[1].Id.Should().Be("b");
        view.Current.Count.Should().Be(2);
        view.Current.Version.Should().Be(store.Current.Version);
        view.Current.Status.Should().BeSameAs(store.Status);
    }

    [Fact]
    public void Without_a_comparison_rows_are_in_the_stores_order_and_without_one_in_that_of_their_keys()
    {
        var cards = new Card[] { new("a", 3), new("B", 1), new("c", 2) };
        var ordered = new FakeLiveStore<string, Card>(c => c.Id) { Order = Card.ByRank };
        ordered.Set(cards);

        ordered.OrderBy().Current.Select(c => c.Id).Should().Equal("B", "c", "a");
        ordered.Where(c => c.Rank > 1).Current.Select(c => c.Id).Should().Equal("c", "a");
        Store(cards).OrderBy().Current.Select(c => c.Id).Should().Equal("B", "a", "c");
    }

    [Fact]
    public void Rows_that_compare_equal_are_in_the_order_of_their_keys_and_where_these_have_none_in_that_of_their_coming()
    {
        static int Equal(Card x, Card y) => 0;
        var byPair = new FakeLiveStore<(string, int), Card>(c => (c.Id, c.Rank));
        byPair.Set(new("b", 1), new("a", 2), new("a", 1), new("B", 1));
        byPair.OrderBy(Equal).Current.Select(c => c.ToString()).Should().Equal("B1", "a1", "a2", "b1");

        var byNothing = new FakeLiveStore<Opaque, Card>(c => new Opaque(c.Id));
        using var view = new StreamRecorder<StoreViewChangeSet<Card>>(byNothing.OrderBy(Equal).Changes);
        byNothing.Set(new Card("b", 1));
        byNothing.Set(new Card("c", 1));
        byNothing.Set(new Card("a", 1));
        byNothing.Set(new Card("c", 2));
        view.Items[^1].Snapshot.Select(c => c.Id).Should().Equal("b", "c", "a");
        byNothing.Reset(new("x", 1), new("a", 1), new("b", 1));
        view.Items[^1].Snapshot.Select(c => c.Id).Should().Equal(["b", "a", "x"], "who was there keeps its place before who comes");
    }

    [Fact]
    public void The_first_change_set_is_a_reset_and_the_others_lead_from_one_list_to_the_next()
    {
        var steps =
            from kind in Gen.Frequency((6, Gen.Constant(0)), (3, Gen.Constant(1)), (1, Gen.Constant(2)))
            from key in Gen.Choose(0, 9)
            from rank in Gen.Choose(0, 6)
            select (kind, key, rank);
        Prop.ForAll(steps.ListOf().ToArbitrary(), script =>
        {
            var store = Store();
            var view = store.Where(c => c.Rank != 3).OrderBy(Card.ByRank);
            using var sets = new StreamRecorder<StoreViewChangeSet<Card>>(view.Changes);
            foreach (var (kind, key, rank) in script)
            {
                switch (kind)
                {
                    case 0:
                        store.Set(new Card($"k{key}", rank), new Card($"k{rank}", key % 7));
                        break;
                    case 1:
                        store.Remove($"k{key}");
                        break;
                    default:
                        store.Reset(new Card($"k{key}", rank));
                        break;
                }

                view.Current.Should().Equal(Truth(store));
            }

            var copy = new List<Card>();
            sets.Items[0].IsReset.Should().BeTrue();
            sets.Items.Select(s => s.Snapshot.Version).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
            foreach (var set in sets.Items)
            {
                copy = set.IsReset ? [.. set.Snapshot] : copy;
                set.Changes.ToList().ForEach(c => Apply(copy, c));
                copy.Should().Equal(set.Snapshot);
                set.Snapshot.Select((c, i) => set.Snapshot[i]).Should().Equal(copy);
            }

            copy.Should().Equal(Truth(store));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    [Fact]
    public void What_is_outside_the_view_is_not_told_and_another_state_is()
    {
        var store = Store(new Card("a", 1));
        using var sets = new StreamRecorder<StoreViewChangeSet<Card>>(store.Where(c => c.Rank == 1).Changes);

        store.Set(new Card("b", 2));
        store.Remove("b");
        sets.Items.Should().ContainSingle();

        store.SetStatus(StoreState.Stale, StoreReason.Offline);
        sets.Items.Should().HaveCount(2);
        sets.Items[1].Changes.Should().BeEmpty();
        sets.Items[1].Status.State.Should().Be(StoreState.Stale);
    }

    [Fact]
    public void A_list_that_somebody_holds_stays_as_it_was()
    {
        var store = Store(new("a", 1), new("b", 2));
        var before = store.OrderBy().Current;

        store.Set(new Card("aa", 5));
        store.Remove("b");

        before.Select(c => c.Id).Should().Equal("a", "b");
    }

    [Fact]
    public void The_list_of_an_unchanged_store_is_made_once()
    {
        var compared = 0;
        var store = Store(new("a", 1), new("b", 2), new("c", 3));
        var view = store.OrderBy((x, y) =>
        {
            compared++;
            return Card.ByRank(x, y);
        });
        _ = view.Current;
        var first = compared;
        first.Should().BePositive();

        _ = view.Current.Count + view.Current.Sum(c => c.Rank);
        compared.Should().Be(first);
    }

    [Fact]
    public void A_change_costs_the_logarithm_of_the_list_in_comparisons()
    {
        var compared = 0;
        var store = Store([.. Enumerable.Range(0, 10_000).Select(i => new Card($"k{i}", i))]);
        using var sets = new StreamRecorder<StoreViewChangeSet<Card>>(store.OrderBy((x, y) =>
        {
            compared++;
            return Card.ByRank(x, y);
        }).Changes);
        compared = 0;

        store.Set(new Card("k5000", 7_777));

        sets.Items[^1].Changes.Select(c => c.ToString()).Should().Equal("Replaced 5000", "Moved 5000 to 7776");
        compared.Should().BeLessThan(40, "two searches of at most fourteen, and a look at the neighbours");
    }

    [Fact]
    public void A_filter_that_throws_ends_its_own_subscription_with_a_log_and_no_other()
    {
        var world = new StoreWorld().Write("a", "new").Live();
        using var bad = new StreamRecorder<StoreViewChangeSet<SalesOrder>>(
            world.Store.Where(o => o.Status == "new" ? true : throw new FormatException()).Changes);
        using var disorderly = new StreamRecorder<StoreViewChangeSet<SalesOrder>>(
            world.Store.OrderBy((x, y) => throw new NotSupportedException()).Changes);
        using var good = new StreamRecorder<StoreViewChangeSet<SalesOrder>>(world.Store.OrderBy().Changes);
        world.World.Run();
        bad.Error.Should().BeNull();

        world.TellInsert("b", "done");
        world.TellInsert("c", "new");

        bad.Error.Should().BeOfType<FormatException>();
        bad.Count.Should().Be(1);
        disorderly.Error.Should().BeOfType<NotSupportedException>();
        good.Items[^1].Snapshot.Should().HaveCount(3);
        world.State.Should().Be(StoreState.Live);
        world.World.Log.Lines.Should().ContainSingle(line => line.Contains("[6101]") && line.Contains("FormatException") && line.Contains("public.salesOrder"))
            .And.ContainSingle(line => line.Contains("[6101]") && line.Contains("NotSupportedException"));
    }

    [Fact]
    public void An_order_that_is_none_costs_the_order_and_no_row()
    {
        var random = new Random(7);
        var store = Store();
        using var sets = new StreamRecorder<StoreViewChangeSet<Card>>(store.OrderBy((x, y) => random.Next(-1, 2)).Changes);

        for (var i = 0; i < 300; i++)
        {
            store.Set(new Card($"k{i % 20}", i));
            store.Remove($"k{(i * 7) % 20}");
        }

        sets.Error.Should().BeNull();
        sets.Items[^1].Snapshot.Should().BeEquivalentTo(store.Current.Rows);
    }

    [Fact]
    public void A_view_of_somebody_elses_store_needs_its_public_face_only()
    {
        var store = Store(new Card("b", 1));
        var view = ((ILiveStore<string, Card>)new Foreign(store)).Where(c => c.Rank < 5);
        using var sets = new StreamRecorder<StoreViewChangeSet<Card>>(view.Changes);

        store.Set(new("a", 1), new("c", 9));

        view.Current.Select(c => c.Id).Should().Equal("a", "b");
        sets.Items[^1].Changes.Select(c => c.ToString()).Should().Equal("Inserted 0");
        using var list = view.BindTo(new UiThread());
        list.Should().HaveCount(2);
    }

    [Fact]
    public void Rows_of_an_untyped_table_can_be_viewed_though_their_keys_are_json()
    {
        var world = new World();
        var store = world.Manager.Store(RealtimeTable.Untyped("todos").AllTenants());

        store.OrderBy().Current.Should().BeEmpty();
        using var sets = new StreamRecorder<StoreViewChangeSet<JsonElement>>(store.OrderBy().Changes);
        world.Run();
        sets.Items[0].IsReset.Should().BeTrue();
        sets.Error.Should().BeNull();
    }

    private static FakeLiveStore<string, Card> Store(params Card[] cards)
    {
        var store = new FakeLiveStore<string, Card>(c => c.Id);
        store.Set(cards);
        return store;
    }

    private static IEnumerable<Card> Truth(FakeLiveStore<string, Card> store) =>
        store.Current.Rows.Where(c => c.Rank != 3).OrderBy(c => c.Rank).ThenBy(c => c.Id, StringComparer.Ordinal);

    private static void Apply(List<Card> list, StoreViewChange<Card> change)
    {
        if (change.Kind != StoreViewChangeKind.Inserted)
        {
            list[change.OldIndex].Should().BeSameAs(change.Previous);
            list.RemoveAt(change.OldIndex);
        }

        if (change.Kind != StoreViewChangeKind.Removed)
        {
            list.Insert(change.Index, change.Current!);
        }
    }

    private sealed record Opaque(string Id);

    /// <summary>A store of which nothing is known.</summary>
    private sealed class Foreign(ILiveStore<string, Card> store) : ILiveStore<string, Card>
    {
        public string Table => store.Table;

        public IRealtimeTable Definition => store.Definition;

        public StoreStatus Status => store.Status;

        public IObservable<StoreStatus> StatusChanges => store.StatusChanges;

        public StoreSnapshot<string, Card> Current => store.Current;

        public IObservable<StoreChangeSet<string, Card>> Changes => store.Changes;

        public IDisposable Start() => store.Start();

        public bool TryGet(string key, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out Card row) => store.TryGet(key, out row);

        public Task WhenLiveAsync(CancellationToken cancellationToken) => store.WhenLiveAsync(cancellationToken);

        public Task WhenLiveAsync() => store.WhenLiveAsync();

        public Task VerifyAsync(CancellationToken cancellationToken) => store.VerifyAsync(cancellationToken);

        public Task VerifyAsync() => store.VerifyAsync();

        public Task VerifyRowAsync(string key, CancellationToken cancellationToken) => store.VerifyRowAsync(key, cancellationToken);

        public Task VerifyRowAsync(string key) => store.VerifyRowAsync(key);

        public IAsyncEnumerable<StoreSnapshot<string, Card>> WatchAsync(CancellationToken cancellationToken) => store.WatchAsync(cancellationToken);

        public IAsyncEnumerable<StoreSnapshot<string, Card>> WatchAsync() => store.WatchAsync();
    }
}
