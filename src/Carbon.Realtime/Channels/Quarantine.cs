using Carbon.Realtime.Protocol;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Channels;

/// <summary>Sets refused subscriptions apart, so that they silence nobody else, and takes them back when the server accepts them. Under the gate.</summary>
/// <remarks>
/// The server subscribes all bindings of a channel or none, and mostly quotes the bad one (docs/protocol.md, "System messages"). A channel that is
/// set apart waits most of its life, and holds no place among <see cref="ChannelOptions.MaxChannels"/> while it does: there always is room to set
/// one more apart. While all places are taken, those that are set apart are tried one at a time, each as one channel more than the budget; one that
/// succeeds then moves into a channel that has a place.
/// </remarks>
internal sealed class Quarantine(ChannelRegistry registry, ILogger logger)
{
    /// <summary>The server refused a joined channel for one of its bindings.</summary>
    /// <param name="channel">Joined or live.</param>
    /// <param name="refusal">The server's words, which may quote the binding.</param>
    /// <param name="fault">What they mean.</param>
    public void Refuse(Channel channel, string refusal, ServerFault fault)
    {
        channel.Join?.Fail(fault.Reason);
        if (RefusedBinding.Find(refusal, channel.Bindings) is { } bad)
        {
            // Whoever asks for the binding, also as a companion. It may be nobody any more: the next join then goes without it.
            var refused = channel.Subscriptions.FindAll(s => s.Request.Bindings.Contains(bad));
            if (refused.Count < channel.Subscriptions.Count)
            {
                ChannelsLog.Refused(logger, ChannelsLog.Tables(refused), channel.Topic, fault.LogText);
                Part(channel, refused, fault);
                return;
            }
        }
        else if (Half(channel) is { Count: > 0 } half)
        {
            ChannelsLog.Splitting(logger, channel.Group, channel.Subscriptions.Count, fault.LogText);

            // Within the budget both halves join at once; past it one waits for what becomes of the other.
            Part(channel, half, registry.Placement.HasRoom ? null : fault);
            return;
        }

        ChannelsLog.Refused(logger, ChannelsLog.Tables(channel.Subscriptions), channel.Topic, fault.LogText);
        SetApart(channel, fault, serverEnded: false, isLogged: true);
    }

    /// <summary>A channel waits until somebody may have changed what keeps it from joining.</summary>
    public void SetApart(Channel channel, ServerFault fault, bool serverEnded, bool isLogged = false)
    {
        channel.IsSetApart = true;
        registry.Rejoins.Recover(channel, fault, serverEnded, isLogged);
        registry.Rejoins.RetryForPlace();
    }

    /// <summary>Whether a channel's turn has come.</summary>
    public bool MayTry(Channel channel) =>
        !channel.IsSetApart || registry.Placement.HasRoom
        || (registry.Placement.IsPossible && !registry.All.Any(static c => c.IsSetApart && c.State != ChannelState.Waiting));

    /// <summary>The server says that changes flow on a channel that may have been set apart.</summary>
    /// <returns>Whether its subscriptions moved to another channel, because it was one too many: it is left then.</returns>
    public bool TryTakeBack(Channel channel)
    {
        if (!channel.IsSetApart)
        {
            return false;
        }

        channel.IsSetApart = false;
        if (registry.Placement.IsOverdrawn && FindHost(channel) is { } host)
        {
            var subscriptions = channel.Subscriptions.ToList();
            channel.Subscriptions.Clear();
            registry.End(channel);
            registry.Adopt(host, subscriptions);
            registry.Rejoins.RetryForPlace();
            return true;
        }

        registry.Joins.Pump();
        return false;
    }

    private Channel? FindHost(Channel channel)
    {
        var host = registry.Placement.Host(channel.Session, channel.Subscriptions, except: channel);
        return host is { Recovery.IsFaulted: false } ? host : null;
    }

    /// <summary>Half of what a channel carries, equal subscriptions together; nothing if all are equal.</summary>
    private static List<Subscription> Half(Channel channel)
    {
        var alike = channel.Subscriptions.GroupBy(static s => s.Request.Asked).ToList();
        return [.. alike.Skip((alike.Count + 1) / 2).SelectMany(static g => g)];
    }

    /// <summary>Moves some of a channel's subscriptions to one of their own; the rest joins again at once.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="some">Which; perhaps none.</param>
    /// <param name="fault">Why they wait; <see langword="null"/> if they join at once, too.</param>
    private void Part(Channel channel, List<Subscription> some, ServerFault? fault)
    {
        if (some.Count > 0)
        {
            var moved = some.ToHashSet();
            channel.Subscriptions.RemoveAll(moved.Contains);
            var other = registry.Open(channel.Group, channel.Session, some);
            other.IsSetApart = channel.IsSetApart || fault is not null;
            if (fault is not null)
            {
                registry.Rejoins.Recover(other, fault, serverEnded: true, isLogged: true);
            }

            registry.Statuses.Tell(other);
        }

        registry.Rejoins.Rejoin(channel);
    }
}
