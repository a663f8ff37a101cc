using System.Globalization;
using System.Text.RegularExpressions;
using Xunit.Abstractions;

namespace Carbon.Realtime.Interleavings;

/// <summary>Small programs of calls from several threads, in every order of steps within a bound (docs/reliability.md, "Interleavings").</summary>
public sealed class InterleavingTests(ITestOutputHelper output)
{
    /// <summary>Set by eng/interleave to try more.</summary>
    private static readonly int Deviations = Number(Environment.GetEnvironmentVariable("CARBON_DEVIATIONS") ?? "1");

    private static readonly int Drawn = Number(Environment.GetEnvironmentVariable("CARBON_DRAWN") ?? "100");

    private const int MostRuns = 200_000;

    public static TheoryData<string> Names => [.. Programs.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void In_whatever_order_its_steps_come_a_program_ends_well(string name)
    {
        Outcome Run(Choice choose) => Programs.Run(name, choose);
        Run(static (_, _) => 0); // what is made once per process is made

        var systematic = Explorer.Systematic(Run, Deviations, MostRuns);
        systematic.Fault.Should().BeNull();
        var drawn = Explorer.Random(Run, places: 3, Drawn, seed: 1);
        drawn.Fault.Should().BeNull();
        output.WriteLine($"{systematic.Runs} orders with at most {Deviations} deviations at {systematic.Points} places, {drawn.Runs} drawn");
        systematic.Points.Should().BeGreaterThan(5, "there must be something to try");
    }

    /// <summary>What a lock may be held for while another is asked for: one direction only, whatever was tried here and whatever was not.</summary>
    [Fact]
    public void Locks_are_always_taken_in_one_order()
    {
        foreach (var name in Programs.Names)
        {
            Programs.Run(name, static (_, _) => 0);
        }

        var pairs = LockOrder.Seen.Where(static p => p.Held is not ("one" or "other" or "ExplorerTests")).Distinct().Order().ToList();
        output.WriteLine(string.Join("\n", pairs.Select(static p => $"{p.Held} > {p.Asked}")));
        LockOrder.Circle(pairs).Should().BeNull();
        pairs.Should().NotBeEmpty();
    }

    /// <summary>Orders that ended badly once, as a finding prints them: the number of the place, and which strand went on there.</summary>
    [Theory]
    [InlineData("the manager ends while a store is made and waited for", "(10, 1), (50, 1), (88, 1), (92, 1)")]
    public void What_was_found_once_is_found_no_more(string name, string order)
    {
        var deviations = Regex.Matches(order, @"\((\d+), (\d+)\)").Select(static m => (Number(m.Groups[1].Value), Number(m.Groups[2].Value))).ToArray();

        Programs.Run(name, Explorer.Of(deviations)).Fault.Should().BeNull();
    }

    private static int Number(string? text) => int.Parse(text!, CultureInfo.InvariantCulture);
}
