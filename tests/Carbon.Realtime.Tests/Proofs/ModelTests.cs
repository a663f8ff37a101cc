using System.Reflection;
using Carbon.Realtime.Convergence;
using Carbon.Realtime.Simulation.Model;
using Carbon.Realtime.Tests.House;
using Xunit.Abstractions;

namespace Carbon.Realtime.Tests.Proofs;

/// <summary>The table of small worlds, explored whole: our rules converge, the others diverge. What is larger is eng/model's.</summary>
public sealed class ModelTests(ITestOutputHelper output)
{
    public static TheoryData<string> Rows => [.. ModelTable.Small.Select(static row => row.Name)];

    [Theory]
    [MemberData(nameof(Rows))]
    public void What_comes_of_the_rules_is_what_the_table_says(string name)
    {
        var row = ModelTable.Small.Single(row => row.Name == name);

        var found = new Explorer(row.Scenario).Run();

        output.WriteLine($"{row.Name}, {row.Words}\n{found}");
        ModelRow.OutcomeOf(found).Should().Be(row.Outcome, "another number is another model, and another fault another trap:\n{0}", found);
    }

    [Fact]
    public void Every_row_has_its_own_name() =>
        ModelTable.Small.Concat(ModelTable.Large).Select(static row => row.Name).Should().OnlyHaveUniqueItems();

    [Fact]
    public void Every_row_that_diverges_is_a_trap_that_the_page_explains()
    {
        var page = File.ReadAllLines(Path.Combine(ApprovedText.RepositoryRoot(), "docs", "convergence.md"));
        var traps = page.SkipWhile(static line => line != "## The traps").Skip(1).TakeWhile(static line => !line.StartsWith("## ", StringComparison.Ordinal));

        traps.Select(static line => line.Split('|', StringSplitOptions.TrimEntries)).Where(static cells => cells.Length == 5 && cells[1] is [>= 'A' and <= 'Z', ..])
            .SelectMany(static cells => cells[1].Split(", "))
            .Should().BeEquivalentTo(ModelTable.Small.Where(static row => row.Steps is not null).Select(static row => row.Name));
    }

    [Fact]
    public void A_row_that_comes_out_otherwise_is_told_so()
    {
        var row = new ModelRow("A0", "ours", new Scenario(), null, 10, 20);
        var trap = new ModelRow("A1", "theirs", new Scenario(), 2, Fault: "a is missing, version 1");
        var found = new Exploration(10, 20, 5, null, [], TimeSpan.Zero);
        var lost = new Exploration(9, 9, 2, "a is missing, version 1", ["one", "two"], TimeSpan.Zero);

        ModelRow.OutcomeOf(found).Should().Be(row.Outcome);
        ModelRow.OutcomeOf(lost).Should().Be(trap.Outcome);
        ModelRow.OutcomeOf(found with { States = 11 }).Should().NotBe(row.Outcome);
        ModelRow.OutcomeOf(found with { Transitions = 21 }).Should().NotBe(row.Outcome);
        ModelRow.OutcomeOf(lost).Should().NotBe(row.Outcome);
        ModelRow.OutcomeOf(found).Should().NotBe(trap.Outcome);
        ModelRow.OutcomeOf(lost with { Trace = ["one"] }).Should().NotBe(trap.Outcome);
        ModelRow.OutcomeOf(lost with { Fault = "a is extra, version 1" }).Should().NotBe(trap.Outcome);
    }

    [Fact]
    public void The_page_tells_of_every_row_what_came_of_it()
    {
        var page = File.ReadAllLines(Path.Combine(ApprovedText.RepositoryRoot(), "docs", "reliability.md"));

        foreach (var row in ModelTable.Small)
        {
            page.Should().ContainSingle(line => line == $"| {row.Name} | {row.Words} | {row.Outcome} |", row.Name);
        }

        foreach (var row in ModelTable.Large)
        {
            var cells = FormattableString.Invariant($"| {row.Name} | {row.Words} | converges | {row.States:N0} | {row.Transitions:N0} | ");
            page.Should().ContainSingle(line => line.StartsWith(cells, StringComparison.Ordinal), row.Name);
        }
    }

    [Fact]
    public void A_trace_tells_the_nearest_way_to_a_fault_in_the_fields_words()
    {
        var found = new Explorer(ModelTable.Small.Single(static row => row.Name == "A3").Scenario).Run();

        found.Trace.Should().Equal(
            "the channel is joined",
            "the server subscribes, and its ok is on its way",
            "the ok arrives",
            "a scan is sent",
            "the database reads for the scan",
            "commit 1: insert a",
            "the poller publishes commit 1: insert a",
            "the oldest event on the wire arrives",
            "the scan's answer arrives");
        found.Fault.Should().Be("a is missing, version 1");
    }

    /// <summary>What the model writes of the rules is all there is: a part that is added here must be added to <see cref="LibraryRule"/>.</summary>
    [Fact]
    public void The_model_knows_every_part_of_the_rules_state()
    {
        var state = typeof(ConvergenceState<int, int>);
        FieldsOf(state).Should().BeEquivalentTo("Rows", "Doubts", "Touched", "Asked", "Scan", "Points", "Scanned", "IsHydrating", "_moment");
        FieldsOf(typeof(ScanMarks)).Should().BeEquivalentTo("start", "Seen");
        FieldsOf(typeof(PointMarks<int>)).Should().BeEquivalentTo("Start", "Keys");
        FieldsOf(typeof(Doubts<int>)).Should().BeEquivalentTo("_doubts", "Soonest");
        FieldsOf(typeof(Doubt)).Should().BeEquivalentTo("Since", "Touched", "Attempts", "IsUnknown", "Outdated");

        // The rules themselves remember nothing.
        typeof(ConvergenceRules<int, int>).GetFields(BindingFlags.Instance | BindingFlags.NonPublic).Should().OnlyContain(static f => f.IsInitOnly);
        FieldsOf(typeof(ConvergenceRules<int, int>)).Should().BeEquivalentTo("_comparer", "_state", "_same", "_version", "_policy", "_log", "IsRespelled");
    }

    /// <summary>
    /// Two worlds go the same way, and one of them is written down and read back before each step: were anything left out that matters, they
    /// would part some time.
    /// </summary>
    [Theory]
    [InlineData("A7")]
    [InlineData("B6")]
    [InlineData("G7")]
    [InlineData("G8")]
    [InlineData("P1")]
    [InlineData("S1")]
    [InlineData("K1")]
    public void A_world_that_was_read_back_goes_on_like_the_one_that_was_written(string name)
    {
        var scenario = ModelTable.Small.Single(row => row.Name == name).Scenario with { Commits = 6, CanBeLate = true };
        var random = new Random(6);
        for (var walk = 0; walk < 200; walk++)
        {
            var (kept, read) = (new World(scenario), new World(scenario));
            List<Step> steps = [];
            for (var step = 0; step < 100; step++)
            {
                read.Read(Written(kept));
                kept.Collect(steps);
                if (steps.Count == 0)
                {
                    break;
                }

                var next = steps[random.Next(steps.Count)];
                if (kept.Take(next) is not null || read.Take(next) is not null || !Written(read).SequenceEqual(Written(kept)))
                {
                    throw new InvalidOperationException($"{name}: they part with {next}.");
                }
            }
        }
    }

    private static byte[] Written(World world)
    {
        var bytes = new byte[World.MostBytes];
        return bytes[..world.Write(bytes)];
    }

    /// <summary>The names of what an object holds, by its properties where it has them.</summary>
    private static IEnumerable<string> FieldsOf(Type type) => type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)
        .Select(static f => f.Name.Split('<', '>') is [_, { Length: > 0 } name, ..] ? name : f.Name);
}
