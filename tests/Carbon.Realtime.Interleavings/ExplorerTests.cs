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

    [Fact]
    public void The_same_choices_are_the_same_run()
    {
        var order = Explorer.Of((10, 1), (20, 1), (30, 2));
        var name = Programs.Names.First();

        Programs.Run(name, order).Choices.Should().Equal(Programs.Run(name, order).Choices);
    }

    [Fact]
    public void A_circle_of_locks_is_a_circle()
    {
        LockOrder.Circle([("a", "b"), ("b", "c"), ("c", "a"), ("a", "c")]).Should().Equal("a", "b", "c", "a");
        LockOrder.Circle([("a", "b"), ("b", "c"), ("a", "c")]).Should().BeNull();
        LockOrder.Circle([("a", "a")]).Should().Equal("a", "a");
    }
}
