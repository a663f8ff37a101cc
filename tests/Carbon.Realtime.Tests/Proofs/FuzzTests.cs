using Carbon.Realtime.Simulation.Fuzzing;

namespace Carbon.Realtime.Tests.Proofs;

/// <summary>Damaged and hostile inputs for every parser of what comes from outside (docs/reliability.md, "Fuzzing").</summary>
[Collection(AloneCollection.Name)]
public sealed class FuzzTests
{
    private const int Seed = 1;

    /// <summary>How many inputs each target gets; those that open files or make managers, as many as a build has time for.</summary>
    public static TheoryData<string, int> Counts => new()
    {
        { "envelope", 10_000 }, { "change", 10_000 }, { "filter", 10_000 }, { "image", 10_000 }, { "page", 10_000 }, { "answer", 10_000 }, { "token", 10_000 }, { "seed", 10_000 },
        { "file", 400 }, { "socket", 300 },
    };

    /// <summary>What must be among the inputs, in thousandths: rows that must come, above all.</summary>
    private static Dictionary<string, (string Word, int Least)[]> Least => new()
    {
        ["change"] = [("inserted", 10), ("updated", 10), ("deleted", 40)],
        ["page"] = [("rows", 150)],
        ["envelope"] = [("Reply, ok", 40), ("Reply, error", 8), ("System, ok", 10), ("System, error", 8)],
        ["image"] = [("row", 80)],
        ["file"] = [("right rows", 100)],
        ["socket"] = [("deleted", 3)],
    };

    /// <summary>What was found once, one input a file: the target, and its bytes in base64.</summary>
    public static TheoryData<string> Found => [.. Directory.GetFiles(InputFolder, "*.txt").Select(static f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    private static string InputFolder => Path.Combine(AppContext.BaseDirectory, "Proofs", "Inputs");

    [Fact]
    public void Every_target_is_given_inputs() => Counts.Select(static row => (string)row[0]).Should().BeEquivalentTo(Targets.Names);

    [Theory]
    [MemberData(nameof(Counts))]
    public void Thousands_of_inputs_bring_only_what_is_declared(string target, int inputs)
    {
        var figures = new TargetFigures();

        Fuzzer.Run(target, Seed, inputs, figures);

        figures.Findings.Should().BeEmpty("each can be run again by eng/fuzz --input TARGET BASE64, and put into Proofs/Inputs");
        figures.Inputs.Should().Be(inputs);
        var accepted = figures.Accepted.Values.Sum();
        accepted.Should().BeInRange(inputs / 5, inputs * 19 / 20, "inputs must get past the outermost layer, and some must not");
        (accepted + figures.Refused.Values.Sum()).Should().Be(inputs);
        figures.Uncompared.Should().BeLessThan(inputs / 20, "what is not compared is not judged");
        foreach (var (word, least) in Least.GetValueOrDefault(target, []))
        {
            figures.Accepted.GetValueOrDefault(word).Should().BeGreaterThan(inputs * least / 1000, $"{word}: else what the oracle requires of them is required of nobody");
        }
    }

    [Theory]
    [MemberData(nameof(Found))]
    public void What_was_wrong_once_is_right(string file)
    {
        var lines = File.ReadAllLines(Path.Combine(InputFolder, file));
        using var target = Targets.Create(lines[0]);

        Fuzzer.Fault(target, Convert.FromBase64String(lines[1])).Should().BeNull();
    }

    [Fact]
    public void The_same_seed_gives_the_same_inputs_and_another_one_others()
    {
        foreach (var name in Targets.Names)
        {
            using var target = Targets.Create(name);
            using var again = Targets.Create(name);
            byte[][] Inputs(FuzzTarget of, int seed) => [.. Enumerable.Range(0, 40).Select(i => Simulation.Fuzzing.Inputs.Of(of, seed, i))];

            Inputs(target, Seed).Should().BeEquivalentTo(Inputs(again, Seed), static o => o.WithStrictOrdering(), name);
            Inputs(target, Seed + 1).Zip(Inputs(target, Seed)).Should().Contain(static pair => !Enumerable.SequenceEqual(pair.First, pair.Second), name);
        }
    }

    [Fact]
    public void An_input_that_fails_is_cut_down_to_what_matters() =>
        InputShrinker.Shrink("""{"a":[1,2,{"wrong":true}],"b":"more"}"""u8.ToArray(), static b => b.AsSpan().IndexOf("wrong"u8) >= 0 ? "wrong" : null)
            .Should().Equal("wrong"u8.ToArray());
}
