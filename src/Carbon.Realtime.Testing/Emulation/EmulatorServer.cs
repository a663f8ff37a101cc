using System.Text;
using System.Text.Json;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>
/// Sockets and channels: what the server answers to a client's frames
/// (docs/protocol.md, "Phoenix rules", "Joining", "From join to changes" and "Tokens"). Guarded by the agenda's lock.
/// </summary>
internal sealed class EmulatorServer(EmulatorOptions options, EmulatorAgenda agenda, EmulatorTokens tokens, EmulatorSubscriber subscriber)
{
    private const string Ok = "ok";
    private const string Error = "error";
    private const string UnmatchedTopic = """{"reason":"unmatched topic"}""";

    private int _lastConnectionId;

    public EmulatorOptions Options { get; } = options;

    public EmulatorAgenda Agenda { get; } = agenda;

    public List<EmulatorConnection> Connections { get; } = [];

    public IEnumerable<EmulatorChannel> Channels => Connections.SelectMany(static c => c.Channels.Values);

    public EmulatorConnection Open(IEmulatorPeer peer, EmulatorProtocolVersion version, string apiKey)
    {
        var connection = new EmulatorConnection(this, peer, ++_lastConnectionId, version, apiKey);
        Connections.Add(connection);
        return connection;
    }

    /// <summary>Decides about private channels; without it there are none, as in a project without policies on <c>realtime.messages</c>.</summary>
    public Func<EmulatorClaims, string, EmulatorChannelAccess>? PrivateChannels { get; set; }

    public void Forget(EmulatorConnection connection) => Connections.Remove(connection);

    public void Handle(EmulatorConnection connection, byte[] utf8)
    {
        if (!WireFrame.TryRead(connection.Version, utf8, out var frame))
        {
            return;
        }

        if (frame.Topic == "phoenix")
        {
            var isHeartbeat = frame.Event == "heartbeat";
            Reply(connection, frame, WireFrame.NullRef, isHeartbeat ? Ok : Error, isHeartbeat ? "{}" : UnmatchedTopic);
        }
        else if (frame.Event == "phx_join")
        {
            Join(connection, frame);
        }
        else if (!connection.Channels.TryGetValue(frame.Topic, out var channel))
        {
            var isLeave = frame.Event == "phx_leave";
            Reply(connection, frame, isLeave ? frame.JoinRef : WireFrame.NullRef, isLeave ? Ok : Error, isLeave ? "{}" : UnmatchedTopic);
        }
        else
        {
            // A join reference that is missing or stale is forgiven since 2.129.5 (section 3.2); an unknown event is never answered.
            switch (frame.Event)
            {
                case "phx_leave":
                    channel.Reply(frame.Ref, Ok, "{}");
                    Close(channel);
                    break;
                case "access_token":
                    TakeToken(channel, frame.Payload);
                    break;
                case "broadcast":
                    Broadcast(channel, frame);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>Ends a channel in order: <c>phx_close</c>, after a <c>system</c> error where the server is the one who ends it (section 6).</summary>
    public static void Close(EmulatorChannel channel, string? systemError = null)
    {
        if (systemError is not null)
        {
            channel.PushSystem("system", Error, systemError);
        }

        channel.PushEnd("phx_close");
        Remove(channel);
    }

    /// <summary>The channel's process crashes.</summary>
    public static void Crash(EmulatorChannel channel)
    {
        channel.PushEnd("phx_error");
        Remove(channel);
    }

    public void ForEachConnection(Action<EmulatorConnection> action) => Connections.ToList().ForEach(action);

    public void ForEachChannel(Action<EmulatorChannel> action) => Channels.ToList().ForEach(action);

    private static void Remove(EmulatorChannel channel)
    {
        channel.Stop();
        channel.Connection.Channels.Remove(channel.Topic);
    }

    private static void Reply(EmulatorConnection connection, WireFrame frame, string joinRef, string status, string response) =>
        connection.Push(joinRef, frame.Ref, frame.Topic, "phx_reply", $"{{\"status\":\"{status}\",\"response\":{response}}}");

    private void Join(EmulatorConnection connection, WireFrame frame)
    {
        if (!frame.Topic.StartsWith(EmulatorChannel.Prefix, StringComparison.Ordinal))
        {
            Reply(connection, frame, WireFrame.NullRef, Error, UnmatchedTopic);
            return;
        }

        // A join of a joined topic ends the old channel, even if the new join fails; the old one's phx_close comes after the reply (section 24, fact 11).
        if (connection.Channels.Remove(frame.Topic, out var old))
        {
            old.Stop();
        }

        if (Admit(connection, frame, out var reason) is not { } channel)
        {
            connection.Block(Options.Timing.JoinErrorDelay, () =>
            {
                Reply(connection, frame, JoinRefOf(frame), Error, $"{{\"reason\":{JsonText.Quote(reason)}}}");
                old?.PushEnd("phx_close");
            });
            return;
        }

        connection.Channels.Add(frame.Topic, channel);
        channel.Reply(frame.Ref, Ok, Response(channel));
        old?.PushEnd("phx_close");
        WatchExpiry(channel);
        if (Config(frame.Payload) is { } config && Flag(config, "presence", "enabled"))
        {
            channel.Push("presence_state", "{}");
        }

        subscriber.Subscribe(channel);
    }

    private EmulatorChannel? Admit(EmulatorConnection connection, WireFrame frame, out string reason)
    {
        if (frame.Topic.Length == EmulatorChannel.Prefix.Length)
        {
            reason = "TopicNameRequired: You must provide a topic name";
            return null;
        }

        var token = TokenOf(frame.Payload) ?? connection.ApiKey;
        var verdict = tokens.Check(token);
        if (verdict.Claims is not { } claims)
        {
            reason = verdict.JoinReason;
            return null;
        }

        if (frame.Payload.ValueKind == JsonValueKind.Object && frame.Payload.TryGetProperty("config", out var given)
            && given.ValueKind is not (JsonValueKind.Object or JsonValueKind.Null))
        {
            reason = "UnknownErrorOnChannel: no function clause matching in Access.get/3";
            return null;
        }

        var config = Config(frame.Payload);
        var isPrivate = config is { } asked && IsSet(asked, "private");
        if (isPrivate && !Access(claims, frame.Topic).HasFlag(EmulatorChannelAccess.Read))
        {
            reason = $"Unauthorized: {NoPermission(frame.Topic)}";
            return null;
        }

        reason = "";
        return new EmulatorChannel(connection, frame.Topic, JoinRefOf(frame), token, claims)
        {
            Bindings = config is { } c && c.TryGetProperty("postgres_changes", out var bindings) && bindings.ValueKind == JsonValueKind.Array
                ? [.. bindings.EnumerateArray().Where(static b => b.ValueKind == JsonValueKind.Object).Select(EmulatorBinding.Read)]
                : [],
            IsPrivate = isPrivate,
            BroadcastAck = config is { } a && Flag(a, "broadcast", "ack"),
            BroadcastSelf = config is { } s && Flag(s, "broadcast", "self"),
        };
    }

    private void TakeToken(EmulatorChannel channel, JsonElement payload)
    {
        // No answer in any case; null, the same token and sb_ keys change nothing (section 13).
        if (TokenOf(payload) is not { } token || token == channel.Token)
        {
            return;
        }

        var verdict = tokens.Check(token);
        if (verdict.Claims is not { } claims)
        {
            Close(channel, verdict.Text);
            return;
        }

        if (channel.IsPrivate && !Access(claims, channel.Topic).HasFlag(EmulatorChannelAccess.Read))
        {
            Close(channel, $"You no longer have permission to read from this Channel topic: {channel.Topic[EmulatorChannel.Prefix.Length..]}");
            return;
        }

        channel.Token = token;
        channel.Claims = claims;
        WatchExpiry(channel);
        subscriber.Resubscribe(channel);
    }

    private void WatchExpiry(EmulatorChannel channel)
    {
        channel.Expiry?.Dispose();
        channel.Expiry = Agenda.At(channel.Claims.ExpiresAt, () => Close(channel, EmulatorTokens.ExpiredText(Agenda.Now, channel.Claims.ExpiresAt)));
    }

    private EmulatorChannelAccess Access(EmulatorClaims claims, string topic) =>
        PrivateChannels?.Invoke(claims, topic[EmulatorChannel.Prefix.Length..]) ?? EmulatorChannelAccess.None;

    private static string NoPermission(string topic) =>
        $"You do not have permissions to read from this Channel topic: {topic[EmulatorChannel.Prefix.Length..]}";

    private void Broadcast(EmulatorChannel sender, WireFrame frame)
    {
        if (sender.IsPrivate && !Access(sender.Claims, sender.Topic).HasFlag(EmulatorChannelAccess.Write))
        {
            // Not answered, even where an acknowledgement was asked for (docs/protocol.md, "Things that look right and are not").
            return;
        }

        var payload = new StringBuilder();
        JsonText.AppendCanonical(payload, frame.Payload);
        foreach (var channel in Channels.Where(c => c.Topic == sender.Topic && c.IsPrivate == sender.IsPrivate && (sender.BroadcastSelf || !ReferenceEquals(c, sender))))
        {
            channel.Connection.Push(WireFrame.NullRef, WireFrame.NullRef, channel.Topic, "broadcast", payload.ToString());
        }

        if (sender.BroadcastAck)
        {
            sender.Reply(frame.Ref, Ok, "{}");
        }
    }

    private static string Response(EmulatorChannel channel)
    {
        var text = new StringBuilder("{\"postgres_changes\":[");
        for (var i = 0; i < channel.Bindings.Count; i++)
        {
            text.Append(i > 0 ? "," : "");
            channel.Bindings[i].AppendReply(text);
        }

        return text.Append("]}").ToString();
    }

    // The message's ref is the channel's join reference; clients send both equal (section 3.1).
    private static string JoinRefOf(WireFrame frame) => frame.JoinRef == WireFrame.NullRef ? frame.Ref : frame.JoinRef;

    private static JsonElement? Config(JsonElement payload) =>
        payload.ValueKind == JsonValueKind.Object && payload.TryGetProperty("config", out var config) && config.ValueKind == JsonValueKind.Object
            ? config
            : null;

    private static bool Flag(JsonElement config, string section, string name) =>
        config.TryGetProperty(section, out var options) && options.ValueKind == JsonValueKind.Object && IsSet(options, name);

    private static bool IsSet(JsonElement json, string name) => json.TryGetProperty(name, out var flag)
        && (flag.ValueKind == JsonValueKind.True || (flag.ValueKind == JsonValueKind.String && flag.GetString() == "true"));

    private static string? TokenOf(JsonElement payload)
    {
        if (payload.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        foreach (var name in (ReadOnlySpan<string>)["user_token", "access_token"])
        {
            if (payload.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String)
            {
                var token = value.GetString()!;
                return token.StartsWith("sb_", StringComparison.Ordinal) ? null : token;
            }
        }

        return null;
    }
}
