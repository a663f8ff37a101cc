using Carbon.Realtime.Simulation.Stories;

namespace Carbon.Realtime.Tests.Proofs;

/// <summary>Clients that lack one rule, as many have been written, told the same stories: the simulation must find each of them out, or it finds nothing out.</summary>
[Collection(AloneCollection.Name)]
public sealed class NegativeControlTests
{
    private const int MostSeeds = 2_000;

    public static TheoryData<string> Controls => [.. Sabotage.All.Keys];

    [Theory]
    [MemberData(nameof(Controls))]
    public void A_client_without_the_rule_is_found_out(string control)
    {
        var sabotage = Sabotage.All[control];
        for (var seed = 1; seed <= MostSeeds; seed++)
        {
            var story = Story.Of(seed);
            if (Run.Tell(story, sabotage, keepsLog: false).Failure is not null && (sabotage.Beside is null || Run.Tell(story, sabotage.Beside, keepsLog: false).Failure is null))
            {
                return;
            }
        }

        Assert.Fail($"{MostSeeds} stories do not tell that this rule is broken: {control}.");
    }
}
