using Carbon.Realtime.Convergence;

namespace Carbon.Realtime.Tests.Convergence;

public sealed class DoubtsTests
{
    private static readonly TimeSpan Noon = TimeSpan.FromHours(12);

    private readonly Doubts<string> _doubts = new(null);

    [Fact]
    public void No_doubt_is_due_at_no_time()
    {
        _doubts.NextDue.Should().BeNull();
        _doubts.Oldest.Should().BeNull();
        _doubts.Due(TimeSpan.MaxValue, 10).Should().BeEmpty();
        _doubts.Settle("a").Should().Be(0);
        _doubts.Fail("a").Should().BeTrue("nobody doubts it, so that nothing is left to anybody");
    }

    [Fact]
    public void The_oldest_of_all_doubts_counts()
    {
        _doubts.Add("a", At(3), isUnknown: false);
        _doubts.Add("b", At(1), isUnknown: false);
        _doubts.Add("b", At(9), isUnknown: false);
        _doubts.Add("c", At(2), isUnknown: true);

        _doubts.Oldest.Should().Be(At(1));
    }

    [Fact]
    public void A_key_is_read_when_the_stream_was_silent_of_it_for_a_second()
    {
        Add(0);
        _doubts.NextDue.Should().Be(At(1));
        Add(0.9);

        _doubts.NextDue.Should().Be(At(1.9));
        _doubts.Due(At(1.89), 10).Should().BeEmpty();
        _doubts.Due(At(1.9), 10).Should().Equal("a");
        _doubts.Oldest.Should().Be(Noon);
    }

    [Fact]
    public void A_key_that_the_stream_is_never_silent_of_is_read_after_five_seconds()
    {
        for (var second = 0.0; second < 5; second += 0.5)
        {
            Add(second);
        }

        _doubts.NextDue.Should().Be(At(5));
    }

    [Fact]
    public void A_key_of_which_nothing_current_is_shown_is_read_almost_at_once()
    {
        Add(0, isUnknown: true);
        _doubts.NextDue.Should().Be(At(0.05));
        for (var second = 0.04; second < 1; second += 0.04)
        {
            Add(second, isUnknown: true);
        }

        _doubts.NextDue.Should().Be(At(1));
    }

    [Fact]
    public void What_is_not_known_stays_so_until_it_is_read()
    {
        Add(0, isUnknown: true);
        Add(0.01);

        _doubts.NextDue.Should().Be(At(0.06));
    }

    [Fact]
    public void Each_read_that_does_not_settle_a_key_doubles_its_pause_and_the_fifth_leaves_it_to_the_next_full_read()
    {
        Add(0);
        foreach (var pause in (double[])[2, 4, 8, 16])
        {
            _doubts.Fail("a").Should().BeTrue();
            _doubts.NextDue.Should().Be(At(pause));
        }

        _doubts.Fail("a").Should().BeFalse();
        _doubts.Count.Should().Be(0);
    }

    [Fact]
    public void No_pause_is_longer_than_half_a_minute_after_the_last_word()
    {
        _doubts.Add("a", Noon, isUnknown: false, attempts: 8);

        _doubts.NextDue.Should().Be(At(30));
    }

    [Fact]
    public void Settling_a_key_tells_how_many_reads_it_took_before()
    {
        Add(0);
        _doubts.Fail("a");
        _doubts.Fail("a");

        _doubts.Settle("a").Should().Be(2);
        _doubts.Contains("a").Should().BeFalse();
    }

    [Fact]
    public void The_longest_due_come_first_and_not_more_than_can_be_asked_for()
    {
        foreach (var (key, second) in (IEnumerable<(string, double)>)[("c", 0.3), ("a", 0.1), ("d", 0.4), ("b", 0.2), ("later", 9)])
        {
            _doubts.Add(key, At(second), isUnknown: false);
        }

        _doubts.Due(At(5), 3).Should().Equal("a", "b", "c");
        _doubts.Due(At(5), 9).Should().Equal("a", "b", "c", "d");
    }

    [Fact]
    public void A_full_read_settles_the_keys_of_which_it_was_the_last_word()
    {
        Add(0);
        _doubts.Add("b", Noon, isUnknown: true);
        _doubts.Add("c", Noon, isUnknown: true);

        _doubts.SettleAll(static key => key != "b");

        _doubts.Keys.Should().Equal("b");
    }

    [Fact]
    public void Keys_are_compared_as_the_table_compares_them()
    {
        var doubts = new Doubts<string>(StringComparer.OrdinalIgnoreCase);
        doubts.Add("a", Noon, isUnknown: false);

        doubts.Contains("A").Should().BeTrue();
    }

    private static TimeSpan At(double seconds) => Noon + TimeSpan.FromSeconds(seconds);

    private void Add(double seconds, bool isUnknown = false) => _doubts.Add("a", At(seconds), isUnknown);
}
