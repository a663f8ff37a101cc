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
        if (Sabotage.All[control].FindOut(MostSeeds) is null)
        {
            Assert.Fail($"{MostSeeds} stories do not tell that this rule is broken: {control}.");
        }
    }

    [Fact]
    public void What_breaks_another_promise_is_not_found_out()
    {
        var client = Sabotage.Named("The tenant is not asked for")[0].Value;
        var (story, _) = client.FindOut(MostSeeds)!.Value;
        client.Try(story).IsFoundOut.Should().BeTrue();
        (client with { Breaks = "V11" }).Try(story).IsFoundOut.Should().BeFalse();
    }
}
