using System.Text;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>Broadcasts, from clients and from the database, to the channels of a topic. Guarded by the agenda's lock.</summary>
internal sealed class EmulatorBroadcasts(EmulatorOptions options, EmulatorAgenda agenda, EmulatorServer server, EmulatorAdmission admission)
{
    private const byte UserBroadcastKind = 4;
    private const byte Raw = 0;
    private const byte Json = 1;

    private readonly EmulatorRate _rate = new(agenda.Environment.TimeProvider, options.Limits.MessagesPerSecond);

    public void Send(EmulatorChannel sender, WireFrame frame)
    {
        var payload = new StringBuilder();
        JsonText.AppendCanonical(payload, frame.Payload);
        Send(sender, frame.Ref, c => c.PushFast("broadcast", payload.ToString()));
    }

    /// <summary>What came as a binary frame goes on as one, also if it is JSON; sockets of version 1 get JSON as an object, and nothing else.</summary>
    public void Send(EmulatorChannel sender, UserBroadcast broadcast)
    {
        var binary = Binary(sender.Topic, broadcast.Event, "", broadcast.IsJson, broadcast.Payload);
        var json = broadcast.ToObject();
        Send(sender, broadcast.Ref, channel =>
        {
            if (channel.Connection.Version == EmulatorProtocolVersion.V2)
            {
                channel.Connection.PushBinary(binary);
            }
            else if (json is not null)
            {
                channel.PushFast("broadcast", json);
            }
        });
    }

    private void Send(EmulatorChannel sender, string reference, Action<EmulatorChannel> push)
    {
        if (sender.IsPrivate && !admission.Access(sender.Claims, sender.Topic).HasFlag(EmulatorChannelAccess.Write))
        {
            // Not answered, even where an acknowledgement was asked for (docs/protocol.md, "Things that look right and are not").
            return;
        }

        Deliver(sender.Topic, sender.IsPrivate, except: sender.BroadcastSelf ? null : sender, push);
        if (sender.BroadcastAck)
        {
            sender.Reply(reference, "ok", "{}");
        }
    }

    /// <summary><c>realtime.send</c>: a binary frame for version 2, and for version 1 an object (docs/protocol.md, "Binary frames").</summary>
    public void SendFromDatabase(string topic, string @event, EmulatorJson payload, bool isPrivate)
    {
        var random = agenda.Environment.Randomizer;
        var id = new Guid(Convert.FromHexString(random.NextNonce() + random.NextNonce())).ToString();
        var members = payload.Element.EnumerateObject().Where(static p => p.Name != "id").Select(static p => (p.Name, JsonText.Jsonb(p.Value)));
        var row = new StringBuilder();
        JsonText.AppendJsonbObject(row, members.Prepend(("id", payload.Element.TryGetProperty("id", out var own) ? JsonText.Jsonb(own) : JsonText.Quote(id))));
        var meta = $"{{\"id\":\"{id}\"}}";
        Deliver(topic, isPrivate, except: null, channel =>
        {
            if (channel.Connection.Version == EmulatorProtocolVersion.V2)
            {
                channel.Connection.PushBinary(Binary(topic, @event, meta, isJson: true, Encoding.UTF8.GetBytes(row.ToString())));
            }
            else
            {
                channel.PushFast("broadcast", $"{{\"event\":{JsonText.Quote(@event)},\"meta\":{meta},\"payload\":{row},\"type\":\"broadcast\"}}");
            }
        });
    }

    private void Deliver(string topic, bool isPrivate, EmulatorChannel? except, Action<EmulatorChannel> push)
    {
        foreach (var channel in server.Channels.Where(c => c.Topic == topic && c.IsPrivate == isPrivate && !ReferenceEquals(c, except)).ToArray())
        {
            if (_rate.IsExceeded)
            {
                // It is the receiver who pays (docs/protocol.md, "Thirty facts", fact 7).
                EmulatorServer.Close(channel, "Too many messages per second");
            }
            else
            {
                _rate.Add(1);
                push(channel);
            }
        }
    }

    private static byte[] Binary(string topic, string @event, string meta, bool isJson, byte[] payload)
    {
        byte[][] names = [Encoding.UTF8.GetBytes(topic), Encoding.UTF8.GetBytes(@event), Encoding.UTF8.GetBytes(meta)];
        return [UserBroadcastKind, .. names.Select(static n => (byte)n.Length), isJson ? Json : Raw, .. names.SelectMany(static n => n), .. payload];
    }
}
