using System.IO.Enumeration;
using System.Text.RegularExpressions;

namespace Carbon.Realtime.Tests.House;

/// <summary>What is cited exists, and in this repository: <c>docs/protocol.md, "Frames"</c> names a heading of that file.</summary>
public sealed partial class CitationTests
{
    /// <summary>Several sections may follow one another: <c>docs/protocol.md, "Frames", "Changes" and "Names"</c>; a comment may break in between.</summary>
    [GeneratedRegex("""docs/(?<file>[a-z]+)\.md,(?:[\s/]|, | and )+(?:"(?<section>[^"\n]+)"(?:,?[\s/]+and[\s/]+|,[\s/]+)?)+""")]
    private static partial Regex Citation { get; }

    /// <summary>What looks like a citation and is none: another style.</summary>
    [GeneratedRegex("""(?<!docs/|")\b(protocol|postgrest|architecture|convergence)\.md\b""")]
    private static partial Regex Stray { get; }

    /// <summary>A document that is not here, or a section by its number, which no document here has. Standards may be cited so, with their name before it.</summary>
    /// <remarks>Spelt so that it does not find itself.</remarks>
    [GeneratedRegex(@"\u00a7|\blive[-]store\b|\bcarbon[.]md\b|\bdesign [d]ocument|(?<!\b(?:RFC [0-9]+|https://\S+), )\bsections? [0-9]", RegexOptions.IgnoreCase)]
    private static partial Regex Outside { get; }

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
    public void Nothing_outside_the_repository_is_cited()
    {
        var root = ApprovedText.RepositoryRoot();
        var files = FilesOf("src", "tests", "docs", "samples", "benchmarks", "eng").Concat(Directory.GetFiles(root, "*.md")).ToList();

        files.Should().HaveCountGreaterThan(1000);
        files.SelectMany(path => File.ReadLines(path).Select((line, i) => (Line: line, Place: $"{Path.GetRelativePath(root, path)}:{i + 1}")))
            .Where(static l => Outside.IsMatch(l.Line)).Select(static l => l.Place)
            .Should().BeEmpty("the repository stands alone: a citation reads docs/convergence.md, \"Section\"");
    }

    /// <remarks>Spelt as the expression is.</remarks>
    [Theory]
    [InlineData("(live\u002dstore 3.8)", true)]
    [InlineData("carbon\u002emd, line 8", true)]
    [InlineData("as the design\u0020document has it", true)]
    [InlineData("protocol.md \u00a725", true)]
    [InlineData("is never answered (section\u002024, fact 11)", true)]
    [InlineData("RFC 6455, sections 5.5.1 and 7.4", false)]
    [InlineData("https://www.sqlite.org/howtocorrupt.html, section 2.2", false)]
    [InlineData("docs/protocol.md, \"Thirty facts\", fact 11", false)]
    public void What_is_outside_is_known_by_how_it_is_cited(string text, bool isOutside) => Outside.IsMatch(text).Should().Be(isOutside);

    [Fact]
    public void A_citation_of_several_sections_is_read_whole() =>
        Citations("""/// (docs/protocol.md, "Frames", "The socket's limits"\n/// and "Names").""".Replace("\\n", "\n")).Select(static c => c.Section)
            .Should().Equal("Frames", "The socket's limits", "Names");

    private static IEnumerable<(string File, string Section)> Citations(string text) =>
        Citation.Matches(text).SelectMany(static m => m.Groups["section"].Captures.Select(s => (m.Groups["file"].Value, s.Value)));

    private static IEnumerable<string> Sources() =>
        FilesOf("src", "tests", "samples", "benchmarks").Where(static path => path.EndsWith(".cs", StringComparison.Ordinal));

    /// <summary>What somebody wrote: neither what a build made of it, nor what packages brought.</summary>
    private static IEnumerable<string> FilesOf(params string[] folders) => folders.SelectMany(static folder => new FileSystemEnumerable<string>(
        Path.Combine(ApprovedText.RepositoryRoot(), folder), static (ref entry) => entry.ToFullPath(), new EnumerationOptions { RecurseSubdirectories = true })
    {
        ShouldIncludePredicate = static (ref entry) => !entry.IsDirectory && IsText(entry.FileName),
        ShouldRecursePredicate = static (ref entry) => entry.FileName is not ("bin" or "obj" or "node_modules"),
    });

    /// <summary>Scripts have no extension.</summary>
    private static bool IsText(ReadOnlySpan<char> name) =>
        Path.GetExtension(name) is "" or ".cs" or ".md" or ".js" or ".mjs" or ".ts" or ".sql" or ".sh" or ".csproj" or ".props" or ".targets" or ".razor";
}
