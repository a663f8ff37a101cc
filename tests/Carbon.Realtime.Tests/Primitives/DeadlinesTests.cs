using Carbon.Realtime.Primitives;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Primitives;

public sealed class DeadlinesTests
{
    private readonly ManualEnvironment _env = new();
    private readonly Deadlines _deadlines;
    private readonly List<string> _ran = [];

    public DeadlinesTests() => _deadlines = new Deadlines(_env.Environment, () => _deadlines!.RunDue());

    [Fact]
    public void Things_happen_in_order_of_time_and_then_of_scheduling_on_one_timer()
    {
        Schedule(2, "c");
        Schedule(1, "a");
        Schedule(1, "b");
        _env.Time.ArmedTimers.Should().Be(1);
        _env.Advance(TimeSpan.FromSeconds(3));
        _ran.Should().Equal("a", "b", "c");
        _env.Time.ArmedTimers.Should().Be(0, "nothing is left to happen");
    }

    [Fact]
    public void What_is_cancelled_does_not_happen_and_leaves_nothing_behind()
    {
        var one = Schedule(1, "one");
        Schedule(2, "two");
        one.Cancel();
        one.Cancel();
        _env.Advance(TimeSpan.FromSeconds(1));
        _ran.Should().BeEmpty();
        _env.Advance(TimeSpan.FromSeconds(1));
        _ran.Should().Equal("two");
        for (var i = 0; i < 1000; i++)
        {
            Schedule(60, "never").Cancel();
        }

        _deadlines.Count.Should().Be(0);
    }

    [Fact]
    public void Something_further_away_than_timers_reach_still_happens()
    {
        Schedule(100 * 24 * 3600, "far");
        _env.Advance(TimeSpan.FromDays(99));
        _ran.Should().BeEmpty();
        _env.Advance(TimeSpan.FromDays(1));
        _ran.Should().Equal("far");
    }

    [Fact]
    public void An_action_may_schedule_and_cancel()
    {
        Deadlines.Deadline? second = null;
        _deadlines.Schedule(TimeSpan.FromSeconds(1), () =>
        {
            _ran.Add("first");
            second!.Cancel();
            Schedule(0, "third");
        });
        second = Schedule(1, "second");
        _env.Advance(TimeSpan.FromSeconds(1));
        _ran.Should().Equal("first", "third");
    }

    private Deadlines.Deadline Schedule(double seconds, string what) => _deadlines.Schedule(TimeSpan.FromSeconds(seconds), () => _ran.Add(what));
}
