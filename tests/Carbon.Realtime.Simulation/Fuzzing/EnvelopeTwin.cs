using System.Text;
using System.Text.Json;
using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>Reads a message with System.Text.Json, and compares every part of it; of replies and system messages what they say, too.</summary>
internal static class EnvelopeTwin
{
    /// <summary>What events are called: the oracle's own table.</summary>
    private static readonly Dictionary<string, FrameEvent> Events = new(StringComparer.Ordinal)
    {
        ["postgres_changes"] = FrameEvent.PostgresChanges,
        ["phx_reply"] = FrameEvent.Reply,
        ["system"] = FrameEvent.System,
        ["phx_error"] = FrameEvent.Error,
        ["phx_close"] = FrameEvent.Close,
        ["broadcast"] = FrameEvent.Broadcast,
        ["presence_state"] = FrameEvent.PresenceState,
        ["presence_diff"] = FrameEvent.PresenceDiff,
        ["INSERT"] = FrameEvent.LegacyChange,
        ["UPDATE"] = FrameEvent.LegacyChange,
        ["DELETE"] = FrameEvent.LegacyChange,
    };

    public static void Compare(byte[] input, bool isRead, in Frame frame)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(input, new JsonDocumentOptions { MaxDepth = JsonScanner.MaxDepth + 1 }); // the frame, and a payload as deep as one may be
        }
        catch (JsonException)
        {
            return; // what lies inside a payload is for its own reader to refuse
        }

        using (document)
        {
            try
            {
                Compare(document.RootElement, isRead, frame);
            }
            catch (InvalidOperationException)
            {
                // A text that is not Unicode: System.Text.Json has no word for it.
            }
        }
    }

    private static void Compare(JsonElement root, bool isRead, in Frame frame)
    {
        JsonElement[] parts;
        switch (root.ValueKind)
        {
            case JsonValueKind.Array when root.GetArrayLength() <= 5:
                parts = [.. root.EnumerateArray()];
                break;
            case JsonValueKind.Object when root.EnumerateObject().Select(static p => p.Name).Distinct(StringComparer.Ordinal).Count() == root.EnumerateObject().Count():
                parts = [Part(root, "join_ref"), Part(root, "ref"), Part(root, "topic"), Part(root, "event"), Part(root, "payload")];
                break;
            case JsonValueKind.Array or JsonValueKind.Object:
                return; // more than a frame has, or a name twice
            default:
                parts = [];
                break;
        }

        var isFrame = parts.Length == 5 && IsReference(parts[0]) && IsReference(parts[1]) && parts[2].ValueKind == JsonValueKind.String && parts[3].ValueKind == JsonValueKind.String
            && parts[4].ValueKind != JsonValueKind.Undefined;
        Require(isFrame == isRead, $"frame: {isRead}, by System.Text.Json {isFrame}");
        if (!isRead)
        {
            return;
        }

        var name = Events.GetValueOrDefault(parts[3].GetString()!);
        var (joinRef, reference) = (Reference(parts[0]), Reference(parts[1]));
        if (root.ValueKind == JsonValueKind.Object && joinRef.Length == 0 && name is FrameEvent.Close or FrameEvent.Error)
        {
            joinRef = reference; // docs/protocol.md, "Frames"
        }

        if (name is FrameEvent.Reply or FrameEvent.System && Part(parts[4], "status") is { ValueKind: JsonValueKind.String } status)
        {
            _ = status.GetString(); // of one that is not Unicode it depends on its length whether anybody looks at it
        }

        Require(frame.Event == name, $"event is another one: {frame.Event}, {name}");
        Require(Encoding.UTF8.GetString(frame.JoinRef) == joinRef, "join_ref is another one");
        Require(Encoding.UTF8.GetString(frame.Ref) == reference, "ref is another one");
        Require(Encoding.UTF8.GetString(frame.Topic) == parts[2].GetString(), "topic is another one");
        Require(Encoding.UTF8.GetString(frame.Payload) == parts[4].GetRawText(), "payload is another one");
        switch (name)
        {
            case FrameEvent.Reply:
                CompareReply(ReplyPayload.TryParse(frame.Payload), parts[4]);
                break;
            case FrameEvent.System:
                CompareSystem(SystemPayload.TryParse(frame.Payload), parts[4]);
                break;
        }
    }

    private static void CompareReply(ReplyPayload? reply, JsonElement payload)
    {
        var response = Part(payload, "response");
        var list = Part(response, "postgres_changes");
        var ids = list.ValueKind == JsonValueKind.Array ? list.EnumerateArray().Select(static b => Part(b, "id")).ToList() : [];
        var reason = response.ValueKind == JsonValueKind.String ? Words(response) : Words(Part(response, "reason"));
        var isReply = IsStatus(Part(payload, "status")) && reason is not null && ids.TrueForAll(static id => id.ValueKind == JsonValueKind.Number && id.TryGetInt64(out _));
        Require(isReply == reply is not null, $"reply: {reply is not null}, by System.Text.Json {isReply}");
        if (reply is not null)
        {
            Require(reply.IsOk == IsOk(payload), "status of a reply is another one");
            Require(reply.Reason == reason, "reason of a reply is another one");
            Require(reply.Bindings.Select(static b => b.Id).SequenceEqual(ids.Select(static id => id.GetInt64())), "bindings of a reply are other ones");
        }
    }

    private static void CompareSystem(SystemPayload? system, JsonElement payload)
    {
        var (extension, words) = (Part(payload, "extension"), Words(Part(payload, "message")));
        var isExtension = extension.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null || RowTwin.TextOf(extension) is not null;
        var isSystem = IsStatus(Part(payload, "status")) && words is not null && isExtension;
        Require(isSystem == system is not null, $"system message: {system is not null}, by System.Text.Json {isSystem}");
        if (system is not null)
        {
            Require(system.IsOk == IsOk(payload), "status of a system message is another one");
            Require(system.Extension == (extension.ValueKind == JsonValueKind.String ? extension.GetString() : ""), "extension of a system message is another one");
            Require(system.Message == words, "words of a system message are other ones");
        }
    }

    private static bool IsStatus(JsonElement status) => status.ValueKind is JsonValueKind.String or JsonValueKind.Null;

    private static bool IsOk(JsonElement payload) => payload.GetProperty("status") is { ValueKind: JsonValueKind.String } status && status.GetString() == "ok";

    /// <summary><see langword="null"/> for a text that is not Unicode: then the whole message cannot be read.</summary>
    private static string? Words(JsonElement said) => said.ValueKind switch
    {
        JsonValueKind.Undefined => "",
        JsonValueKind.String => RowTwin.TextOf(said),
        _ => said.GetRawText(),
    };

    private static bool IsReference(JsonElement part) => part.ValueKind is not (JsonValueKind.Array or JsonValueKind.Object);

    /// <summary>As it was sent, without the quotes: the client compares it with what it sent, which needs no escapes.</summary>
    private static string Reference(JsonElement part) => part.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null => "",
        JsonValueKind.String => part.GetRawText()[1..^1],
        _ => part.GetRawText(),
    };

    private static JsonElement Part(JsonElement of, string name) => of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var part) ? part : default;

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new OracleException(otherwise);
        }
    }
}
