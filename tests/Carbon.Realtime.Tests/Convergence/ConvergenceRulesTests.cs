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
        rules.OnPage([new("a", "v1")], [], rules.Events, Noon, (_, kind) => _log.Entries.Add($"{kind}"));

        _compared.Should().Be(1);
        _log.Entries.Should().Equal("+a");
    }

    [Fact]
    public void A_read_that_brings_another_row_compares_once_and_is_a_repair()
    {
        var rules = Create();
        rules.OnEvent(Put("a", "v1"), Noon);
        rules.BeginScan();
        rules.OnPage([new("a", "v2"), new("b", "v1")], [], rules.Events, Noon, (key, kind) => _log.Entries.Add($"{kind} {key}"));

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

    private static RowEvent<string, string> Put(string key, string row) => new(RowEventKind.Put, key, new string(row), null);

    private static void Ask(ConvergenceRules<string, string> rules, TimeSpan now)
    {
        rules.BeginAsking(["a"]);
        rules.OnAnswer([new("a", "v1")], [], [], now);
        rules.EndAsking(now);
    }

    private ConvergenceRules<string, string> Create() => new(
        null,
        (one, other) =>
        {
            _compared++;
            return one == other;
        },
        version: null,
        ConvergencePolicy.Full,
        _log);

    private sealed class Log : IRowLog<string, string>
    {
        public List<string> Entries { get; } = [];

        public void Added(string key, string row) => Entries.Add($"+{key}");

        public void Updated(string key, string row, string before) => Entries.Add($"~{key}");

        public void Removed(string key, string before) => Entries.Add($"-{key}");
    }
}
