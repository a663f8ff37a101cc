using Carbon.Realtime.Stores;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Stores;

public sealed class MailboxTests
{
    private readonly ManualWorkScheduler _scheduler = new();
    private readonly List<string> _done = [];

    [Fact]
    public void Everything_is_done_in_the_order_of_its_coming_and_then_it_is_told()
    {
        var mailbox = Create();
        mailbox.Post(() => _done.Add("x"));
        mailbox.Post([1, 2], 0);
        mailbox.Post(() => _done.Add("y"));
        _done.Should().BeEmpty("it is done on the scheduler");

        _scheduler.RunUntilIdle();

        _done.Should().Equal("x", "1 2", "y", "done");
    }

    [Fact]
    public void What_waits_when_it_is_closed_is_not_done()
    {
        var mailbox = Create();
        mailbox.Post(() => _done.Add("x"));

        mailbox.Close();
        _scheduler.RunUntilIdle();

        _done.Should().NotContain("x");
    }

    [Fact]
    public void Events_are_copied()
    {
        var mailbox = Create();
        int[] events = [1, 2];
        mailbox.Post(events, 0);
        events[0] = 9;

        _scheduler.RunUntilIdle();

        _done.Should().Equal("1 2", "done");
    }

    [Fact]
    public void What_is_posted_by_what_runs_comes_after_it_in_the_same_go()
    {
        var mailbox = Create();
        mailbox.Post(() =>
        {
            mailbox.Post(() => _done.Add("y"));
            _done.Add("x");
        });

        _scheduler.Pending.Should().Be(1);
        _scheduler.RunUntilIdle();

        _done.Should().Equal("x", "done", "y", "done");
    }

    [Fact]
    public void Events_past_the_bound_are_dropped_until_all_that_waits_is_done_and_that_is_told_once()
    {
        var mailbox = Create(capacity: 4);
        mailbox.Post([1, 2, 3], 0);
        mailbox.Post([4, 5], 0);
        mailbox.Post([6], 0); // it would have had room: but then there were a hole before it
        mailbox.Post(() => _done.Add("x"));

        _scheduler.RunUntilIdle();
        _done.Should().Equal("1 2 3", "x", "done", "overflow", "done");

        mailbox.Post([7, 8, 9, 10], 0);
        _scheduler.RunUntilIdle();
        _done[^2..].Should().Equal("7 8 9 10", "done");
    }

    [Fact]
    public void Few_events_that_came_large_are_bounded_too()
    {
        var mailbox = Create();
        mailbox.Post([1], 20 << 20);
        mailbox.Post([2], 12 << 20);
        mailbox.Post([3], 1);
        _scheduler.RunUntilIdle();
        _done.Should().Equal("1", "2", "done", "overflow", "done");

        mailbox.Post([4], 100 << 20);
        _scheduler.RunUntilIdle();
        _done[^2..].Should().Equal("4", "done");
    }

    [Fact]
    public void What_comes_while_the_overflow_is_told_is_taken()
    {
        Mailbox<int>? mailbox = null;
        mailbox = Create(capacity: 1, onOverflow: () => mailbox!.Post([3], 0));
        mailbox.Post([1], 0);
        mailbox.Post([2], 0);

        _scheduler.RunUntilIdle();

        _done.Should().Equal("1", "done", "overflow", "done", "3", "done");
    }

    [Fact]
    public void A_burst_that_finds_no_events_waiting_is_taken_whatever_its_size()
    {
        var mailbox = Create(capacity: 1);
        mailbox.Post(() => _done.Add("x"));
        mailbox.Post([1, 2], 0);
        _scheduler.RunUntilIdle();
        mailbox.Post([3, 4], 0);
        _scheduler.RunUntilIdle();

        _done.Should().Equal("x", "1 2", "done", "3 4", "done");
    }

    [Fact]
    public void What_throws_keeps_nothing_else_from_being_done()
    {
        var mailbox = Create();
        mailbox.Post(() => throw new FormatException());
        mailbox.Post([1], 0);

        _scheduler.RunUntilIdle();

        _done.Should().Equal("FormatException", "1", "done");
    }

    [Fact]
    public void A_closed_mailbox_drops_what_waits_and_takes_nothing()
    {
        var mailbox = Create();
        mailbox.Post(() =>
        {
            mailbox.Close();
            _done.Add("x");
        });
        mailbox.Post([1], 0);
        _scheduler.RunUntilIdle();
        mailbox.Post([2], 0);
        _scheduler.RunUntilIdle();

        _done.Should().Equal("x", "done");
        _scheduler.Pending.Should().Be(0);
    }

    [Fact]
    public async Task One_thing_at_a_time_and_all_of_them_whoever_posts_on_whatever_thread()
    {
        const int Posters = 4;
        const int Each = 2_000;
        var (inside, overlaps, events, works) = (0, 0, 0, 0);
        var last = new int[Posters];
        var disorder = 0;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        void Alone(Action action)
        {
            overlaps += Interlocked.Increment(ref inside) == 1 ? 0 : 1;
            action();
            Interlocked.Decrement(ref inside);
            if (events + works == 2 * Posters * Each)
            {
                all.TrySetResult();
            }
        }

        var mailbox = new Mailbox<int>(WorkScheduler.ThreadPool, int.MaxValue)
        {
            OnEvents = span =>
            {
                var (poster, number) = (span[0] / (Each + 1), span[0] % (Each + 1));
                Alone(() =>
                {
                    events++;
                    disorder += number > last[poster] ? 0 : 1;
                    last[poster] = number;
                });
            },
            OnOverflow = () => all.TrySetException(new InvalidOperationException("There is no bound.")),
            OnDone = () => Alone(static () => { }),
            OnThrown = e => all.TrySetException(e),
        };
        await Task.WhenAll(Enumerable.Range(0, Posters).Select(poster => Task.Run(() =>
        {
            for (var number = 1; number <= Each; number++)
            {
                mailbox.Post([(poster * (Each + 1)) + number], 0);
                mailbox.Post(() => Alone(() => works++));
            }
        })));
        await all.Task;

        (overlaps, disorder, events, works).Should().Be((0, 0, Posters * Each, Posters * Each));
    }

    private Mailbox<int> Create(int capacity = 100, Action? onOverflow = null) => new(_scheduler, capacity)
    {
        OnEvents = events => _done.Add(string.Join(' ', events.ToArray())),
        OnOverflow = () =>
        {
            _done.Add("overflow");
            onOverflow?.Invoke();
        },
        OnDone = () => _done.Add("done"),
        OnThrown = e => _done.Add(e.GetType().Name),
    };
}
