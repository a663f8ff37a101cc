using System.ComponentModel;
using Carbon.Realtime.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace Carbon.Realtime.Tests.Stores.Views;

public sealed class BoundCollectionTests
{
    private static readonly Card A = new("a", 1);
    private static readonly Card B = new("b", 2);
    private static readonly Card C = new("c", 3);

    [Fact]
    public void The_list_has_the_rows_of_its_moment_at_once_and_tells_of_none_of_them()
    {
        var world = new BoundWorld(null, null, C, A, B);

        world.Shown.Should().Be("a1 b2 c3");
        world.List.Status.IsLive.Should().BeTrue();
        world.Settle();
        world.Control.Events.Should().BeEmpty();
        world.Ui.Posts.Should().Be(0);
    }

    [Fact]
    public void The_interfaces_thread_neither_filters_nor_sorts_and_is_handed_the_finished_list()
    {
        var (onUi, elsewhere) = (0, 0);
        BoundWorld? world = null;
        void Note() => _ = world is null ? 0 : world.Ui.Depth > 0 ? onUi++ : elsewhere++;
        world = new BoundWorld(
            v => v.Where(_ =>
            {
                Note();
                return true;
            }).OrderBy((x, y) =>
            {
                Note();
                return Card.ByRank(x, y);
            }),
            null, C, A, B);

        world.Store.Set(B with { Rank = 7 });
        world.Settle();
        world.Store.Reset([.. Enumerable.Range(0, 100).Select(static i => new Card($"k{i}", i * 7 % 101))]);
        world.Settle();
        world.Store.Set([.. Enumerable.Range(0, 100).Select(static i => new Card($"k{i}", i * 11 % 101))]);
        world.Settle();

        world.List.Select(static c => c.Rank).Should().BeInAscendingOrder().And.HaveCount(100);
        world.Control.Events.Count(static e => e == "Reset").Should().Be(2);
        onUi.Should().Be(0);
        elsewhere.Should().BeGreaterThan(200);
    }

    [Fact]
    public void A_list_may_be_bound_on_any_thread_and_is_the_contexts_from_then_on()
    {
        var store = new FakeLiveStore<string, Card>(c => c.Id) { Order = Card.ByRank };
        store.Set(C, A);
        var ui = new UiThread();
        BoundCollection<Card>? list = null;
        var thread = new Thread(() => list = store.BindTo(ui));
        thread.Start();
        thread.Join();
        var control = new Control(list!, ui);
        list.Should().Equal(A, C);

        store.Set(B);
        store.Environment.Advance(TimeSpan.FromMilliseconds(50));
        list.Should().HaveCount(2, "the context has not come to it");
        ui.Run();

        list.Should().Equal(A, B, C);
        control.RowEvents.Should().Equal("Add 1");
    }

    [Fact]
    public void Changes_of_a_window_come_in_one_piece_at_its_end()
    {
        var world = new BoundWorld(null, null, A, C).Settle();

        world.Store.Set(B);
        world.Wait(30).Store.Remove("a");
        world.Wait(9.9).Ui.Posts.Should().Be(0);
        world.Wait(0.1).Ui.Posts.Should().Be(1);
        world.Control.Events.Should().BeEmpty("the interface's thread has not come to it yet");
        world.Shown.Should().Be("a1 c3");

        world.Ui.Run();

        world.Shown.Should().Be("b2 c3");
        world.Control.Events.Should().Equal("Add 1", "Count", "Item[]", "Remove 0", "Count", "Item[]", "Status", "Updated");
    }

    [Fact]
    public void Whatever_happens_the_list_is_the_sorted_filter_of_the_rows_and_its_events_lead_there()
    {
        var step =
            from kind in Gen.Frequency((8, Gen.Constant(0)), (4, Gen.Constant(1)), (1, Gen.Constant(2)), (1, Gen.Constant(3)), (3, Gen.Constant(4)), (3, Gen.Constant(5)))
            from key in Gen.Choose(0, 11)
            from rank in Gen.Choose(0, 6)
            from more in Gen.Choose(0, 40)
            select (kind, key, rank, more);
        var scripts = from threshold in Gen.Elements(0, 2, 25, 1000) from steps in step.ListOf() select (threshold, steps);
        Prop.ForAll(scripts.ToArbitrary(), script =>
        {
            var world = new BoundWorld(static v => v.Where(c => c.Rank != 3), new StoreBindingOptions { ResetThreshold = script.threshold });
            foreach (var (kind, key, rank, more) in script.steps)
            {
                switch (kind)
                {
                    case 0:
                        world.Store.Set(new Card($"k{key}", rank));
                        break;
                    case 1:
                        world.Store.Remove($"k{key}", $"k{rank}");
                        break;
                    case 2:
                        world.Store.Reset([.. Enumerable.Range(0, more).Select(i => new Card($"k{i * 7 % 41}", (i + rank) % 7))]);
                        break;
                    case 3:
                        world.Store.SetStatus(more % 2 == 0 ? StoreState.Stale : StoreState.Live);
                        break;
                    case 4:
                        world.Wait(more);
                        break;
                    default:
                        world.Ui.Run();
                        world.List.Should().BeInAscendingOrder((x, y) => x.Rank != y.Rank ? x.Rank - y.Rank : string.CompareOrdinal(x.Id, y.Id));
                        break;
                }
            }

            world.Settle();
            var truth = world.Store.Current.Rows.Where(c => c.Rank != 3).OrderBy(c => c.Rank).ThenBy(c => c.Id, StringComparer.Ordinal);
            world.List.Should().Equal(truth);
            world.Control.Copy.Should().Equal(truth);
            world.List.Status.State.Should().Be(world.Store.Status.State);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    [Fact]
    public void A_thousand_changes_while_the_interface_is_busy_cost_one_batch_of_what_differs()
    {
        var world = new BoundWorld(null, null, A, B, C).Settle();
        world.Store.Set(B with { Text = "!" });
        world.Wait(40).Ui.Posts.Should().Be(1);

        for (var i = 1; i <= 1000; i++)
        {
            world.Store.Set(A with { Text = $".{i}" });
            world.Wait(5);
        }

        world.Ui.Posts.Should().Be(1, "the thread has not come to the first batch yet");
        world.Ui.Run();
        world.Settle();

        world.Ui.Posts.Should().Be(2);
        world.Control.RowEvents.Should().Equal("Replace 1", "Replace 0");
        world.Shown.Should().Be("a1.1000 b2! c3");
    }

    [Fact]
    public void Up_to_the_threshold_rows_are_told_one_by_one_and_above_it_as_one_reset()
    {
        var world = new BoundWorld();

        world.Store.Set([.. Enumerable.Range(0, 25).Select(i => new Card($"x{i}", i))]);
        world.Settle();
        world.Control.RowEvents.Should().HaveCount(25).And.OnlyContain(e => e.StartsWith("Add", StringComparison.Ordinal));

        world.Control.Events.Clear();
        world.Store.Set([.. Enumerable.Range(0, 26).Select(i => new Card($"y{i}", i))]);
        world.Settle();
        world.Control.Events.Should().Equal("Reset", "Count", "Item[]", "Status", "Updated");
        world.List.Should().HaveCount(51);
    }

    [Fact]
    public void A_row_that_changes_its_place_is_replaced_and_moved()
    {
        var world = new BoundWorld(null, null, A, B, C);

        world.Store.Set(A with { Rank = 9 });
        world.Settle();

        world.Control.RowEvents.Should().Equal("Replace 0", "Move 0>2");
        world.Shown.Should().Be("b2 c3 a9");
    }

    [Fact]
    public void What_comes_to_nothing_raises_nothing()
    {
        var world = new BoundWorld(static v => v.Where(c => c.Rank < 10), null, A, B);

        world.Store.Set(A with { Text = "!" });
        world.Store.Set(A);
        world.Store.Set(C);
        world.Store.Remove("c");
        world.Store.Set(new Card("far", 11));
        world.Settle();
        world.Store.Reset(B, A);
        world.Settle();

        world.Control.Events.Should().BeEmpty();
        world.Ui.Posts.Should().Be(0, "the interface's thread is not woken for nothing");
    }

    [Fact]
    public void The_status_is_told_after_the_rows_it_goes_with()
    {
        var world = new BoundWorld(null, null, A);
        world.Store.SetStatus(StoreState.Stale, StoreReason.Offline);
        world.Settle();
        world.List.Status.State.Should().Be(StoreState.Stale);
        world.Control.Events.Should().Equal("Status", "Updated");
        world.Control.Events.Clear();
        var rowsWhenLive = -1;
        ((INotifyPropertyChanged)world.List).PropertyChanged += (_, e) =>
            rowsWhenLive = e.PropertyName == "Status" && world.List.Status.IsLive ? world.List.Count : rowsWhenLive;

        world.Store.Set(B);
        world.Store.SetStatus(StoreState.Live);
        world.Settle();

        rowsWhenLive.Should().Be(2);
        world.Control.Events[^2..].Should().Equal("Status", "Updated");
    }

    [Theory]
    [InlineData("Add 1")]
    [InlineData("Count")]
    [InlineData("Item[]")]
    [InlineData("Status")]
    [InlineData("Updated")]
    public void A_handler_that_disposes_the_list_is_the_last_to_be_called(string during)
    {
        var world = new BoundWorld(null, null, A);
        world.Control.OnEvent = e =>
        {
            if (e == during)
            {
                world.List.Dispose();
            }
        };

        world.Store.Set(B, C);
        world.Settle();

        world.Control.Events[^1].Should().Be(during);
        world.Control.Copy.Should().Equal(world.List);
        world.Store.Users.Should().Be(0);
    }

    [Fact]
    public void Nothing_is_raised_after_disposal_wherever_a_batch_is()
    {
        var gathering = new BoundWorld(null, null, A);
        gathering.Store.Set(B);
        gathering.List.Dispose();
        gathering.Settle();

        var posted = new BoundWorld(null, null, A);
        posted.Store.Set(B);
        posted.Wait(40).Ui.Posts.Should().Be(1);
        posted.List.Dispose();
        posted.Store.Set(C);
        posted.Settle();

        foreach (var world in new[] { gathering, posted })
        {
            world.Control.Events.Should().BeEmpty();
            world.Shown.Should().Be("a1");
            world.Store.Users.Should().Be(0);
            world.Store.Environment.Time.ArmedTimers.Should().Be(0);
        }
    }

    [Fact]
    public void A_handler_that_opens_a_dialog_meets_no_batch_inside_its_own()
    {
        var world = new BoundWorld(null, null, A);
        world.Control.OnEvent = e =>
        {
            if (e == "Add 1")
            {
                world.Store.Set(new Card("d", 0));
                world.Settle(); // a dialog: time passes and messages are handled; the control fails on an event inside another
                world.Shown.Should().Be("a1 b2");
            }
        };

        world.Store.Set(B, C);
        world.Settle();

        world.Shown.Should().Be("d0 a1 b2 c3");
        world.Control.Copy.Should().Equal(world.List);
    }

    [Fact]
    public void A_handler_that_throws_is_heard_on_the_context_and_costs_the_list_nothing()
    {
        var world = new BoundWorld();
        world.Control.OnEvent = e =>
        {
            if (e == "Add 0")
            {
                throw new InvalidOperationException("A bug of the program's.");
            }
        };
        world.Store.Set(A, B);
        world.Wait(40);

        world.Ui.Invoking(ui => ui.Run()).Should().Throw<InvalidOperationException>().WithMessage("A bug of the program's.");
        world.Shown.Should().Be("a1 b2");

        world.Store.Set(C);
        world.Settle();
        world.Shown.Should().Be("a1 b2 c3");
        world.Control.Copy.Should().Equal(world.List);
    }

    [Fact]
    public void A_filter_that_throws_ends_its_list_which_says_so_and_no_other()
    {
        var world = new BoundWorld(static v => v.Where(c => c.Rank < 100 ? true : throw new FormatException()), null, A);
        using var other = world.Store.BindTo(world.Ui);

        world.Store.Set(B, new Card("bad", 100));
        world.Settle();
        world.Store.Set(C);
        world.Settle();

        world.Shown.Should().Be("a1");
        world.List.Status.State.Should().Be(StoreState.Faulted);
        world.List.Status.Error!.InnerException.Should().BeOfType<FormatException>();
        world.Control.Events.Should().Equal("Status", "Updated");
        other.Should().HaveCount(4);
        world.Store.Users.Should().Be(1);
    }

    [Fact]
    public void A_filter_that_throws_at_once_does_not_throw_at_who_binds()
    {
        var world = new BoundWorld(static v => v.Where(static _ => throw new FormatException()), null, A);

        world.List.Should().BeEmpty();
        world.List.Status.State.Should().Be(StoreState.Faulted);
        world.Store.Users.Should().Be(0);
    }

    [Fact]
    public void A_context_whose_window_is_gone_ends_the_list()
    {
        var world = new BoundWorld();
        world.Ui.IsGone = true;

        world.Store.Set(A);
        world.Settle();

        world.Store.Users.Should().Be(0);
        world.Store.Environment.Time.ArmedTimers.Should().Be(0);
    }

    [Fact]
    public void A_closed_store_leaves_an_empty_list_that_says_so()
    {
        var world = new BoundWorld(null, null, A);

        world.Store.Dispose();
        world.Settle();

        world.List.Should().BeEmpty();
        world.List.Status.State.Should().Be(StoreState.Closed);
    }

    [Fact]
    public void Without_a_context_and_with_options_out_of_bounds_binding_is_refused()
    {
        var store = new FakeLiveStore<string, Card>(c => c.Id);
        var ui = new UiThread();

        store.Invoking(s => s.BindTo(null!)).Should().Throw<ArgumentNullException>().WithMessage("*SynchronizationContext*on its thread*");
        store.Invoking(s => s.BindTo(ui, new StoreBindingOptions { BatchWindow = TimeSpan.FromMilliseconds(29) }))
            .Should().Throw<ArgumentOutOfRangeException>().WithMessage("*BatchWindow*30*50*");
        store.Invoking(s => s.BindTo(ui, new StoreBindingOptions { BatchWindow = TimeSpan.FromMilliseconds(51) })).Should().Throw<ArgumentOutOfRangeException>();
        store.Invoking(s => s.BindTo(ui, new StoreBindingOptions { ResetThreshold = -1 })).Should().Throw<ArgumentOutOfRangeException>().WithMessage("*ResetThreshold*");
        store.Users.Should().Be(0);
    }

    [Fact]
    public void A_real_stores_list_starts_it_follows_it_and_lets_it_go()
    {
        var world = new StoreWorld().Write("b", "new").Write("a", "new");
        var ui = new UiThread();
        var list = world.Store.BindTo(ui);
        list.Should().BeEmpty();
        world.World.Advance(0.05);
        ui.Run();
        world.World.Advance(0.05);
        ui.Run();
        list.Select(o => o.Id).Should().Equal("a", "b");
        list.Status.IsLive.Should().BeTrue();

        world.TellInsert("aa", "new");
        world.World.Advance(0.04);
        ui.Run();
        list.Select(o => o.Id).Should().Equal("a", "aa", "b");

        list.Dispose();
        world.World.Advance(60);
        ui.Run();
        world.State.Should().Be(StoreState.Empty, "nobody wants the store any more");
        list.Should().HaveCount(3);
    }
}
