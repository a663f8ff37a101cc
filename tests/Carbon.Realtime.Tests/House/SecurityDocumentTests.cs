using System.Text.RegularExpressions;
using Carbon.Realtime.Tests.Security;

namespace Carbon.Realtime.Tests.House;

/// <summary>docs/security.md names for each line of its checklist the tests that hold it: they exist.</summary>
public sealed partial class SecurityDocumentTests
{
    [Fact]
    public void Every_test_that_a_line_names_exists()
    {
        var files = Directory.GetFiles(Path.Combine(ApprovedText.RepositoryRoot(), "tests"), "*.cs", SearchOption.AllDirectories)
            .Where(static path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}"))
            .ToLookup(static path => Path.GetFileNameWithoutExtension(path));
        var named = Rows().SelectMany(static row => Test().Matches(row[^1])).Select(static m => (Class: m.Groups["class"].Value, Method: m.Groups["method"].Value)).ToList();

        named.Should().HaveCountGreaterThan(60);
        named.Where(n => files[n.Class].Count() != 1).Should().BeEmpty("each is `Class` or `Class.Method`, of one file of tests/ and no other of that name");
        named.Where(n => !IsTest(File.ReadAllText(files[n.Class].Single()), n.Class, n.Method)).Should().BeEmpty("each is a test, or a class of tests");
    }

    [Fact]
    public void Every_line_of_the_checklist_has_an_answer_and_a_proof()
    {
        var rows = Rows();
        rows.Select(static row => row[0]).Should().Equal(Enumerable.Range(1, 20).Select(static n => $"{n}"), "the checklist has twenty lines");
        rows.Where(static row => row.Count != 4 || row[2].Length < 20 || row[3].Length < 5).Should().BeEmpty();
    }

    [Fact]
    public void The_budgets_are_those_that_are_held() =>
        Rows("Request budgets").Skip(1).Select(static row => string.Join(", ", row)).Should()
            .Equal(((IEnumerable<object[]>)RequestBudgetTests.Budgets()).Select(static row => string.Join(", ", row)));

    [Theory]
    [InlineData("A", true)]
    [InlineData("B", true)]
    [InlineData("C", false)]
    [InlineData("D", false)]
    [InlineData("Called", false)]
    [InlineData("", true)]
    public void Only_what_is_run_is_a_proof(string method, bool isTest) => IsTest(
        """
        public sealed class Proof
        {
            [Fact]
            public void A() => Called();

            [Theory]
            [InlineData("[")]
            public async Task B(string a)
            {
            }

            // [Fact]
            public void C() => B();

            private static void D()
            {
            }
        }
        """, "Proof", method).Should().Be(isTest);

    [Theory]
    [InlineData("[Fact(Skip = \"today\")]")]
    [InlineData("[Fact(\n    Skip=\"today\")]")]
    [InlineData("[Theory]\n[InlineData(1, Skip = \"today\")]")]
    public void A_file_that_skips_anything_proves_nothing(string attributes)
    {
        var text = $"public sealed class Proof\n{{\n[Fact]\npublic void B() {{ }}\n\n{attributes}\npublic void A() {{ }}\n}}";
        IsTest(text, "Proof", "").Should().BeFalse();
        IsTest(text, "Proof", "A").Should().BeFalse();
        IsTest(text, "Proof", "B").Should().BeFalse();
    }

    /// <summary>A method with its attributes right before it; or any, in the class or in one that it inherits its tests from. Nothing in the file is skipped.</summary>
    private static bool IsTest(string text, string name, string method) => !Regex.IsMatch(text, @"\bSkip\s*=") && (method.Length > 0
        ? Regex.IsMatch(text, $@"^ *\[(Unix)?(Fact|Theory)\b[^\n]*\n( *\[[^\n]*\n)* *public (async Task|Task|void) {method}\(", RegexOptions.Multiline)
        : Regex.IsMatch(text, $@"^ *\[(Unix)?(Fact|Theory)\b", RegexOptions.Multiline) || Regex.IsMatch(text, $@"\bclass {name}\b[^\n]*: \w+Contract\b"));

    private static List<List<string>> Rows() => [.. Rows("The checklist").Where(static row => char.IsAsciiDigit(row[0][0]))];

    private static List<List<string>> Rows(string section) =>
        [.. File.ReadAllText(Path.Combine(ApprovedText.RepositoryRoot(), "docs", "security.md")).Split("\n## " + section)[1].Split("\n## ")[0].Split('\n')
            .Where(static line => line.StartsWith("| ", StringComparison.Ordinal))
            .Select(static line => line.Trim('|').Split(" | ").Select(static cell => cell.Trim()).ToList())];

    [GeneratedRegex("`(?<class>[A-Za-z]+)(?:\\.(?<method>[A-Za-z0-9_]+))?`")]
    private static partial Regex Test();
}
