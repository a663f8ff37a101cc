using Carbon.Realtime.Tests.House;

namespace Carbon.Realtime.Tests.Readme;

/// <summary>What docs/testing.md shows is what is run.</summary>
public sealed class TestingGuideTests
{
    private static readonly string Folder = ApprovedText.RepositoryRoot();

    public static TheoryData<string> Blocks => [.. ReadmeTests.CSharpBlocks(File.ReadAllText(Path.Combine(Folder, "docs", "testing.md")))];

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Every_block_stands_in_a_file_of_tests(string block)
    {
        var guides = Directory.GetFiles(Path.Combine(Folder, "tests"), "TestingGuide.cs", SearchOption.AllDirectories);

        guides.Should().Contain(guide => ReadmeTests.IsPartOf(ReadmeTests.Lines(block), ReadmeTests.Lines(File.ReadAllText(guide))), "docs/testing.md shows it:\n{0}", block);
    }

    [Fact]
    public void There_is_a_block_of_each_kind_of_test() => Blocks.Should().HaveCountGreaterThanOrEqualTo(5);
}
