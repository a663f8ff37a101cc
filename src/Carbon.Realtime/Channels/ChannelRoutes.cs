using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Channels;

/// <summary>Which subscriptions an id leads to. Immutable: read under the gate, used outside it.</summary>
/// <remarks>Ids are hashes of the binding: equal bindings share one, and so can different ones, which is why each sink checks its table again.</remarks>
internal sealed class ChannelRoutes
{
    private readonly Dictionary<long, Route[]> _byId;

    private ChannelRoutes(Dictionary<long, Route[]> byId) => _byId = byId;

    public static ChannelRoutes None { get; } = new([]);

    public static ChannelRoutes Create(Channel channel, IReadOnlyList<ReplyBinding> reply)
    {
        var routes = new Dictionary<long, Route[]>();
        for (var i = 0; i < channel.Bindings.Count; i++)
        {
            var binding = channel.Bindings[i];
            var found = channel.Subscriptions
                .Where(s => binding == s.Request.Binding || binding == s.Request.KeyOnlyDeletes)
                .Select(s => new Route(s, binding == s.Request.Binding));
            routes[reply[i].Id] = [.. routes.GetValueOrDefault(reply[i].Id, []), .. found];
        }

        return new ChannelRoutes(routes);
    }

    /// <summary>These routes with a subscription whose bindings the channel has already.</summary>
    public ChannelRoutes With(Subscription subscription, Subscription like) => new(_byId.ToDictionary(
        static entry => entry.Key,
        entry => entry.Value.FirstOrDefault(r => r.Subscription == like) is { Subscription: not null } route
            ? [.. entry.Value, route with { Subscription = subscription }]
            : entry.Value));

    public ChannelRoutes Without(Subscription subscription) =>
        new(_byId.ToDictionary(static entry => entry.Key, entry => entry.Value.Where(r => r.Subscription != subscription).ToArray()));

    /// <summary>The routes of an id; <see langword="null"/> for an id that is none of this join's.</summary>
    public Route[]? Find(long id) => _byId.GetValueOrDefault(id);

    public void ForEach(Action<Subscription> action)
    {
        foreach (var subscription in _byId.Values.SelectMany(static r => r).Select(static r => r.Subscription).Distinct())
        {
            action(subscription);
        }
    }

    internal readonly record struct Route(Subscription Subscription, bool Verified);
}
