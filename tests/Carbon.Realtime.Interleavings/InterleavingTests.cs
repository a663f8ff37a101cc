using System.Globalization;
using Xunit.Abstractions;

namespace Carbon.Realtime.Interleavings;

/// <summary>Small programs of calls from several threads, in every order of steps within a bound (docs/reliability.md, "Interleavings").</summary>
public sealed class InterleavingTests(ITestOutputHelper output)
{
    /// <summary>Set by eng/interleave to try more.</summary>
    private static readonly int Delays = Number(Environment.GetEnvironmentVariable("CARBON_DELAYS") ?? "1");

    private static readonly int Drawn = Number(Environment.GetEnvironmentVariable("CARBON_DRAWN") ?? "200");

    /// <summary>The most of all orders within the bound that are tried, where that may be fewer than all; <see langword="null"/> where none may be left out.</summary>
    private static readonly int? Most = Environment.GetEnvironmentVariable("CARBON_MOST") is { } most ? Number(most) : null;

    private const int MostRuns = 200_000;

    public static TheoryData<string> Names => [.. Programs.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void In_whatever_order_its_steps_come_a_program_ends_well(string name)
    {
        Outcome Run(Choice choose) => Programs.Run(name, choose);
        Run(static (_, _) => 0); // what is made once per process is made

        var systematic = Explorer.Systematic(Run, Delays, Most ?? MostRuns);
        systematic.Fault.Should().BeNull();
        var drawn = Explorer.Random(Run, places: 3, Drawn, seed: 1);
        drawn.Fault.Should().BeNull();
        output.WriteLine($"{systematic.Runs} orders {(systematic.IsComplete ? "" : "(not all) ")}with at most {Delays} delays at {systematic.Points} places, {drawn.Runs} drawn: {name}");
        (systematic.IsComplete || Most is not null).Should().BeTrue("what was left out would not be told otherwise");
        systematic.Points.Should().BeGreaterThan(5, "there must be something to try");
        LockOrder.Circle(LockOrder.Seen).Should().BeNull("locks are always taken in one order, also where no order that was tried locks up");
    }

    private static int Number(string? text) => int.Parse(text!, CultureInfo.InvariantCulture);
}
