using Carbon.Realtime.Convergence;

namespace Carbon.Realtime.Tests.Stores;

/// <summary>
/// What becomes of a store that lacks one of the rules, as every other library's does: it differs from the database, and stays so. The same story
/// with all rules ends well, or the story proves nothing.
/// </summary>
public sealed class NegativeControlTests
{
    private static readonly ConvergencePolicy NoReconcile = new() { Reconciles = false };

    /// <summary>Rules that are broken, and a story that shows it.</summary>
    public static TheoryData<string> Rules => [.. Stories.Keys];

    private static Dictionary<string, (Func<ConvergencePolicy, ConvergencePolicy> Break, Action<StoreWorld> Story)> Stories { get; } = new()
    {
        ["A1: reads begin with the join"] = (p => p with { ReadsAwaitOk = false }, ReadAtJoin),
        ["A3: reads overwrite what the stream said"] = (p => p with { StreamWinsDuringReads = false, TouchedKeysAreReread = false }, EventDuringRead),
        ["B1: a reconnect reads nothing"] = (p => p with { EpochsAreRead = false }, Reconnect),
        ["D6: touched keys are not read again"] = (p => p with { TouchedKeysAreReread = false }, Zombie),
        ["E3: a repeated ok is ignored"] = (p => p with { RepeatedOkIsEpoch = false }, RepeatedOk),
        ["Rows that a read did not bring stay"] = (p => p with { Sweeps = false }, DeletedMeanwhile),
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public void A_store_without_the_rule_differs_from_the_database(string rule)
    {
        var (breakRule, story) = Stories[rule];

        var right = Tell(NoReconcile, story);
        right.Shown.Should().Be(right.Truth, "with all rules the story ends well");
        var wrong = Tell(breakRule(NoReconcile), story);
        wrong.Shown.Should().NotBe(wrong.Truth, "without \"{0}\" it must not", rule);
    }

    [Fact]
    public void C1_without_reconciling_a_change_that_the_stream_lost_is_lost()
    {
        var right = Tell(ConvergencePolicy.Full, ColdSlot);
        right.Shown.Should().Be(right.Truth);
        var wrong = Tell(NoReconcile, ColdSlot);
        wrong.Shown.Should().NotBe(wrong.Truth);
    }

    private static StoreWorld Tell(ConvergencePolicy policy, Action<StoreWorld> story)
    {
        var world = new StoreWorld(policy: policy);
        story(world);
        world.World.Advance(120);
        return world;
    }

    /// <summary>A change between the join's reply and the subscription is in no event.</summary>
    private static void ReadAtJoin(StoreWorld world)
    {
        world.World.AutoSubscribed = false;
        world.Write("a", "v1").Store.Start();
        world.Settle();
        world.Write("a", "v2");
        world.TellOk();
    }

    private static void EventDuringRead(StoreWorld world)
    {
        world.Write("a", "v1").HoldReads().Live();
        world.Write("a", "v2").TellUpdate("a", "v2");
        world.ReleaseReads();
    }

    private static void Reconnect(StoreWorld world)
    {
        world.Write("a", "v1").Live();
        world.Socket.Break();
        world.World.Run();
        world.Write("a", "v2");
        world.World.Advance(2);
        world.World.Join();
    }

    /// <summary>An insert's event is late, its delete's is lost.</summary>
    private static void Zombie(StoreWorld world)
    {
        world.Live();
        world.TellInsert("a", "v1");
    }

    private static void RepeatedOk(StoreWorld world)
    {
        world.Write("a", "v1").Live();
        world.Write("a", "v2");
        world.TellOk();
    }

    private static void DeletedMeanwhile(StoreWorld world)
    {
        world.Write("a", "v1").Write("b", "v1").Live();
        world.Erase("a");
        world.TellOk();
    }

    /// <summary>The server says ok before it captures changes.</summary>
    private static void ColdSlot(StoreWorld world)
    {
        world.Live();
        world.Write("a", "v1");
    }
}
