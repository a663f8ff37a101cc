using System.Collections;
using System.Reflection;
using Carbon.Realtime.Changes;
using Carbon.Realtime.Channels;
using Carbon.Realtime.Connection;

namespace Carbon.Realtime.Tests.Support;

/// <summary>What a client holds inside, counted: what must be nothing when nobody uses it.</summary>
/// <param name="Channels">Channels, in any state.</param>
/// <param name="Topics">Topics that frames are routed by.</param>
/// <param name="Sessions">Token sessions in use.</param>
/// <param name="Gathering">Subscriptions that wait for their group window.</param>
/// <param name="IsJoining">Whether a join waits for its reply.</param>
/// <param name="Deadlines">What is to happen later.</param>
/// <param name="Followed">Feeds that live because somebody follows their status.</param>
/// <param name="Work">What waits in the scheduler.</param>
public sealed record Leftovers(int Channels, int Topics, int Sessions, int Gathering, bool IsJoining, int Deadlines, int Followed, int Work)
{
    public static Leftovers None { get; } = new(0, 0, 0, 0, false, 0, 0, 0);

    public static Leftovers Of(World world)
    {
        var registry = Part<ChannelRegistry>(world.Manager, "_channels");
        return new Leftovers(
            registry.All.Count,
            Part<ICollection>(registry, "_byTopic").Count,
            Part<ICollection>(registry.Tokens, "_sessions").Count,
            registry.Gathering.Count(),
            registry.Joins.IsJoining,
            Part<RealtimeConnection>(world.Manager, "_connection").Deadlines.Count,
            Part<ICollection>(Feeds(world), "_followed").Count,
            world.Env.Scheduler.Pending);
    }

    /// <summary>The places for feeds, and how many of them still hold one.</summary>
    public static (int Places, int Feeds) PlacesOf(World world)
    {
        var places = Part<IDictionary>(Feeds(world), "_feeds").Values.Cast<WeakReference<ChangeFeed>>().ToList();
        return (places.Count, places.Count(static place => place.TryGetTarget(out _)));
    }

    private static ChangeFeeds Feeds(World world) => Part<ChangeFeeds>(world.Manager, "_feeds");

    private static T Part<T>(object owner, string field) =>
        (T)owner.GetType().GetField(field, BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(owner)!;
}
