using Carbon.Realtime.Changes;
using Carbon.Realtime.Convergence;

namespace Carbon.Realtime.Tests.Convergence;

/// <summary>What the rules cost and what they remember; what they decide is told by the interleavings.</summary>
public sealed class ConvergenceRulesTests
{
    private static readonly TimeSpan Noon = TimeSpan.FromHours(12);

    private readonly Log _log = new();
    private int _compared;

    [Fact]
    public void An_event_compares_no_rows()
    {
        var rules = Create();
        rules.OnEvent(Put("a", "v1"), Noon);
        rules.OnEvent(Put("a", "v1"), Noon);

        _compared.Should().Be(0);
        _log.Entries.Should().Equal("+a", "~a");
    }

    [Fact]
    public void A_read_that_brings_what_is_there_compares_once_and_changes_nothing()
    {
        var rules = Create();
        rules.OnEvent(Put("a", "v1"), Noon);
        rules.BeginScan();
        rules.OnPage([new("a", "v1")], [], rules.Moment, Noon, (_, kind) => _log.Entries.Add($"{kind}"));

        _compared.Should().Be(1);
        _log.Entries.Should().Equal("+a");
    }

    [Fact]
    public void A_read_that_brings_another_row_compares_once_and_is_a_repair()
    {
        var rules = Create();
        rules.OnEvent(Put("a", "v1"), Noon);
        rules.BeginScan();
        rules.OnPage([new("a", "v2"), new("b", "v1")], [], rules.Moment, Noon, (key, kind) => _log.Entries.Add($"{kind} {key}"));

        _compared.Should().Be(1);
        _log.Entries.Should().Equal("+a", "Stale a", "~a", "Missing b", "+b");
    }

    [Fact]
    public void A_key_that_was_asked_for_just_now_is_asked_for_later_the_next_time()
    {
        var rules = Create();
        Ask(rules, Noon);

        rules.OnEvent(new RowEvent<string, string>(RowEventKind.Ask, "a", null, null), Noon + TimeSpan.FromSeconds(4));

        rules.Doubts.NextDue.Should().Be(Noon + TimeSpan.FromSeconds(4.1));
    }

    [Fact]
    public void A_key_that_was_asked_for_long_ago_is_asked_for_as_if_for_the_first_time()
    {
        var rules = Create();
        for (var hour = 0; hour < 6; hour++)
        {
            var now = Noon + TimeSpan.FromHours(hour);
            rules.OnEvent(new RowEvent<string, string>(RowEventKind.Ask, "a", null, null), now);
            rules.Doubts.NextDue.Should().Be(now + Doubts<string>.QuietUnknown);
            Ask(rules, now);
        }
    }

    [Fact]
    public void An_answer_that_a_page_has_overtaken_neither_undoes_it_nor_settles_the_key()
    {
        var rules = Create();
        rules.OnEvent(new RowEvent<string, string>(RowEventKind.Ask, "a", null, null), Noon);
        rules.BeginAsking(["a"]); // answered with v1, slowly
        rules.BeginScan();
        rules.OnPage([new("a", "v2")], [], rules.Moment, Noon, onRepair: null);
        rules.OnAnswer([new("a", "v1")], [], [], Noon);
        rules.EndAsking(Noon);
        rules.EndScan(Noon, onRepair: null);

        Row(rules, "a").Should().Be("v2");
        rules.Doubts.Contains("a").Should().BeTrue();
    }

    [Fact]
    public void Without_that_rule_the_older_one_stays()
    {
        var rules = Create(ConvergencePolicy.Full with { ReadsTouchEachOther = false });
        rules.BeginAsking(["a"]);
        rules.BeginScan();
        rules.OnPage([new("a", "v2")], [], rules.Moment, Noon, onRepair: null);
        rules.EndScan(Noon, onRepair: null);
        rules.OnAnswer([new("a", "v1")], [], [], Noon);
        rules.EndAsking(Noon);

        Row(rules, "a").Should().Be("v1");
        rules.Doubts.Count.Should().Be(0);
    }

    /// <summary>The model's find: "a went back from version 3 to 2" (docs/reliability.md, "What it found").</summary>
    [Fact]
    public void A_newer_version_that_an_unsettling_answer_brings_is_not_undone_by_the_page_of_a_scan()
    {
        var rules = new ConvergenceRules<string, string>(null, static (one, other) => one == other, static row => row[1], ConvergencePolicy.Full, _log);
        rules.OnEvent(Put("a", "v1"), Noon);
        rules.BeginAsking(["a"]);
        rules.OnEvent(Put("a", "v2"), Noon);
        rules.BeginScan(); // reads v2, slowly
        rules.OnAnswer([new("a", "v3")], [], [], Noon);
        rules.EndAsking(Noon);
        rules.OnPage([new("a", "v2")], [], rules.State.Scan!.Start, Noon, onRepair: null);
        rules.EndScan(Noon, onRepair: null);

        Row(rules, "a").Should().Be("v3");
        rules.Doubts.Contains("a").Should().BeTrue("no read has had the last word");
    }

    [Fact]
    public void An_answer_that_a_whole_scan_has_overtaken_neither_undoes_it_nor_settles_the_key()
    {
        var rules = Create();
        rules.OnEvent(Put("a", "v1"), Noon);
        rules.OnEvent(new RowEvent<string, string>(RowEventKind.Ask, "a", null, null), Noon);
        rules.BeginAsking(["a"]); // answered with v1, slowly; then the row is deleted
        rules.BeginScan();
        rules.EndScan(Noon, onRepair: null);
        rules.OnAnswer([new("a", "v1")], [], [], Noon);
        rules.EndAsking(Noon);

        Row(rules, "a").Should().BeNull();
        rules.Doubts.Contains("a").Should().BeTrue();
    }

    [Fact]
    public void A_page_that_was_asked_for_before_an_answer_came_does_not_undo_it()
    {
        var rules = Create();
        rules.BeginScan();
        var start = rules.Moment; // the page is made with v1, and slow
        rules.OnEvent(new RowEvent<string, string>(RowEventKind.Ask, "b", null, null), Noon);
        rules.BeginAsking(["a", "b"]);
        rules.OnAnswer([new("a", "v2")], ["b"], [], Noon);
        rules.EndAsking(Noon);
        rules.OnPage([new("a", "v1"), new("b", "v1")], [], start, Noon, onRepair: null);

        Row(rules, "a").Should().Be("v2");
        Row(rules, "b").Should().BeNull();
        rules.Doubts.Contains("a").Should().BeTrue();
    }

    [Fact]
    public void An_answer_does_not_keep_a_row_that_no_page_brought_but_has_it_read_again()
    {
        var rules = Create();
        rules.OnEvent(new RowEvent<string, string>(RowEventKind.Ask, "a", null, null), Noon);
        rules.BeginAsking(["a"]); // v1; then the row is deleted, and the delete is lost
        rules.BeginScan();
        rules.OnAnswer([new("a", "v1")], [], [], Noon);
        rules.EndAsking(Noon);
        rules.EndScan(Noon, onRepair: null);
        rules.Doubts.Contains("a").Should().BeTrue();

        rules.BeginAsking(["a"]);
        rules.OnAnswer([], ["a"], [], Noon);
        rules.EndAsking(Noon);
        Row(rules, "a").Should().BeNull();
        rules.Doubts.Count.Should().Be(0);
    }

    [Fact]
    public void A_page_that_was_asked_for_after_an_answer_came_is_the_last_word()
    {
        var rules = Create();
        rules.BeginScan();
        rules.BeginAsking(["a"]);
        rules.OnAnswer([new("a", "v1")], [], [], Noon);
        rules.EndAsking(Noon);
        rules.OnPage([new("a", "v2")], [], rules.Moment, Noon, onRepair: null);
        rules.EndScan(Noon, onRepair: null);

        Row(rules, "a").Should().Be("v2");
        rules.Doubts.Count.Should().Be(0);
    }

    private static string? Row(ConvergenceRules<string, string> rules, string key) => rules.Rows.TryGet(key, out var row) ? row : null;

    private static RowEvent<string, string> Put(string key, string row) => new(RowEventKind.Put, key, new string(row), null);

    private static void Ask(ConvergenceRules<string, string> rules, TimeSpan now)
    {
        rules.BeginAsking(["a"]);
        rules.OnAnswer([new("a", "v1")], [], [], now);
        rules.EndAsking(now);
    }

    private ConvergenceRules<string, string> Create(ConvergencePolicy? policy = null) => new(
        null,
        (one, other) =>
        {
            _compared++;
            return one == other;
        },
        version: null,
        policy ?? ConvergencePolicy.Full,
        _log);

    private sealed class Log : IRowLog<string, string>
    {
        public List<string> Entries { get; } = [];

        public void Added(string key, string row) => Entries.Add($"+{key}");

        public void Updated(string key, string row, string before) => Entries.Add($"~{key}");

        public void Removed(string key, string before) => Entries.Add($"-{key}");
    }
}
