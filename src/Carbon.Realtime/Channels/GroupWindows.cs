using Carbon.Realtime.Authentication;
using Carbon.Realtime.Primitives;

namespace Carbon.Realtime.Channels;

/// <summary>Gathers subscriptions of one group and one user that are made within a short time, so that they join as one channel. Under the gate.</summary>
/// <param name="deadlines">Where the windows' ends are kept.</param>
/// <param name="length">How long a window is open, from its first subscription on.</param>
/// <param name="onClosed">Takes what was gathered; never called with nothing.</param>
internal sealed class GroupWindows(Deadlines deadlines, TimeSpan length, Action<string, TokenSession, List<Subscription>> onClosed)
{
    private readonly Dictionary<(string Group, TokenSession Session), List<Subscription>> _open = [];

    /// <summary>Subscriptions whose window is still open.</summary>
    public IEnumerable<Subscription> Gathered => _open.Values.SelectMany(static g => g);

    public void Add(Subscription subscription)
    {
        var key = (subscription.Request.Group, Session: subscription.Request.User.Tokens);
        if (_open.TryGetValue(key, out var gathered))
        {
            gathered.Add(subscription);
            return;
        }

        _open.Add(key, [subscription]);
        deadlines.Schedule(length, () =>
        {
            if (_open.Remove(key, out var all) && all.Count > 0)
            {
                onClosed(key.Group, key.Session, all);
            }
        });
    }

    public void Remove(Subscription subscription)
    {
        foreach (var gathered in _open.Values)
        {
            gathered.Remove(subscription);
        }
    }

    public void Clear() => _open.Clear();
}
