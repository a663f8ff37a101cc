namespace Carbon.Realtime.Tests.Proofs;

/// <summary>Whatever is called back may throw, leave, dispose the manager, subscribe, ask, switch the tenant, and wait for another thread that calls in: at every place where the library calls other people's code.</summary>
public sealed class CallbackTests
{
    private const string Throws = "throws", Leaves = "disposes of its own subscription";

    private static readonly Dictionary<string, Action<CallbackWorld, IDisposable?>> Bites = new()
    {
        [Throws] = static (_, _) => throw new Bitten(),
        [Leaves] = static (_, own) => own!.Dispose(),
        ["disposes of the manager"] = static (world, _) => world.End(),
        ["subscribes anew"] = static (world, _) => world.SubscribeAnew(),
        ["looks, starts, reads and verifies"] = static (world, _) => world.UseStores(),
        ["switches the tenant"] = static (world, _) => world.SwitchTenant(),
        ["waits for another thread that calls in"] = static (world, _) => world.CallFromAnotherThread(),
    };

    public static TheoryData<string, string> Rows
    {
        get
        {
            var rows = new TheoryData<string, string>();
            foreach (var place in CallbackPlaces.All)
            {
                foreach (var bite in Bites.Keys.Where(b => place.HasOwn || b != Leaves))
                {
                    rows.Add(place.Name, bite);
                }
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Who_is_called_back_may_bite_and_the_others_live_on(string place, string bite)
    {
        var bitten = CallbackPlaces.All.Single(p => p.Name == place);
        using var world = new CallbackWorld(place, Bites[bite], isLast: bite == Leaves || (bite == Throws && !bitten.GoesOn));

        world.Provoke();
        await world.CheckAsync();

        if (bite == Throws && bitten.GoesOn)
        {
            world.CallsAfter.Should().BePositive("a handler that throws is heard, and called again");
        }

        if (bite == Throws && bitten.Says is { } says)
        {
            world.Lines.Should().ContainSingle(line => line.Contains(says), "the log says whose code threw, and says it once");
        }

        if (bite == Throws && place is ("logger" or "log filter"))
        {
            var category = world.Lines[Math.Max(0, world.LinesBefore - 1)].Split(' ')[2];
            world.Lines.Skip(world.LinesBefore).Should().Contain(line => line.Contains(category), "a logger that throws loses that entry and no other");
        }

        world.Lines.Should().NotContain(static line => line.StartsWith("Error 4006"), "that is said of the library's own code");
    }

    [Fact]
    public void Every_way_of_the_public_api_into_other_peoples_code_is_in_the_table()
    {
        var ways = CallbackPlaces.WaysOf(typeof(RealtimeChannelManager).Assembly).ToHashSet();

        string.Join('\n', ways.Except(CallbackPlaces.Ways.Keys).Order(StringComparer.Ordinal)).Should().BeEmpty("each is bitten at, or it is said why not");
        string.Join('\n', CallbackPlaces.Ways.Keys.Except(ways)).Should().BeEmpty("what is gone is not said of");
        var places = CallbackPlaces.All.Select(static p => p.Name).ToHashSet();
        CallbackPlaces.Ways.Values.SelectMany(static w => w.Places).Except(places).Should().BeEmpty("every place named is one");
        places.Except(CallbackPlaces.Ways.Values.SelectMany(static w => w.Places)).Should().BeEmpty("every place is on some way");
    }
}
