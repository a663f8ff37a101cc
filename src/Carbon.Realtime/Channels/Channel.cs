using System.Text;
using Carbon.Realtime.Authentication;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Channels;

/// <summary>One channel: its subscriptions, and the join that serves them now. State only; <see cref="ChannelRegistry"/> moves it. Under the gate.</summary>
internal sealed class Channel(string group, TokenSession session, Backoff backoff)
{
    public string Group => group;

    public TokenSession Session => session;

    public Backoff Backoff => backoff;

    public List<Subscription> Subscriptions { get; } = [];

    public ChannelState State { get; private set; }

    /// <summary>The topic of the current join. A new nonce for every join: change frames carry no join reference, so only the topic tells them apart.</summary>
    public string Topic { get; private set; } = "";

    public byte[] TopicUtf8 { get; private set; } = [];

    /// <summary>The join's reference, which every push of this channel carries.</summary>
    public string JoinRef { get; private set; } = "";

    /// <summary>What the current join asked for, in order; equal bindings once.</summary>
    public IReadOnlyList<JoinBinding> Bindings { get; private set; } = [];

    public ChannelRoutes Routes { get; set; } = ChannelRoutes.None;

    /// <summary>The token the server holds for this channel.</summary>
    public AccessToken? Token { get; set; }

    /// <summary>Whether a token push awaits its "Subscribed". Counted, not timed; one answer may serve several pushes.</summary>
    public bool TokenPushed { get; set; }

    /// <summary>What the last <c>system</c> error said: it explains the <c>phx_close</c> that follows.</summary>
    public ServerFault? Fault { get; set; }

    /// <summary>Why the channel does not flow; <see langword="null"/> when it does or nothing is known.</summary>
    public RealtimeException? Error { get; set; }

    public bool IsFaulted { get; set; }

    public DateTimeOffset? NextRetry { get; set; }

    /// <summary>The end of the back-off, or the wait for the join's reply, or for readiness: one at a time.</summary>
    public Deadlines.Deadline? Deadline { get; set; }

    /// <summary>Whether the back-off is over and it may join as soon as it can.</summary>
    public bool MayJoin { get; set; } = true;

    public bool TryMove(ChannelState expected, ChannelState next)
    {
        if (State != expected)
        {
            return false;
        }

        State = next;
        return true;
    }

    /// <summary>Whatever it was, it has to join again.</summary>
    public void Reset()
    {
        State = ChannelState.Waiting;
        Routes = ChannelRoutes.None;
        Deadline?.Cancel();
        Deadline = null;
        TokenPushed = false;
        Fault = null;
    }

    public void End()
    {
        Reset();
        State = ChannelState.Ended;
    }

    public void StartJoin(string topic, string joinRef)
    {
        Topic = topic;
        TopicUtf8 = Encoding.UTF8.GetBytes(topic);
        JoinRef = joinRef;
        Bindings = [.. Subscriptions
            .SelectMany(static s => new[] { s.Request.Binding, s.Request.KeyOnlyDeletes })
            .OfType<JoinBinding>()
            .Distinct()];
    }
}
