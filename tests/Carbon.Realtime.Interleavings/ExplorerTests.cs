using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Interleavings;

/// <summary>The explorer finds what it is for, in programs that are known to be wrong; and not in the same programs when they are right.</summary>
public sealed class ExplorerTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_update_that_is_lost_is_found(bool isLocked)
    {
        var findings = Explorer.Systematic(
            choose =>
            {
                var gate = new Lock();
                var count = 0;
                var outcome = Interleaver.Run(new ManualWorkScheduler(), [("one", Add), ("two", Add)], choose);
                return count == 2 ? outcome : outcome with { Fault = $"the count is {count}" };

                void Add()
                {
                    if (isLocked)
                    {
                        lock (gate)
                        {
                            count++;
                        }
                    }
                    else
                    {
                        var before = Volatile.Read(ref count);
                        Volatile.Write(ref count, before + 1);
                    }
                }
            },
            delays: 2,
            most: 1000);

        findings.Runs.Should().BeGreaterThan(1);
        (findings.Fault is null).Should().Be(isLocked);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Locks_that_are_taken_in_two_orders_lock_up(bool isOrdered)
    {
        var findings = Explorer.Systematic(
            choose =>
            {
                var (one, other) = (new Lock("one.cs"), new Lock("other.cs"));
                return Interleaver.Run(new ManualWorkScheduler(), [("first", () => Both(one, other)), ("second", () => Both(isOrdered ? one : other, isOrdered ? other : one))], choose);
            },
            delays: 2,
            most: 1000);
        LockOrder.Forget(); // these are not the library's

        (findings.Fault is null).Should().Be(isOrdered);
        if (!isOrdered)
        {
            findings.Fault.Should().Contain("locked up").And.Contain("waits for other, which second holds");
        }

        static void Both(Lock outer, Lock inner)
        {
            lock (outer)
            {
                lock (inner)
                {
                }
            }
        }
    }

    [Fact]
    public void What_is_posted_runs_on_two_workers_and_what_is_thrown_there_is_a_fault()
    {
        var findings = Explorer.Systematic(
            static choose =>
            {
                var scheduler = new ManualWorkScheduler();
                var inside = 0;
                return Interleaver.Run(scheduler, [("posts", () => Enumerable.Range(0, 2).ToList().ForEach(_ => scheduler.Post(Work)))], choose);

                void Work()
                {
                    if (Interlocked.Increment(ref inside) == 2)
                    {
                        throw new InvalidOperationException("Two at once.");
                    }

                    Interlocked.Decrement(ref inside);
                }
            },
            delays: 1,
            most: 1000);

        findings.Fault.Should().Contain("Two at once");
    }

    public static TheoryData<string> Names => [.. Programs.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_same_choices_are_the_same_run(string name)
    {
        Choice order = static (at, strands) => at % 7 == 3 ? strands.Length - 1 : 0;
        var choices = Programs.Run(name, order).Choices;

        choices.Count(static c => c.Chosen > 0).Should().BePositive();
        Programs.Run(name, order).Choices.Should().Equal(choices);
    }

    [Fact]
    public void A_run_that_is_another_one_by_the_same_choices_is_a_fault()
    {
        var runs = 0;
        var findings = Explorer.Systematic(
            choose =>
            {
                var gate = new Lock();
                var isOdd = ++runs % 2 == 1;
                return Interleaver.Run(new ManualWorkScheduler(), isOdd ? [("one", Enter), ("two", Enter)] : [("one", Enter), ("two", Enter), ("three", Enter)], choose);

                void Enter()
                {
                    lock (gate)
                    {
                    }
                }
            },
            delays: 1,
            most: 1000);

        findings.Fault.Should().Contain("led to another run");
    }

    [Fact]
    public void A_choice_of_nobody_is_a_fault() =>
        Interleaver.Run(new ManualWorkScheduler(), [("one", Interleaver.Point), ("two", Interleaver.Point)], static (_, strands) => strands.Length).Fault.Should().Contain("of 2");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_timer_fires_beside_everything_else(bool isLocked)
    {
        var findings = Explorer.Systematic(
            choose =>
            {
                var (time, gate, count) = (new ManualTimeProvider(), new Lock(), 0);
                using var timer = time.CreateTimer(_ => Add(), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
                var outcome = Interleaver.Run(new ManualWorkScheduler(), [("one", Add)], choose, time, timers: 1);
                return count == 2 ? outcome : outcome with { Fault = $"the count is {count}" };

                void Add()
                {
                    using var held = isLocked ? gate.EnterScope() : default;
                    var before = Volatile.Read(ref count);
                    Volatile.Write(ref count, before + 1);
                }
            },
            delays: 1,
            most: 1000);

        (findings.Fault is null).Should().Be(isLocked);
    }

    [Fact]
    public void A_circle_of_locks_is_a_circle()
    {
        LockOrder.Circle([("a", "b"), ("b", "c"), ("c", "a"), ("a", "c")]).Should().Equal("a", "b", "c", "a");
        LockOrder.Circle([("a", "b"), ("b", "c"), ("a", "c")]).Should().BeNull();
        LockOrder.Circle([("a", "a")]).Should().Equal("a", "a");
    }
}
