using Carbon.Realtime.Changes;
using Carbon.Realtime.Convergence;

namespace Carbon.Realtime.Tests.Convergence;

/// <summary>The event rule and the read rule, clause by clause (docs/convergence.md, "Events" and "Reads"): each of these fails when its clause is taken out.</summary>
public sealed class ReadRuleTests
{
    private static readonly TimeSpan Noon = TimeSpan.FromHours(12);

    private readonly List<string> _log = [];

    [Fact]
    public void A_change_of_the_same_version_is_applied_and_needs_no_read()
    {
        var rules = Create(VersionOf);

        rules.OnEvent(Put("a", "v2"), Noon);
        rules.OnEvent(Put("a", "v2 again"), Noon);

        Shown(rules).Should().Be("a=v2 again");
        rules.Doubts.Count.Should().Be(0);
    }

    [Fact]
    public void A_change_of_an_older_version_is_not_applied_and_its_key_is_read()
    {
        var rules = Create(VersionOf);

        rules.OnEvent(Put("a", "v2"), Noon);
        rules.OnEvent(Put("a", "v1"), Noon);

        Shown(rules).Should().Be("a=v2");
        rules.Doubts.Keys.Should().Equal("a");
    }

    [Fact]
    public void A_row_of_a_newer_version_is_taken_from_the_read_although_the_stream_spoke_meanwhile()
    {
        var rules = Create(VersionOf);
        rules.BeginScan();
        rules.OnEvent(Put("a", "v2"), Noon);

        rules.OnPage([new("a", "v3")], [], start: 0, Noon, onRepair: null);

        Shown(rules).Should().Be("a=v3");
        rules.Doubts.Keys.Should().Equal(["a"], "it is read once more all the same");
    }

    /// <summary>The simulation's find: a replica that is behind takes a row back (docs/reliability.md, "What it found").</summary>
    [Fact]
    public void A_row_of_an_older_version_than_the_one_held_is_not_taken_from_a_read_until_five_in_a_row_say_so()
    {
        var rules = Create(VersionOf);
        rules.OnEvent(Put("a", "v2"), Noon);
        rules.BeginScan();

        rules.OnPage([new("a", "v1")], [], rules.Moment, Noon, onRepair: null);
        rules.EndScan(Noon, onRepair: null);

        Shown(rules).Should().Be("a=v2");
        rules.Doubts.Keys.Should().Equal("a");
        rules.OnEvent(new RowEvent<string, string>(RowEventKind.Ask, "a", null, null), Noon); // in a hurry …
        for (var read = 1; read < Doubts<string>.MaxAttempts; read++)
        {
            Ask();
            rules.Doubts.NextDue.Should().Be(Noon + TimeSpan.FromSeconds(1 << read), "… and no more");
            Shown(rules).Should().Be("a=v2", "{0} reads are not enough", read);
            rules.Doubts.Keys.Should().Equal("a");
        }

        Ask();
        Shown(rules).Should().Be("a=v1");
        rules.Doubts.Count.Should().Be(0);

        void Ask()
        {
            rules.BeginAsking(["a"]);
            rules.OnAnswer([new("a", "v1")], [], [], Noon);
            rules.EndAsking(Noon);
        }
    }

    /// <summary>The simulation's find: a row that changed often was asked for often, and the first older answer was believed.</summary>
    [Fact]
    public void Reads_of_a_row_that_changes_again_and_again_do_not_say_that_it_is_older()
    {
        var rules = Create(VersionOf);
        for (var version = 1; version <= Doubts<string>.MaxAttempts; version++)
        {
            rules.OnEvent(new RowEvent<string, string>(RowEventKind.Ask, "a", null, null), Noon);
            rules.BeginAsking(["a"]);
            rules.OnAnswer([new("a", $"v{version}")], [], [], Noon);
            rules.EndAsking(Noon);
        }

        rules.OnEvent(Put("a", "v6"), Noon);
        rules.BeginScan();

        rules.OnPage([new("a", "v5")], [], rules.Moment, Noon, onRepair: null);
        rules.EndScan(Noon, onRepair: null);

        Shown(rules).Should().Be("a=v6");
        rules.Doubts.Keys.Should().Equal("a");
    }

    /// <summary>A row that was deleted, which nobody told, and made anew with versions from the beginning: changes that are older too do not begin the count anew.</summary>
    [Fact]
    public void A_row_whose_versions_began_anew_is_believed_though_it_changes_between_the_reads()
    {
        var rules = Create(VersionOf);
        rules.OnEvent(Put("a", "v9"), Noon);
        for (var version = 1; version <= Doubts<string>.MaxAttempts; version++)
        {
            Shown(rules).Should().Be("a=v9");
            rules.OnEvent(Put("a", $"v{version}"), Noon);
            rules.BeginAsking(["a"]);
            rules.OnAnswer([new("a", $"v{version}")], [], [], Noon);
            rules.EndAsking(Noon);
        }

        Shown(rules).Should().Be("a=v5");
    }

    [Fact]
    public void What_the_stream_says_of_a_key_in_doubt_puts_its_read_off_also_long_after_the_last_one()
    {
        var rules = Create();
        Scan(rules, Noon);
        rules.OnEvent(Put("a", "v1"), Noon + TimeSpan.FromSeconds(4.9));
        rules.Doubts.NextDue.Should().Be(Noon + TimeSpan.FromSeconds(5.9));

        rules.OnEvent(Put("a", "v2"), Noon + TimeSpan.FromSeconds(5.5));

        rules.Doubts.NextDue.Should().Be(Noon + TimeSpan.FromSeconds(6.5));
    }

    [Fact]
    public void A_row_that_is_there_and_cannot_be_held_is_gone_and_no_change_was_lost()
    {
        var rules = Create();
        rules.OnEvent(Put("a", "v1"), Noon);
        rules.BeginScan();

        rules.OnPage([], ["a"], rules.Moment, Noon, Repair);
        Shown(rules).Should().BeEmpty("it is not waited for the scan's end");
        rules.EndScan(Noon, Repair);

        _log.Should().Equal("+a", "-a");
    }

    [Fact]
    public void A_scan_settles_the_keys_of_which_nothing_was_said_since_it_began()
    {
        var rules = Create();
        Scan(rules, Noon);
        rules.OnEvent(Put("a", "v1"), Noon);
        rules.OnEvent(Put("b", "v1"), Noon);
        rules.BeginScan();
        rules.OnEvent(Put("b", "v2"), Noon);

        rules.EndScan(Noon, onRepair: null);

        rules.Doubts.Keys.Should().Equal("b");
    }

    [Fact]
    public void A_row_that_was_read_by_itself_is_not_swept_by_a_scan_that_had_passed_its_place()
    {
        var rules = Create();
        rules.BeginScan();
        rules.BeginAsking(["a"]);
        rules.OnAnswer([new("a", "v1")], [], [], Noon);
        rules.EndAsking(Noon);

        rules.EndScan(Noon, onRepair: null);

        Shown(rules).Should().Be("a=v1");
    }

    [Fact]
    public void A_key_of_which_reads_learn_nothing_is_left_to_the_scan_after_five()
    {
        var rules = Create();
        rules.OnEvent(new RowEvent<string, string>(RowEventKind.Ask, "a", null, null), Noon);
        var left = new List<int>();
        while (rules.Doubts.Count > 0 && left.Count < 10)
        {
            rules.BeginAsking(["a"]);
            left.Add(rules.OnAnswer([], [], ["a"], Noon));
            rules.EndAsking(Noon);
        }

        left.Should().Equal(0, 0, 0, 0, 1);
    }

    [Fact]
    public void A_delete_during_the_read_of_a_row_that_the_read_then_brings_is_looked_at_again()
    {
        var rules = Create();
        rules.BeginScan();
        rules.OnEvent(Remove("a"), Noon);
        rules.Doubts.Count.Should().Be(0, "it may be another tenant's");

        rules.OnPage([new("a", "v1")], [], start: 0, Noon, onRepair: null);

        Shown(rules).Should().BeEmpty("the stream wins");
        rules.Doubts.Keys.Should().Equal("a");
    }

    [Fact]
    public void What_comes_while_everything_is_read_may_be_older_than_the_page_that_was_read_before_it()
    {
        var rules = Create();
        rules.BeginScan();
        rules.OnPage([new("a", "v2")], [], start: 0, Noon, onRepair: null);

        rules.OnEvent(Put("a", "v1"), Noon);

        rules.Doubts.Keys.Should().Equal("a");
    }

    [Fact]
    public void What_comes_soon_after_a_key_was_read_by_itself_may_be_older_than_that()
    {
        var rules = Create();
        rules.BeginAsking(["a"]);
        rules.OnEvent(Put("a", "v0"), Noon);
        rules.Doubts.Keys.Should().Equal(["a"], "it is just being read");
        rules.OnAnswer([new("a", "v2")], [], [], Noon);
        rules.EndAsking(Noon);
        rules.BeginAsking(["a"]);
        rules.OnAnswer([new("a", "v2")], [], [], Noon);
        rules.EndAsking(Noon);
        rules.Doubts.Count.Should().Be(0);

        rules.OnEvent(Put("a", "v1"), Noon + TimeSpan.FromSeconds(4));
        rules.OnEvent(Put("b", "v1"), Noon + TimeSpan.FromSeconds(4));

        rules.Doubts.Keys.Should().Equal("a");
    }

    [Fact]
    public void A_read_that_ends_leaves_the_marks_of_the_one_that_goes_on()
    {
        var scanning = Create();
        scanning.BeginScan();
        scanning.OnEvent(Put("a", "v2"), Noon);
        scanning.BeginAsking(["b"]);
        scanning.EndAsking(Noon);
        scanning.OnPage([new("a", "v1")], [], start: 0, Noon, onRepair: null);
        Shown(scanning).Should().Be("a=v2");

        var asking = Create();
        asking.BeginAsking(["a"]);
        asking.OnEvent(Put("a", "v2"), Noon);
        asking.BeginScan();
        asking.AbandonScan();
        asking.OnAnswer([new("a", "v1")], [], [], Noon);
        Shown(asking).Should().Be("a=v2");
    }

    [Fact]
    public void Nothing_is_remembered_of_changes_when_nothing_is_read()
    {
        var rules = Create();
        rules.BeginHydration();
        rules.BeginScan();
        rules.BeginAsking(["a"]);
        rules.OnEvent(Put("a", "v1"), Noon);
        rules.Touched.Should().Be(1);

        rules.EndHydration([]);
        rules.EndAsking(Noon);
        rules.Touched.Should().Be(1);
        rules.EndScan(Noon, onRepair: null);
        rules.Touched.Should().Be(0);

        rules.OnEvent(Put("b", "v1"), Noon);
        rules.Touched.Should().Be(0);
    }

    [Fact]
    public void A_purge_tells_of_every_row_and_forgets_doubts_and_reads()
    {
        var rules = Create();
        Scan(rules, Noon);
        rules.OnEvent(Put("a", "v1"), Noon);
        rules.BeginScan();
        rules.Doubts.Count.Should().Be(1);

        rules.Purge();

        _log.Should().Equal("+a", "-a");
        (rules.Rows.Count, rules.Doubts.Count, rules.IsScanning).Should().Be((0, 0, false));
    }

    [Fact]
    public void A_scan_that_leaves_most_slots_dead_moves_the_rows_together()
    {
        var rules = Create();
        for (var i = 0; i < 3_000; i++)
        {
            rules.OnEvent(Put($"k{i}", "v1"), Noon);
        }

        rules.BeginScan();
        rules.OnPage([new("k7", "v1"), new("k2999", "v1")], [], rules.Moment, Noon, onRepair: null);
        rules.EndScan(Noon, onRepair: null);

        Shown(rules).Should().Be("k2999=v1 k7=v1");
        rules.Rows.SlotCount.Should().Be(2);
    }

    private static long VersionOf(string row) => row[1] - '0';

    private static RowEvent<string, string> Put(string key, string row) => new(RowEventKind.Put, key, row, null);

    private static RowEvent<string, string> Remove(string key) => new(RowEventKind.Remove, key, null, null);

    private static void Scan(ConvergenceRules<string, string> rules, TimeSpan now)
    {
        rules.BeginScan();
        rules.EndScan(now, onRepair: null);
    }

    private static string Shown(ConvergenceRules<string, string> rules)
    {
        var rows = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, row) in rules.Rows.Publish())
        {
            rows.Add(key, row);
        }

        return string.Join(' ', rows.Select(static r => $"{r.Key}={r.Value}"));
    }

    private void Repair(string key, RepairKind kind) => _log.Add($"{kind} {key}");

    private ConvergenceRules<string, string> Create(Func<string, long>? version = null) =>
        new(null, static (one, other) => one == other, version, ConvergencePolicy.Full, new Log(_log));

    private sealed class Log(List<string> entries) : IRowLog<string, string>
    {
        public void Added(string key, string row) => entries.Add($"+{key}");

        public void Updated(string key, string row, string before) => entries.Add($"~{key}");

        public void Removed(string key, string before) => entries.Add($"-{key}");
    }
}
