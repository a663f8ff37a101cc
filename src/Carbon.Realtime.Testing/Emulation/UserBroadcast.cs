using System.Text;
using System.Text.Json;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>A broadcast that a client sends as a binary frame, kind 3 (docs/protocol.md, "Binary frames").</summary>
/// <param name="JoinRef">Raw JSON, as in other frames.</param>
/// <param name="Ref">Raw JSON.</param>
/// <param name="Topic">The topic.</param>
/// <param name="Event">The user's event.</param>
/// <param name="IsJson">Whether the payload is JSON.</param>
/// <param name="Payload">As it was sent.</param>
internal sealed record UserBroadcast(string JoinRef, string Ref, string Topic, string Event, bool IsJson, byte[] Payload)
{
    private const byte Push = 3;
    private const int HeaderBytes = 7;

    /// <summary>Reads a frame; what is malformed is dropped without an answer, as other frames are. Metadata of clients is ignored by the server.</summary>
    public static UserBroadcast? Read(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < HeaderBytes || frame[0] != Push)
        {
            return null;
        }

        var lengths = frame[1..6];
        var isJson = frame[6] != 0;
        var rest = frame[HeaderBytes..];
        var names = new string[lengths.Length];
        for (var i = 0; i < names.Length; i++)
        {
            if (rest.Length < lengths[i])
            {
                return null;
            }

            names[i] = Encoding.UTF8.GetString(rest[..lengths[i]]);
            rest = rest[lengths[i]..];
        }

        var payload = rest.ToArray();
        return isJson && !JsonText.TryParse(payload, out _) ? null : new UserBroadcast(Reference(names[0]), Reference(names[1]), names[2], names[3], isJson, payload);
    }

    /// <summary>What sockets of version 1 get: nothing of a payload that is no JSON.</summary>
    public string? ToObject()
    {
        if (!IsJson)
        {
            return null;
        }

        using var json = JsonDocument.Parse(Payload);
        var payload = new StringBuilder();
        JsonText.AppendCanonical(payload, json.RootElement);
        return $"{{\"event\":{JsonText.Quote(Event)},\"payload\":{payload},\"type\":\"broadcast\"}}";
    }

    private static string Reference(string name) => name.Length == 0 ? WireFrame.NullRef : JsonText.Quote(name);
}
