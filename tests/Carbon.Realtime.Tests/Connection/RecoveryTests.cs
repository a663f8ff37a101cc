using Carbon.Realtime.Connection;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Connection;

public sealed class RecoveryTests : IDisposable
{
    private static readonly ServerFault Passing = new(RealtimeErrorReason.ServerUnavailable, Reaction.Retry, "busy");
    private static readonly ServerFault Lasting = new(RealtimeErrorReason.SubscriptionRefused, Reaction.RetrySlowly, "not published");

    private readonly ManualEnvironment _env = new();
    private readonly Deadlines _deadlines;
    private readonly Recovery _recovery;
    private int _tries;

    public RecoveryTests()
    {
        _deadlines = new Deadlines(_env.Environment, () => _deadlines!.RunDue());
        var backoff = new Backoff(TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10), _env.Randomizer);
        _recovery = new Recovery(_deadlines, _env.Environment, backoff, TimeSpan.FromSeconds(30));
    }

    public void Dispose() => _deadlines.Dispose();

    [Fact]
    public void Slow_waits_begin_at_half_a_minute_and_double_up_to_ten_minutes()
    {
        foreach (var least in new[] { 30, 60, 120, 240, 300, 300, 300, 300 })
        {
            Schedule(Lasting).Should().BeInRange(least, 2 * least);
            _recovery.IsFaulted.Should().BeTrue();
        }

        for (var i = 0; i < 100; i++)
        {
            Schedule(Lasting).Should().BeInRange(300, 600, "what was cured is noticed within ten minutes, however long it took");
        }
    }

    [Fact]
    public void Slow_and_quick_tries_are_counted_apart_and_told_together()
    {
        Schedule(Lasting);
        Schedule(Lasting);
        Schedule(Passing).Should().BeInRange(0.5, 1, "the first quick one");
        Schedule(Passing).Should().BeInRange(0.5, 2);
        Schedule(Lasting).Should().BeInRange(120, 240, "the third slow one");
        _recovery.Attempt.Should().Be(5);
    }

    [Fact]
    public void Both_begin_anew_only_when_it_has_worked_for_long_enough()
    {
        for (var i = 0; i < 6; i++)
        {
            Schedule(Lasting);
            Schedule(Passing);
        }

        _recovery.Overcome();
        _recovery.Attempt.Should().Be(12);
        Schedule(Lasting).Should().BeGreaterThanOrEqualTo(300, "it worked for a moment only");
        _recovery.Reset();
        _recovery.Attempt.Should().Be(0);
        Schedule(Lasting).Should().BeInRange(30, 60);
        Schedule(Passing).Should().BeInRange(0.5, 1);
    }

    [Fact]
    public void A_try_that_is_hastened_is_made_at_once_or_when_the_shortest_wait_is_over()
    {
        Schedule(Lasting);
        _recovery.Hasten(() => _tries++);
        _tries.Should().Be(0, "the fault is just now");
        (_recovery.NextRetry - _env.Time.GetUtcNow()).Should().Be(TimeSpan.FromSeconds(0.5));
        _env.Advance(TimeSpan.FromSeconds(0.5));
        _tries.Should().Be(1);

        Schedule(Lasting);
        _env.Advance(TimeSpan.FromSeconds(0.5));
        _recovery.Hasten(() => _tries++);
        _tries.Should().Be(2);
        (_recovery.IsWaiting, _recovery.NextRetry).Should().Be((false, null));
        _recovery.Hasten(() => _tries++);
        _env.Advance(TimeSpan.FromHours(1));
        _tries.Should().Be(2, "nothing waits any more");
    }

    [Fact]
    public void A_wait_that_the_server_asked_for_is_not_hastened()
    {
        Schedule(FaultTable.Upgrade(429, null));
        _env.Advance(TimeSpan.FromSeconds(0.5));
        var due = _recovery.NextRetry;
        _recovery.Hasten(() => _tries++);
        _tries.Should().Be(0);
        _recovery.NextRetry.Should().Be(due);
    }

    private double Schedule(ServerFault fault) => _recovery.Schedule(fault, () => _tries++).TotalSeconds;
}
