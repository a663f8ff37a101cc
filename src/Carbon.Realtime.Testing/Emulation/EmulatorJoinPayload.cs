using System.Text;
using System.Text.Json;

namespace Carbon.Realtime.Testing.Emulation;

/// <summary>What a join asks for (docs/protocol.md, "Joining").</summary>
internal sealed record EmulatorJoinPayload
{
    /// <summary>The channel's token; none for the socket's API key.</summary>
    public string? Token { get; private init; }

    /// <summary><c>config</c> is there and no object: the server's code fails over it.</summary>
    public bool IsMalformed { get; private init; }

    /// <summary>The old API, without <c>config</c>: the topic is the subscription, and changes are events of their own.</summary>
    public bool IsLegacy { get; private init; }

    public bool IsPrivate { get; private init; }

    public bool BroadcastAck { get; private init; }

    public bool BroadcastSelf { get; private init; }

    public bool Presence { get; private init; }

    public IReadOnlyList<EmulatorBinding> Bindings { get; private init; } = [];

    public static EmulatorJoinPayload Read(WireFrame frame)
    {
        var token = TokenOf(frame.Payload);
        if (frame.Payload.ValueKind != JsonValueKind.Object || !frame.Payload.TryGetProperty("config", out var config))
        {
            return new EmulatorJoinPayload { Token = token, IsLegacy = true, Bindings = [EmulatorBinding.Read(OfTopic(frame.Topic))] };
        }

        return config.ValueKind != JsonValueKind.Object
            ? new EmulatorJoinPayload { Token = token, IsMalformed = config.ValueKind != JsonValueKind.Null }
            : new EmulatorJoinPayload
            {
                Token = token,
                IsPrivate = IsSet(config, "private"),
                BroadcastAck = Flag(config, "broadcast", "ack"),
                BroadcastSelf = Flag(config, "broadcast", "self"),
                Presence = Flag(config, "presence", "enabled"),
                Bindings = config.TryGetProperty("postgres_changes", out var bindings) && bindings.ValueKind == JsonValueKind.Array
                    ? [.. bindings.EnumerateArray().Where(static b => b.ValueKind == JsonValueKind.Object).Select(EmulatorBinding.Read)]
                    : [],
            };
    }

    /// <summary>The token of a join or of an <c>access_token</c> push; keys of the new form (<c>sb_</c>) are ignored.</summary>
    public static string? TokenOf(JsonElement payload)
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

    /// <summary><c>realtime:schema:table:filter</c>, the last two left out at will.</summary>
    private static JsonElement OfTopic(string topic)
    {
        string[] names = ["schema", "table", "filter"];
        var parts = topic[EmulatorChannel.Prefix.Length..].Split(':', names.Length);
        var json = new StringBuilder("{");
        for (var i = 0; i < parts.Length; i++)
        {
            json.Append(i > 0 ? "," : "").Append('"').Append(names[i]).Append("\":");
            JsonText.AppendQuoted(json, parts[i]);
        }

        using var binding = JsonDocument.Parse(json.Append('}').ToString());
        return binding.RootElement.Clone();
    }

    private static bool Flag(JsonElement config, string section, string name) =>
        config.TryGetProperty(section, out var options) && options.ValueKind == JsonValueKind.Object && IsSet(options, name);

    private static bool IsSet(JsonElement json, string name) => json.TryGetProperty(name, out var flag)
        && (flag.ValueKind == JsonValueKind.True || (flag.ValueKind == JsonValueKind.String && flag.GetString() == "true"));
}
