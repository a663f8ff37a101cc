using Carbon.Realtime.Connection;

namespace Carbon.Realtime.Tests.Connection;

public sealed class PauseDetectorTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly PauseDetector _detector = new(TimeSpan.FromSeconds(25));

    public PauseDetectorTests() => _detector.Start(TimeSpan.FromHours(1), Noon);

    [Fact]
    public void A_look_that_comes_in_time_by_both_clocks_shows_nothing()
    {
        for (var i = 1; i <= 100; i++)
        {
            var look = Look(25 * i, 25 * i);
            (look.IsPause, look.IsClockChange, look.IsLate).Should().Be((false, false, false));
        }
    }

    [Theory]
    [InlineData(25.9, false, false)]
    [InlineData(26, true, false)]
    [InlineData(34.9, true, false)]
    [InlineData(35, true, true)]
    [InlineData(7200, true, true)]
    public void A_look_that_comes_late_by_both_clocks_was_held_up_and_from_ten_seconds_on_it_was_a_pause(double seconds, bool isLate, bool isPause)
    {
        var look = Look(seconds, seconds);
        (look.IsLate, look.IsPause, look.IsClockChange).Should().Be((isLate, isPause, false), "Windows counts sleep on both clocks, and so does a stop signal");
        Look(seconds + 25, seconds + 25).IsPause.Should().BeFalse("a pause is told once");
    }

    [Theory]
    [InlineData(25.9, false, false)]
    [InlineData(26, true, false)]
    [InlineData(34.9, true, false)]
    [InlineData(35, true, true)]
    [InlineData(7200, true, true)]
    [InlineData(24.1, false, false)]
    [InlineData(24, true, false)]
    [InlineData(-7200, true, false)]
    public void A_wall_clock_that_ran_ahead_was_a_pause_and_one_that_was_set_back_is_a_change(double wall, bool isChange, bool isPause)
    {
        var look = Look(25, wall);
        (look.IsClockChange, look.IsPause, look.IsLate).Should().Be((isChange, isPause, false), "Linux and macOS do not count sleep");
        (Look(50, wall + 25) is { IsClockChange: false, IsPause: false }).Should().BeTrue("it is told once");
    }

    [Fact]
    public void A_wall_clock_that_is_slewed_is_told_when_it_adds_up_and_is_never_a_pause()
    {
        var told = new List<TimeSpan>();
        for (var i = 1; i <= 100; i++)
        {
            var look = Look(25 * i, 25.3 * i);
            look.IsPause.Should().BeFalse();
            if (look.IsClockChange)
            {
                told.Add(look.Step);
            }
        }

        told.Should().HaveCount(25).And.OnlyContain(step => Math.Abs(step.TotalSeconds - 1.2) < 0.001);
    }

    [Fact]
    public void An_early_look_is_nothing()
    {
        var look = Look(3, 3);
        (look.IsLate, look.IsPause, look.IsClockChange).Should().Be((false, false, false), "the socket ended before its next beat");
    }

    private ClockLook Look(double monotonic, double wall) => _detector.Look(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(monotonic), Noon.AddSeconds(wall));
}
