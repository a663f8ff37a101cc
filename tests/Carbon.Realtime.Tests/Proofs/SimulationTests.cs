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
            var shortest = Shrinker.Shrink(Story.Of(Figures.SeedOf(figures.Failures[0])), static s => Run.Tell(s).Failure);
            Assert.Fail($"{figures.Failures.Count} of {Seeds} stories end badly: {figures.Failures[0]}\nThe first, cut down, for Proofs/Stories:\n{shortest}");
        }

        figures.Seeds.Should().Be(Seeds);
        var ends = Faults.Names.Select(Verbs.EndOf).OfType<string>();
        figures.Steps.Keys.Should().BeEquivalentTo(Verbs.Writes.Distinct().Concat(Faults.Names).Concat(ends).Concat(Verbs.Acts), "every verb is told");
        figures.Repairs.Should().BePositive("changes were lost");
        figures.Lost.Should().BeGreaterThan(Seeds / 4, "and each of these was made good in time");
        figures.Recoveries(RecoveryKind.Joined).Should().BeGreaterThan(Seeds / 10);
        figures.TimeToLive(RecoveryKind.Joined, 0.99).Should().BeLessThanOrEqualTo(5, "that is the promise, in virtual seconds from the server's ok, beside the read");
    }

    [Fact]
    public void There_are_more_than_thirty_kinds_of_faults() => Faults.Names.Should().HaveCountGreaterThan(30);

    [Fact]
    public void Every_verb_does_something()
    {
        var idle = Verbs.Writes.Distinct().Concat(Faults.Names).Concat(Faults.Names.Select(Verbs.EndOf).OfType<string>()).Concat(Verbs.Acts)
            .AsParallel().Where(static verb => !Enumerable.Range(1, 2_000)
            .Select(Story.Of).Where(s => s.Steps.Any(step => step.Verb == verb)).Take(100).Any(s => ToldBy(s) != ToldBy(s with { Steps = [.. s.Steps.Select(step => step.Verb == verb ? step with { Verb = Verbs.Nothing } : step)] })));

        idle.Should().BeEmpty("a fault without an effect proves nothing");

        static string ToldBy(Story story) => string.Join('\n', Run.Tell(story, Sabotage.None, keepsLog: true).Log.Split('\n').Where(static line => !line.Contains(" step ", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_lasting_fault_has_its_own_end_behind_it()
    {
        var ends = 0;
        for (var seed = 1; seed <= 200; seed++)
        {
            var open = new HashSet<string>();
            foreach (var step in Story.Of(seed).Steps)
            {
                if (Faults.Names.Contains(step.Verb) && Verbs.EndOf(step.Verb) is { } end)
                {
                    open.Add(end);
                }
                else if (open.Remove(step.Verb))
                {
                    ends++;
                }
            }

            open.Should().BeEmpty();
        }

        ends.Should().BeGreaterThan(200);
    }

    [Fact]
    public void What_the_server_does_in_silence_is_told()
    {
        var page = File.ReadAllText(Path.Combine(House.ApprovedText.RepositoryRoot(), "docs", "reliability.md"));
        var section = page.Split("### What the server does in silence")[1].Split("\n### ")[0];
        var told = System.Text.RegularExpressions.Regex.Matches(section, "`([a-z-]+)`").Select(static m => m.Groups[1].Value).ToList();

        told.Should().HaveCountGreaterThan(12).And.BeSubsetOf(Faults.Names.Concat(Verbs.Acts));
    }

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
