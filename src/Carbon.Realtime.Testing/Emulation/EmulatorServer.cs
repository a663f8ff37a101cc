using System.Text;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>
/// Sockets and channels: what the server answers to a client's frames
/// (docs/protocol.md, "Phoenix rules", "Joining", "From join to changes" and "Tokens"). Guarded by the agenda's lock.
/// </summary>
internal sealed class EmulatorServer
{
    private const string Ok = "ok";
    private const string Error = "error";
    private const string UnmatchedTopic = """{"reason":"unmatched topic"}""";

    private readonly EmulatorTokens _tokens;
    private readonly EmulatorSubscriber _subscriber;
    private int _lastConnectionId;

    public EmulatorServer(EmulatorOptions options, EmulatorAgenda agenda, EmulatorTokens tokens, EmulatorSubscriber subscriber, EmulatorTrouble trouble)
    {
        Options = options;
        Agenda = agenda;
        Trouble = trouble;
        _tokens = tokens;
        _subscriber = subscriber;
        Admission = new EmulatorAdmission(options, agenda, tokens, trouble);
        Broadcasts = new EmulatorBroadcasts(options, agenda, this, Admission);
        ChangeRate = new EmulatorRate(agenda.Environment.TimeProvider, options.Limits.ChangesPerSecond);
    }

    public EmulatorOptions Options { get; }

    public EmulatorAgenda Agenda { get; }

    public EmulatorTrouble Trouble { get; }

    public EmulatorAdmission Admission { get; }

    public EmulatorBroadcasts Broadcasts { get; }

    /// <summary>Of changes, each counted for every subscription that it goes to.</summary>
    public EmulatorRate ChangeRate { get; }

    public List<EmulatorConnection> Connections { get; } = [];

    public IEnumerable<EmulatorChannel> Channels => Connections.SelectMany(static c => c.Channels.Values);

    public EmulatorConnection Open(IEmulatorPeer peer, EmulatorProtocolVersion version, string apiKey)
    {
        var connection = new EmulatorConnection(this, peer, ++_lastConnectionId, version, apiKey);
        Connections.Add(connection);
        return connection;
    }

    /// <summary>How many sockets the server counts: those that have joined something.</summary>
    public int Users => Connections.Count(static c => c.Channels.Count > 0);

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
            if (isHeartbeat && Trouble.HeartbeatsToIgnore > 0)
            {
                Trouble.HeartbeatsToIgnore -= Trouble.HeartbeatsToIgnore == int.MaxValue ? 0 : 1;
                return;
            }

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
            // A join reference that is missing or stale is forgiven since 2.129.5 (docs/protocol.md, "Join references"); an unknown event is never answered.
            switch (frame.Event)
            {
                case "phx_leave":
                    channel.Reply(frame.Ref, Ok, "{}");
                    Close(channel);
                    break;
                case "access_token":
                    TakeToken(channel, frame);
                    break;
                case "broadcast":
                    Broadcasts.Send(channel, frame);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>A broadcast whose topic is not joined is dropped: no transcript shows an answer.</summary>
    public void Handle(EmulatorConnection connection, UserBroadcast broadcast)
    {
        if (connection.Channels.TryGetValue(broadcast.Topic, out var channel))
        {
            Broadcasts.Send(channel, broadcast);
        }
    }

    /// <summary>Ends a channel in order: <c>phx_close</c>, after a <c>system</c> error where the server is the one who ends it (docs/protocol.md, "System messages").</summary>
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

    /// <summary>Settings of the project changed: every channel is told, and every socket closed (docs/protocol.md, "System messages").</summary>
    public void ReloadTenant() => ForEachConnection(static connection =>
    {
        foreach (var channel in connection.Channels.Values)
        {
            channel.Push("system", """{"message":"Server requested disconnect","status":"ok","extension":"system"}""");
        }

        connection.CloseUnderLock(1012, "");
    });

    /// <summary>Another "Subscribed" that nobody asked for.</summary>
    public void RepeatSubscribed() => ForEachChannel(static channel =>
    {
        if (channel.Subscriptions.Count > 0)
        {
            channel.PushSystem("postgres_changes", Ok, EmulatorSubscriber.Subscribed);
        }
    });

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

        // A join of a joined topic ends the old channel, even if the new join fails; the old one's phx_close comes after the reply (docs/protocol.md,
        // "Thirty facts", fact 11).
        if (connection.Channels.Remove(frame.Topic, out var old))
        {
            old.Stop();
        }

        var join = EmulatorJoinPayload.Read(frame);
        if (Admission.Admit(connection, frame, join, Users, out var refusal) is not { } channel)
        {
            Refuse(connection, frame, refusal!, old);
            return;
        }

        connection.Channels.Add(frame.Topic, channel);
        channel.Reply(frame.Ref, Ok, Response(channel));
        old?.PushEnd("phx_close");
        WatchExpiry(channel);
        if (join.Presence)
        {
            channel.Push("presence_state", "{}");
        }

        if (channel.Bindings.Count > 0)
        {
            // The worker that polls counts from its first subscriber on.
            ChangeRate.Start();
        }

        _subscriber.Subscribe(channel);
    }

    private void Refuse(EmulatorConnection connection, WireFrame frame, EmulatorJoinFault refusal, EmulatorChannel? old)
    {
        if (refusal.Reason is not { } reason)
        {
            return;
        }

        connection.Block(Options.Timing.JoinErrorDelay, () =>
        {
            Reply(connection, frame, frame.JoinRefOfJoin, Error, $"{{\"reason\":{JsonText.Quote(reason)}}}");
            old?.PushEnd("phx_close");
            if (refusal.CloseCode is { } code)
            {
                connection.CloseUnderLock(code, "");
            }
        });
    }

    private void TakeToken(EmulatorChannel channel, WireFrame frame)
    {
        // No answer in any case; null, the same token and sb_ keys change nothing (docs/protocol.md, "Tokens").
        if (EmulatorJoinPayload.TokenOf(frame.Payload) is not { } token || token == channel.Token)
        {
            return;
        }

        var verdict = _tokens.Check(token);
        if (verdict.Claims is not { } claims)
        {
            Close(channel, verdict.Text);
            return;
        }

        if (channel.IsPrivate && !Admission.Access(claims, channel.Topic).HasFlag(EmulatorChannelAccess.Read))
        {
            Close(channel, $"You no longer have permission to read from this Channel topic: {channel.Topic[EmulatorChannel.Prefix.Length..]}");
            return;
        }

        channel.Token = token;
        channel.Claims = claims;
        WatchExpiry(channel);
        _subscriber.Resubscribe(channel);
    }

    private void WatchExpiry(EmulatorChannel channel)
    {
        channel.Expiry?.Dispose();
        channel.Expiry = Agenda.At(channel.Claims.ExpiresAt, () => Close(channel, EmulatorTokens.ExpiredText(Agenda.Now, channel.Claims.ExpiresAt)));
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
}
