using Carbon.Realtime.Authentication;
using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Channels;

/// <summary>Decides which channel carries what was gathered, within the number of channels and the size of a join. Under the gate.</summary>
internal sealed class Placement(ChannelRegistry registry, ChannelOptions options)
{
    /// <summary>Channels that the server allows on a socket (docs/protocol.md, "Limits").</summary>
    private const int ServerLimit = 100;

    /// <summary>Whether a channel more would still be within the budget.</summary>
    public bool HasRoom => InUse < options.MaxChannels;

    /// <summary>Whether more channels are in use than the budget has.</summary>
    public bool IsOverdrawn => InUse > options.MaxChannels;

    /// <summary>Whether the server would take one more.</summary>
    public bool IsPossible => InUse < ServerLimit;

    private int InUse => registry.All.Count(static c => c.HoldsPlace);

    public void Place(string group, TokenSession session, List<Subscription> gathered)
    {
        foreach (var part in Part(gathered))
        {
            // A late subscription disturbs no joined channel, until the budget is spent: then the newest one takes it in, at the price of a gap.
            if (!HasRoom && Host(session, part) is { } host)
            {
                registry.Adopt(host, part);
            }
            else
            {
                registry.Statuses.Tell(registry.Open(group, session, part));
                registry.Joins.Pump();
            }
        }
    }

    /// <summary>The newest channel of a user that can take more in; one that waits for somebody to change something only if there is no other.</summary>
    public Channel? Host(TokenSession session, List<Subscription> more, Channel? except = null)
    {
        var hosts = registry.All
            .Where(c => c.Session == session && c != except && !c.IsSetApart && Size(c.Subscriptions) + Size(more) <= options.MaxJoinBytes)
            .ToList();
        return hosts.FindLast(static c => !c.Recovery.IsFaulted) ?? hosts.LastOrDefault();
    }

    /// <summary>In as few parts as joins can hold. What is too large for any join is a part of its own, and its join says so.</summary>
    private IEnumerable<List<Subscription>> Part(List<Subscription> gathered)
    {
        var part = new List<Subscription>();
        var size = 0;
        foreach (var alike in gathered.GroupBy(static s => s.Request.Asked))
        {
            var more = Size([alike.First()]);
            if (part.Count > 0 && size + more > options.MaxJoinBytes)
            {
                yield return part;
                (part, size) = ([], 0);
            }

            part.AddRange(alike);
            size += more;
        }

        if (part.Count > 0)
        {
            yield return part;
        }
    }

    private static int Size(List<Subscription> subscriptions) => subscriptions.SelectMany(static s => s.Request.Bindings).Distinct().Sum(FrameWriter.SizeOf);
}
