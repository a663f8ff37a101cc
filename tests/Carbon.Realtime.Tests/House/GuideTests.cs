using System.Text.RegularExpressions;

namespace Carbon.Realtime.Tests.House;

/// <summary>The guides for users name everything that a user can meet.</summary>
public sealed partial class GuideTests
{
    [Fact]
    public void Every_gap_reason_has_a_row_that_says_what_it_asks_for() =>
        FirstColumn("guarantees.md", "What each gap asks of you").Should().BeEquivalentTo(Enum.GetNames<GapReason>());

    [Fact]
    public void Every_state_and_reason_of_a_store_has_a_row_that_says_what_is_shown()
    {
        FirstColumn("guarantees.md", "Live stores").Should().BeEquivalentTo(Enum.GetNames<StoreState>().Concat(Enum.GetNames<StoreReason>()));
        FirstColumn("guarantees.md", "Live stores").Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public void Every_error_reason_is_spoken_of()
    {
        var guides = Read("troubleshooting.md") + Read("guarantees.md");
        Enum.GetNames<RealtimeErrorReason>().Where(name => !guides.Contains($"`{name}`", StringComparison.Ordinal)).Should().BeEmpty();
    }

    [Fact]
    public void Every_state_is_spoken_of()
    {
        var guide = Read("troubleshooting.md");
        Enum.GetNames<RealtimeState>().Where(name => !guide.Contains($"`{name}`", StringComparison.Ordinal)).Should().BeEmpty();
    }

    [Fact]
    public void Every_option_that_a_guide_names_exists()
    {
        string[] others =
        [
            .. Enum.GetNames<GapReason>(), .. Enum.GetNames<StoreState>(), .. Enum.GetNames<StoreReason>(), .. Enum.GetNames<RealtimeErrorReason>(), .. Enum.GetNames<RealtimeState>(),
            .. typeof(RealtimeChannelManager).Assembly.GetExportedTypes().SelectMany(static t => t.GetMembers().Select(static m => m.Name).Append(t.Name.Split('`')[0])),

            // Of .NET, of the server, and of the log.
            "OnNext", "OnError", "OnCompleted", "Subscribe", "CompositeDisposable", "ArgumentException", "FormatException", "InvalidOperationException",
            "ObjectDisposedException", "JsonSerializerContext", "SELECT", "TRUNCATE",

            // Of packages that this project does not reference.
            "UseSqliteCache", "MaxBytesPerUser", "UnusedLifetime", "LockTimeout",
        ];
        var names = SingleName().Matches(Read("troubleshooting.md") + Read("guarantees.md")).Select(static m => m.Groups[1].Value);
        names.Where(name => !others.Contains(name)).Should().BeEmpty();
    }

    private static IEnumerable<string> FirstColumn(string guide, string section) =>
        Read(guide).Split("\n## " + section)[1].Split("\n## ")[0].Split('\n')
            .Select(static line => RowName().Match(line)).Where(static m => m.Success).Select(static m => m.Groups[1].Value);

    private static string Read(string guide) => File.ReadAllText(Path.Combine(ApprovedText.RepositoryRoot(), "docs", guide));

    [GeneratedRegex("^\\| `([A-Z][A-Za-z]+)` \\|")]
    private static partial Regex RowName();

    /// <summary>A code span that is one name of ours, perhaps called.</summary>
    [GeneratedRegex("`([A-Z][A-Za-z]+)(?:\\([^`]*\\))?`")]
    private static partial Regex SingleName();
}
