using Carbon.Realtime.Convergence;

namespace Carbon.Realtime.Tests.Convergence;

public sealed class ReconcileScheduleTests
{
    private static readonly TimeSpan Noon = TimeSpan.FromHours(12);

    private readonly ReconcileSchedule _schedule = new(new Middle(), fixedPeriod: null);

    [Fact]
    public void An_ok_is_followed_by_a_read_after_some_seconds_and_one_after_a_minute()
    {
        Pass(0);
        _schedule.OnEpoch(Noon);

        _schedule.NextDue.Should().Be(At(7.5), "five seconds and half of the jitter");
        Pass(7.5);
        _schedule.NextDue.Should().Be(At(62.5));
        Pass(62.5);
        _schedule.NextDue.Should().Be(At(62.5 + 120));
    }

    [Fact]
    public void A_read_that_began_before_the_settling_time_does_not_stand_for_it()
    {
        _schedule.OnEpoch(Noon);

        _schedule.OnPass(At(7), At(9), rows: 10);

        _schedule.NextDue.Should().Be(At(7.5));
    }

    [Fact]
    public void A_period_that_is_over_before_the_minute_after_an_ok_does_not_wait_for_it()
    {
        var schedule = new ReconcileSchedule(new Middle(), TimeSpan.FromSeconds(30));
        schedule.OnEpoch(Noon);
        schedule.OnPass(At(8), At(10), rows: 10);

        schedule.NextDue.Should().Be(At(40), "counted from the end of the last read");
    }

    [Fact]
    public void Another_ok_begins_settling_anew()
    {
        Pass(0);
        _schedule.OnEpoch(Noon);
        Pass(8);
        _schedule.OnEpoch(At(10));

        _schedule.NextDue.Should().Be(At(17.5));
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1_000, 2)]
    [InlineData(1_001, 5)]
    [InlineData(10_000, 5)]
    [InlineData(10_001, 15)]
    [InlineData(100_000, 15)]
    [InlineData(100_001, 30)]
    public void The_more_rows_the_rarer(int rows, int minutes)
    {
        _schedule.OnPass(Noon, Noon, rows);

        _schedule.Period.Should().Be(TimeSpan.FromMinutes(minutes));
        _schedule.NextDue.Should().Be(Noon + TimeSpan.FromMinutes(minutes));
    }

    [Fact]
    public void Each_pass_that_found_nothing_makes_the_next_one_rarer_up_to_half_an_hour()
    {
        Pass(0);
        foreach (var minutes in (double[])[3, 4.5, 6.75])
        {
            Pass(0);
            _schedule.Period.Should().Be(TimeSpan.FromMinutes(minutes));
        }

        for (var i = 0; i < 20; i++)
        {
            Pass(0);
        }

        _schedule.Period.Should().Be(TimeSpan.FromMinutes(30));
    }

    [Fact]
    public void Settling_passes_say_nothing_of_how_rare_the_others_may_be()
    {
        Pass(0);
        _schedule.OnEpoch(Noon);
        Pass(8);
        Pass(63);

        _schedule.Period.Should().Be(TimeSpan.FromMinutes(2));
    }

    [Fact]
    public void Each_loss_halves_the_period_down_to_half_a_minute()
    {
        Pass(0);
        _schedule.OnLoss();
        _schedule.Period.Should().Be(TimeSpan.FromMinutes(1));
        _schedule.OnLoss();
        _schedule.OnLoss();
        _schedule.OnLoss();

        _schedule.Period.Should().Be(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void A_pass_that_found_a_loss_halves_the_period_that_was_before_it()
    {
        Pass(0);
        Pass(200);
        _schedule.Period.Should().Be(TimeSpan.FromMinutes(3));

        Pass(400);
        _schedule.OnLoss();

        _schedule.Period.Should().Be(TimeSpan.FromMinutes(1.5));
    }

    [Fact]
    public void A_lossy_stream_is_read_every_half_minute_whatever_the_period_and_a_good_one_not()
    {
        _schedule.OnPass(Noon, Noon, rows: 100_000);
        _schedule.IsLossy = true;
        _schedule.NextDue.Should().Be(At(30));

        _schedule.IsLossy = false;
        _schedule.NextDue.Should().Be(Noon + TimeSpan.FromMinutes(15));
    }

    [Fact]
    public void A_period_of_the_users_own_changes_with_nothing()
    {
        var schedule = new ReconcileSchedule(new Middle(), TimeSpan.FromMinutes(7));
        schedule.OnPass(Noon, Noon, rows: 1_000_000);
        schedule.OnPass(Noon, Noon, rows: 1_000_000);
        schedule.OnLoss();

        schedule.Period.Should().Be(TimeSpan.FromMinutes(7));
        schedule.NextDue.Should().Be(Noon + TimeSpan.FromMinutes(7));
    }

    private static TimeSpan At(double seconds) => Noon + TimeSpan.FromSeconds(seconds);

    private void Pass(double seconds) => _schedule.OnPass(At(seconds), At(seconds), rows: 10);

    /// <summary>Chance that is always the middle: no jitter of a period, half of a settling time's.</summary>
    private sealed class Middle : IRandomizer
    {
        public double NextDouble() => 0.5;

        public string NextNonce() => throw new NotSupportedException();
    }
}
