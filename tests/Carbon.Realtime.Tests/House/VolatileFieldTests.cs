using System.Text.RegularExpressions;

namespace Carbon.Realtime.Tests.House;

/// <summary>What threads share without a lock is read and written by <see cref="Volatile"/>, never by a <c>volatile</c> field: the interleavings can change over at a call, and not at a field (docs/reliability.md, "Interleavings").</summary>
public sealed partial class VolatileFieldTests
{
    [GeneratedRegex(@"^\s*(\w+\s+)+volatile\s", RegexOptions.Multiline)]
    private static partial Regex Field { get; }

    [Fact]
    public void No_field_is_volatile()
    {
        var sources = Directory.GetFiles(Path.Combine(ApprovedText.RepositoryRoot(), "src"), "*.cs", SearchOption.AllDirectories);

        sources.Should().HaveCountGreaterThan(200, "there must be something to look at");
        sources.Where(static path => Field.IsMatch(File.ReadAllText(path))).Should().BeEmpty();
    }

    [Fact]
    public void One_would_be_seen()
    {
        Field.IsMatch("{\n    private volatile bool _disposed;").Should().BeTrue();
        Field.IsMatch("    private static volatile SignIn _signIn = new();").Should().BeTrue();
        Field.IsMatch("    /// with a barrier (a volatile field, a lock)").Should().BeFalse();
    }
}
