using Carbon.Realtime.Simulation.Stories;

namespace Carbon.Realtime.Tests.Proofs;

/// <summary>The whole library on one virtual clock against a server, a network and a disk that do all that can be done to it (docs/reliability.md, "The simulation").</summary>
[Collection(AloneCollection.Name)]
public sealed class SimulationTests
{
    private const int Seeds = 5_000;

    public static TheoryData<string> Stories => [.. Directory.GetFiles(StoryFolder, "*.txt").Select(static f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    private static string StoryFolder => Path.Combine(AppContext.BaseDirectory, "Proofs", "Stories");

    [Fact]
    public void Thousands_of_stories_end_well()
    {
        var figures = Campaign.Tell(1, Seeds, new Figures());

        if (figures.Failures.Count > 0)
        {
            var seed = int.Parse(figures.Failures[0].Split(' ', ':')[1], System.Globalization.CultureInfo.InvariantCulture);
            var shortest = Shrinker.Shrink(Story.Of(seed), static s => Run.Tell(s).Failure);
            Assert.Fail($"{figures.Failures.Count} of {Seeds} stories end badly: {figures.Failures[0]}\nThe first, cut down, for Proofs/Stories:\n{shortest}");
        }

        figures.Seeds.Should().Be(Seeds);
        figures.Steps.Keys.Should().BeEquivalentTo(Verbs.Writes.Distinct().Concat(Verbs.Faults).Concat(Verbs.Acts), "every verb is told");
        figures.Repairs.Should().BePositive("changes were lost");
        figures.TimeToLive(0.99).Should().BeLessThanOrEqualTo(5, "that is the promise, in virtual seconds beside the read");
    }

    [Fact]
    public void There_are_more_than_thirty_kinds_of_faults() => Verbs.Faults.Count(static f => !f.Contains("heal", StringComparison.Ordinal)).Should().BeGreaterThan(30);

    [Fact]
    public void The_same_story_is_the_same_run_to_the_letter()
    {
        for (var seed = 1; seed <= 25; seed++)
        {
            var story = Story.Of(seed);
            var log = Run.Tell(story, Sabotage.None, keepsLog: true).Log;
            log.Should().NotBeEmpty();
            Run.Tell(Story.Parse(story.ToString()), Sabotage.None, keepsLog: true).Log.Should().Be(log);
        }
    }

    [Theory]
    [MemberData(nameof(Stories))]
    public void What_ended_badly_once_ends_well(string file) => Run.Tell(Story.Parse(File.ReadAllText(Path.Combine(StoryFolder, file)))).Failure.Should().BeNull();

    [Fact]
    public void A_story_that_fails_is_cut_down_to_what_matters()
    {
        var story = Story.Of(7);
        var matters = story.Steps[5];

        var shortest = Shrinker.Shrink(story, s => s.Steps.Any(step => step.Verb == matters.Verb) ? "V0 broken" : null);

        shortest.Steps.Should().ContainSingle().Which.Verb.Should().Be(matters.Verb);
    }
}
