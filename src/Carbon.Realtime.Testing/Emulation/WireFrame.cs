using System.Text.Json;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>A frame of a client. References are kept as raw JSON: a number is echoed as a number (docs/protocol.md, "Frames").</summary>
internal readonly record struct WireFrame(string JoinRef, string Ref, string Topic, string Event, JsonElement Payload)
{
    public const string NullRef = "null";

    /// <summary>The join reference that a join gives its channel: clients send both references equal (docs/protocol.md, "Phoenix rules").</summary>
    public string JoinRefOfJoin => JoinRef == NullRef ? Ref : JoinRef;

    /// <summary>Reads a frame; what is malformed is dropped without an answer (docs/protocol.md, "Frames").</summary>
    public static bool TryRead(EmulatorProtocolVersion version, ReadOnlyMemory<byte> utf8, out WireFrame frame)
    {
        frame = default;
        if (!JsonText.TryParse(utf8, out var root))
        {
            return false;
        }

        JsonElement joinRef, reference, topic, @event, payload;
        if (version == EmulatorProtocolVersion.V2)
        {
            if (root.ValueKind != JsonValueKind.Array || root.GetArrayLength() < 5)
            {
                return false;
            }

            (joinRef, reference, topic, @event, payload) = (root[0], root[1], root[2], root[3], root[4]);
        }
        else
        {
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("topic", out topic) || !root.TryGetProperty("event", out @event)
                || !root.TryGetProperty("payload", out payload) || !root.TryGetProperty("ref", out reference))
            {
                return false;
            }

            root.TryGetProperty("join_ref", out joinRef);
        }

        if (topic.ValueKind != JsonValueKind.String || @event.ValueKind != JsonValueKind.String)
        {
            return false;
        }

        frame = new WireFrame(
            joinRef.ValueKind == JsonValueKind.Undefined ? NullRef : joinRef.GetRawText(),
            reference.GetRawText(),
            topic.GetString()!,
            @event.GetString()!,
            payload);
        return true;
    }

    /// <summary>Writes a frame of the server; version 1 has no place for the join reference.</summary>
    public static string Write(EmulatorProtocolVersion version, string joinRef, string reference, string topic, string @event, string payload) =>
        version == EmulatorProtocolVersion.V2
            ? $"[{joinRef},{reference},{JsonText.Quote(topic)},{JsonText.Quote(@event)},{payload}]"
            : $"{{\"ref\":{reference},\"payload\":{payload},\"event\":{JsonText.Quote(@event)},\"topic\":{JsonText.Quote(topic)}}}";
}
