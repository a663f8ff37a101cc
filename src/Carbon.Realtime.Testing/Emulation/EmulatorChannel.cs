namespace Carbon.Realtime.Testing.Emulation;

/// <summary>A joined topic of one socket. Guarded by the emulator's lock.</summary>
internal sealed class EmulatorChannel(EmulatorConnection connection, string topic, string joinRef, string token, EmulatorClaims claims)
{
    public const string Prefix = "realtime:";

    public EmulatorConnection Connection { get; } = connection;

    public string Topic { get; } = topic;

    /// <summary>Raw JSON.</summary>
    public string JoinRef { get; } = joinRef;

    /// <summary>Counts the socket's channels from 1.</summary>
    public int Number { get; } = connection.NextChannelNumber();

    public IReadOnlyList<EmulatorBinding> Bindings { get; init; } = [];

    /// <summary>Joined by the old API: changes are events of their own name.</summary>
    public bool IsLegacy { get; init; }

    public bool IsPrivate { get; init; }

    public bool BroadcastAck { get; init; }

    public bool BroadcastSelf { get; init; }

    public string Token { get; set; } = token;

    /// <summary>Of <see cref="Token"/>. The subscriptions keep those that they were made with.</summary>
    public EmulatorClaims Claims { get; set; } = claims;

    public IReadOnlyList<EmulatorSubscription> Subscriptions { get; set; } = [];

    /// <summary>Whether it was told "Subscribed" since it joined.</summary>
    public bool WasSubscribed { get; set; }

    /// <summary>Nothing comes any more, whatever its subscriptions are.</summary>
    public bool IsDeaf { get; set; }

    public IDisposable? Expiry { get; set; }

    /// <summary>A subscription under way: several token pushes make one.</summary>
    public IDisposable? Subscribing { get; set; }

    public bool IsOpen { get; private set; } = true;

    /// <summary>Ends the channel without telling anybody.</summary>
    public void Stop()
    {
        IsOpen = false;
        Subscriptions = [];
        Expiry?.Dispose();
        Subscribing?.Dispose();
    }

    public void Reply(string reference, string status, string response) =>
        Connection.Push(JoinRef, reference, Topic, "phx_reply", $"{{\"status\":\"{status}\",\"response\":{response}}}");

    /// <summary>A push of the channel process: it carries the join reference, unlike changes (docs/protocol.md, "Frames").</summary>
    public void Push(string @event, string payload) => Connection.Push(JoinRef, WireFrame.NullRef, Topic, @event, payload);

    /// <summary>A push that does not come from the channel process: it carries no reference at all (docs/protocol.md, "Frames").</summary>
    public void PushFast(string @event, string payload) => Connection.Push(WireFrame.NullRef, WireFrame.NullRef, Topic, @event, payload);

    public void PushSystem(string extension, string status, string message) => Push(
        "system",
        $"{{\"message\":{JsonText.Quote(message)},\"status\":\"{status}\",\"extension\":\"{extension}\","
        + $"\"channel\":{JsonText.Quote(Topic[Prefix.Length..])}}}");

    /// <summary>The last word of a channel: <c>phx_close</c> or <c>phx_error</c>, with the join reference in both places.</summary>
    public void PushEnd(string @event) => Connection.Push(JoinRef, JoinRef, Topic, @event, "{}");
}
