using System.Text;
using Carbon.Realtime.Authentication;
using Carbon.Realtime.Connection;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Channels;

/// <summary>One channel: its subscriptions, and the join that serves them now. State only; <see cref="ChannelRegistry"/> moves it. Under the gate.</summary>
internal sealed class Channel(string group, TokenSession session, Recovery recovery, RealtimeInstruments instruments)
{
    private ChannelState _state = Opened(instruments);

    public string Group => group;

    public TokenSession Session => session;

    /// <summary>Why the channel does not flow, and when it may join again.</summary>
    public Recovery Recovery => recovery;

    public List<Subscription> Subscriptions { get; } = [];

    public ChannelState State
    {
        get => _state;
        private set
        {
            instruments.ChannelMoved(TagValue.Of(_state), value == ChannelState.Ended ? null : TagValue.Of(value));
            _state = value;
        }
    }

    /// <summary>The join that is under way, as it is measured: it ends with the server's ok or refusal, and is given up by a reset.</summary>
    public Operation? Join { get; set; }

    /// <summary>The topic of the current join. A new nonce for every join: change frames carry no join reference, so only the topic tells them apart.</summary>
    public string Topic { get; private set; } = "";

    public byte[] TopicUtf8 { get; private set; } = [];

    /// <summary>The join's reference, which every push of this channel carries.</summary>
    public string JoinRef { get; private set; } = "";

    /// <summary>What the current join asked for, in order; equal bindings once.</summary>
    public IReadOnlyList<JoinBinding> Bindings { get; private set; } = [];

    public ChannelRoutes Routes { get; set; } = ChannelRoutes.None;

    /// <summary>The token the server holds for this channel: the join's, or one pushed since.</summary>
    public AccessToken? Token { get; set; }

    /// <summary>The join's token.</summary>
    public AccessToken? JoinedWith { get; set; }

    /// <summary>Whether a token push awaits its "Subscribed". Not timed; one answer may serve several pushes, and when each gets one, the second is a gap too many rather than one too few.</summary>
    public bool TokenPushed { get; set; }

    /// <summary>What the last <c>system</c> error said: it explains the <c>phx_close</c> that follows.</summary>
    public ServerFault? Fault { get; set; }

    /// <summary>Whether the server refuses what it asks for: it waits, tries now and then, and holds no place meanwhile (<see cref="Quarantine"/>).</summary>
    public bool IsSetApart { get; set; }

    /// <summary>Whether the server refused its last join: the next one keeps a distance from those of others (<see cref="RefusedJoinPace"/>).</summary>
    public bool IsRefused { get; set; }

    /// <summary>Whether its last refusal counted for little, being of a token that had been replaced: the next one counts.</summary>
    public bool IsSpared { get; set; }

    /// <summary>Whether the server may have a channel for it, or is to have one as soon as possible.</summary>
    public bool HoldsPlace => !IsSetApart || State != ChannelState.Waiting;

    /// <summary>While joined: when the wait for the ok is worth a word in the log. While live: when it has lasted long enough to trust.</summary>
    public Deadlines.Deadline? Watch { get; private set; }

    /// <summary>While the server is to say ok: when it is joined anew, because it does not.</summary>
    public Deadlines.Deadline? OkIsLate { get; private set; }

    /// <summary>Whether it wants to join as soon as it can.</summary>
    public bool WantsToJoin => State == ChannelState.Waiting && !recovery.IsWaiting;

    /// <summary>Keeps one deadline of a kind; the one before is cancelled.</summary>
    public void WatchUntil(Deadlines.Deadline deadline)
    {
        Watch?.Cancel();
        Watch = deadline;
    }

    /// <inheritdoc cref="WatchUntil"/>
    public void AwaitOkUntil(Deadlines.Deadline? deadline)
    {
        OkIsLate?.Cancel();
        OkIsLate = deadline;
    }

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
        Join?.Dispose();
        Join = null;
        Routes = ChannelRoutes.None;
        Watch?.Cancel();
        Watch = null;
        AwaitOkUntil(null);
        TokenPushed = false;
        Fault = null;
    }

    public void End()
    {
        Reset();
        recovery.EndWait();
        State = ChannelState.Ended;
    }

    public void StartJoin(string topic, string joinRef)
    {
        Topic = topic;
        TopicUtf8 = Encoding.UTF8.GetBytes(topic);
        JoinRef = joinRef;
        Bindings = [.. Subscriptions.SelectMany(static s => s.Request.Bindings).Distinct()];
    }

    private static ChannelState Opened(RealtimeInstruments instruments)
    {
        instruments.ChannelMoved(null, TagValue.Of(ChannelState.Waiting));
        return ChannelState.Waiting;
    }
}
