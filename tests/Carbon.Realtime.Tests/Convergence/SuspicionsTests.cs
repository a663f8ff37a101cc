using Carbon.Realtime.Convergence;

namespace Carbon.Realtime.Tests.Convergence;

public sealed class SuspicionsTests
{
    private static readonly TimeSpan Old = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Noon = TimeSpan.FromHours(12);

    private readonly Suspicions<string> _suspicions = new(null);
    private readonly List<RepairKind> _lost = [];

    [Fact]
    public void A_repair_whose_event_comes_within_five_seconds_was_only_early()
    {
        _suspicions.OnRepair("a", RepairKind.Missing, isProof: true, Noon);
        _suspicions.NextDue.Should().Be(At(5));
        _suspicions.OnEvent("a");

        _suspicions.NextDue.Should().BeNull();
        Look(5).Should().Be(StreamCure.None);
        _lost.Should().BeEmpty();
    }

    [Fact]
    public void A_repair_without_its_event_is_a_loss_after_five_seconds_and_not_before()
    {
        _suspicions.OnRepair("a", RepairKind.Stale, isProof: true, Noon);
        _suspicions.OnEvent("b");

        Look(4.9).Should().Be(StreamCure.None);
        _lost.Should().BeEmpty();
        Look(5).Should().Be(StreamCure.Rejoin);
        _lost.Should().Equal(RepairKind.Stale);
        _suspicions.NextDue.Should().BeNull();
    }

    [Fact]
    public void A_row_that_is_put_right_again_is_clear_five_seconds_after_the_first_time()
    {
        _suspicions.OnRepair("a", RepairKind.Missing, isProof: true, Noon);
        _suspicions.OnRepair("b", RepairKind.Missing, isProof: true, At(2));
        _suspicions.OnRepair("a", RepairKind.Stale, isProof: true, At(3));

        _suspicions.NextDue.Should().Be(At(5));
        Look(5);
        _lost.Should().Equal(RepairKind.Missing);
        _suspicions.NextDue.Should().Be(At(7));
    }

    [Fact]
    public void Losses_again_and_again_cost_a_join_then_a_socket_then_the_trust()
    {
        Lose(0).Should().Be(StreamCure.Rejoin);
        Lose(100).Should().Be(StreamCure.Reconnect);
        _suspicions.IsLossy.Should().BeFalse();
        Lose(200).Should().Be(StreamCure.Poll);
        _suspicions.IsLossy.Should().BeTrue();
        Lose(300).Should().Be(StreamCure.Poll);
    }

    [Fact]
    public void Many_losses_at_once_are_one()
    {
        for (var i = 0; i < 2_000; i++)
        {
            _suspicions.OnRepair($"k{i}", RepairKind.Missing, isProof: true, Noon);
        }

        Look(5).Should().Be(StreamCure.Rejoin);
        _lost.Should().HaveCount(1_000, "more are not remembered: one is enough");
    }

    [Fact]
    public void What_has_another_explanation_is_counted_and_cured_by_nothing()
    {
        _suspicions.OnRepair("a", RepairKind.Extra, isProof: false, Noon);

        Look(5).Should().Be(StreamCure.None);
        _lost.Should().Equal(RepairKind.Extra);
        _suspicions.OnRepair("b", RepairKind.Stale, isProof: false, Noon);
        _suspicions.OnRepair("c", RepairKind.Stale, isProof: true, Noon);
        _suspicions.Look(At(5), TimeSpan.Zero, static _ => { }).Lost.Should().Be(1);
        Lose(10).Should().Be(StreamCure.Rejoin, "it was no strike");
    }

    [Fact]
    public void Soon_after_an_ok_a_loss_is_the_servers_habit_and_no_reason_to_join_again()
    {
        _suspicions.OnRepair("a", RepairKind.Missing, isProof: true, Noon);

        Look(5, epochAge: TimeSpan.FromSeconds(89)).Should().Be(StreamCure.None);
        _lost.Should().Equal(RepairKind.Missing);
        Lose(10).Should().Be(StreamCure.Rejoin);
    }

    [Fact]
    public void Another_epoch_forgets_what_was_repaired_in_the_last_one()
    {
        _suspicions.OnRepair("a", RepairKind.Missing, isProof: true, Noon);
        _suspicions.OnEpoch();

        Look(60).Should().Be(StreamCure.None);
        _lost.Should().BeEmpty();
    }

    [Fact]
    public void Three_passes_without_a_loss_make_a_stream_good_again()
    {
        Lose(0);
        Lose(100);
        Lose(200);
        _suspicions.OnPass();
        _suspicions.OnPass();
        _suspicions.IsLossy.Should().BeTrue();
        _suspicions.OnPass();

        _suspicions.IsLossy.Should().BeFalse();
        Lose(300).Should().Be(StreamCure.Rejoin);
    }

    [Fact]
    public void A_pass_that_repaired_something_is_not_a_clean_one()
    {
        Lose(0);
        Lose(100);
        Lose(200);
        for (var i = 0; i < 5; i++)
        {
            _suspicions.OnRepair("a", RepairKind.Missing, isProof: true, At(300));
            _suspicions.OnPass();
        }

        _suspicions.IsLossy.Should().BeTrue();
    }

    [Fact]
    public void A_loss_begins_the_count_of_clean_passes_anew()
    {
        Lose(0);
        Lose(100);
        Lose(200);
        _suspicions.OnPass();
        _suspicions.OnPass();
        Lose(300);
        _suspicions.OnPass();

        _suspicions.IsLossy.Should().BeTrue();
    }

    private static TimeSpan At(double seconds) => Noon + TimeSpan.FromSeconds(seconds);

    private StreamCure Lose(double at)
    {
        _suspicions.OnRepair("a", RepairKind.Missing, isProof: true, At(at));
        return Look(at + 5);
    }

    private StreamCure Look(double seconds, TimeSpan? epochAge = null) => _suspicions.Look(At(seconds), epochAge ?? Old, _lost.Add).Cure;
}
