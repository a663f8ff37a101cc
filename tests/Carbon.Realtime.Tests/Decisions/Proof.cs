using System.Reflection;

namespace Carbon.Realtime.Tests.Decisions;

/// <summary>What stands behind a row of a table: tests, by name, or a reason why there is none.</summary>
public sealed class Proof
{
    private readonly IReadOnlyList<(Type Class, string Method)> _tests;

    private Proof(IReadOnlyList<(Type Class, string Method)> tests, string? whyNot)
    {
        _tests = tests;
        WhyNot = whyNot;
    }

    /// <summary>Why nothing is proved: it does not apply to this client, or not yet.</summary>
    public string? WhyNot { get; }

    public static Proof By<T>(params string[] methods) => new([.. methods.Select(static method => (typeof(T), method))], null);

    public static Proof None(string why) => new([], why);

    public Proof And<T>(params string[] methods) => new([.. _tests, .. By<T>(methods)._tests], null);

    /// <summary>Every test named is there and runs; a reason is more than a word.</summary>
    public void AssertExists(string row)
    {
        (_tests.Count > 0 || WhyNot!.Length > 20).Should().BeTrue("{0} needs a test or a reason", row);
        foreach (var (type, name) in _tests)
        {
            var method = type.GetMethod(name, BindingFlags.Public | BindingFlags.Instance);
            method.Should().NotBeNull("{0} is proved by {1}.{2}", row, type.Name, name);
            var fact = method!.GetCustomAttribute<FactAttribute>();
            fact.Should().NotBeNull("{0}.{1} is a test", type.Name, name);
            fact!.Skip.Should().BeNull("{0}.{1} runs", type.Name, name);
        }
    }
}
