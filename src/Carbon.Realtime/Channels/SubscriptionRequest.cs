using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Channels;

/// <summary>What to subscribe to, for whom.</summary>
/// <param name="Sink">Who gets it.</param>
/// <param name="Binding">Carries the filter; what it matched, the server has judged.</param>
/// <param name="KeyOnlyDeletes">An unfiltered DELETE binding beside it, for tables whose deletes carry only the key; or none.</param>
/// <param name="Group">Subscriptions of one group that are made together join as one channel.</param>
/// <param name="User">Whose token the channel carries.</param>
internal sealed record SubscriptionRequest(
    ISubscriptionSink Sink, JoinBinding Binding, JoinBinding? KeyOnlyDeletes, string Group, ChannelUser User)
{
    /// <summary>What the server is asked for; equal requests are answered alike.</summary>
    public (JoinBinding Binding, JoinBinding? KeyOnlyDeletes) Asked => (Binding, KeyOnlyDeletes);

    public IEnumerable<JoinBinding> Bindings => KeyOnlyDeletes is null ? [Binding] : [Binding, KeyOnlyDeletes];
}
