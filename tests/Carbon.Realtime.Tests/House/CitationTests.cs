using System.Text.RegularExpressions;

namespace Carbon.Realtime.Tests.House;

/// <summary>What the code cites exists: <c>docs/protocol.md, "Section"</c> names a heading of that file.</summary>
public sealed partial class CitationTests
{
    /// <summary>Several sections may follow one another: <c>docs/protocol.md, "Frames", "Changes" and "Names"</c>; a comment may break in between.</summary>
    [GeneratedRegex("""docs/(?<file>[a-z]+)\.md,(?:[\s/]|, | and )+(?:"(?<section>[^"\n]+)"(?:,?[\s/]+and[\s/]+|,[\s/]+)?)+""")]
    private static partial Regex Citation { get; }

    /// <summary>What looks like a citation and is none: another style, or a file that is not in docs/.</summary>
    [GeneratedRegex("""(?<!docs/)\b(protocol|postgrest|architecture|carbon)\.md\b|\.md,? §|\.md sections? \d""")]
    private static partial Regex Stray { get; }

    [Fact]
    public void Every_cited_section_exists()
    {
        var headings = Directory.GetFiles(Path.Combine(ApprovedText.RepositoryRoot(), "docs"), "*.md").ToDictionary(
            static path => Path.GetFileNameWithoutExtension(path),
            static path => File.ReadLines(path).Where(static l => l.StartsWith("##", StringComparison.Ordinal)).Select(static l => l.TrimStart('#', ' ')).ToHashSet());
        var cited = Sources().SelectMany(static path => Citations(File.ReadAllText(path)).Select(c => (Path: path, c.File, c.Section))).ToList();

        cited.Should().HaveCountGreaterThan(30, "the code cites the protocol");
        cited.Where(c => !headings.TryGetValue(c.File, out var known) || !known.Contains(c.Section)).Should().BeEmpty();
    }

    [Fact]
    public void There_is_one_way_to_cite() =>
        Sources().Where(static path => Stray.IsMatch(File.ReadAllText(path))).Should().BeEmpty("a citation reads: docs/protocol.md, \"Section\"");

    [Fact]
    public void A_citation_of_several_sections_is_read_whole() =>
        Citations("""/// (docs/protocol.md, "Frames", "The socket's limits"\n/// and "Names").""".Replace("\\n", "\n")).Select(static c => c.Section)
            .Should().Equal("Frames", "The socket's limits", "Names");

    private static IEnumerable<(string File, string Section)> Citations(string text) =>
        Citation.Matches(text).SelectMany(static m => m.Groups["section"].Captures.Select(s => (m.Groups["file"].Value, s.Value)));

    private static IEnumerable<string> Sources() => Directory
        .GetFiles(Path.Combine(ApprovedText.RepositoryRoot(), "src"), "*.cs", SearchOption.AllDirectories)
        .Where(static path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}"));
}
