using System.Text;
using System.Text.Json;
using Carbon.Realtime.Protocol;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>
/// A text message of the socket: frame, reply, system message, fault, quoted binding. Declared: nothing throws, and what is no frame is malformed, truncated or too
/// deep. Where System.Text.Json reads the message, both must find the same parts, or both none.
/// </summary>
internal sealed class EnvelopeTarget : FuzzTarget
{
    private static readonly JoinBinding[] Bindings =
        [new("*", "public", "todos", null), new("*", "public", "todos", "id=eq.1"), new("DELETE", "public", "filt", null), new("*", "public", "filt", "n=in.(1,2),name=eq.\"a,b\"")];

    private static readonly string[] Events = ["phx_reply", "system", "postgres_changes", "phx_close", "phx_error", "broadcast", "presence_state", "presence_diff", "INSERT", "phx_join", ""];

    private static readonly string[] Messages =
    [
        "Subscribed to PostgreSQL", "InvalidJWTToken: Token has expired 3 seconds ago", "ClientJoinRateLimitReached: Too many joins per second", "Error parsing `filter` params: [\"foo\", \"1\"]",
        "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect parameters: [event: *, schema: public, table: todos, filters: [{\"id\", \"eq\", \"1\", false}], select: nil]",
        "No subscription params provided: %{\"event\" => \"*\", \"schema\" => \"public\", \"table\" => nil}", "invalid column for filter n, [event: *, schema: public, table: filt, filters: [{\"n\", \"in\", \"{1,2}\"}]",
        "{:error, \"\\x{1F600}\"}",
    ];

    public override string Name => "envelope";

    // Texts are copied a few times on their way into an advice.
    public override (long Fixed, long PerByte) Budget => (16 * 1024, 32);

    public override IReadOnlyList<byte[]> Recorded => Recordings.Frames;

    public override byte[] Write(Chance chance)
    {
        var name = chance.Of(Events);
        var payload = name switch
        {
            _ when chance.OneIn(12) => HostileJson.Value(chance, 1),
            "phx_reply" => HostileJson.Object(chance, ("status", chance.OneIn(3) ? "\"error\"" : "\"ok\""), ("response", Response(chance))),
            "system" => HostileJson.Object(chance,
                ("extension", chance.OneIn(3) ? "\"system\"" : "\"postgres_changes\""), ("status", chance.OneIn(2) ? "\"ok\"" : "\"error\""),
                ("message", chance.OneIn(4) ? HostileJson.Value(chance, 2) : HostileJson.Quote(chance.Of(Messages))), ("channel", "\"x\"")),
            _ => chance.OneIn(8) ? Deep(chance) : HostileJson.Value(chance, 3),
        };
        var (reference, topic) = (Reference(chance), chance.OneIn(4) ? HostileJson.Text(chance) : "\"realtime:x\"");
        return Encoding.UTF8.GetBytes(chance.OneIn(2)
            ? $"[{Reference(chance)},{reference}, {topic},{HostileJson.Quote(name)},{payload}]{(chance.OneIn(8) ? " \n" : "")}"
            : HostileJson.Object(chance, ("ref", reference), ("payload", payload), ("event", HostileJson.Quote(name)), ("topic", topic)));
    }

    protected override Verdict Judge(byte[] input)
    {
        Begin();
        var isRead = FrameReader.TryRead(input, out var frame, out var error);
        var verdict = isRead ? Verdict.Accepted(Use(frame)) : Verdict.Refused(error.ToString());
        End();
        Require(isRead == (error == FrameDropReason.None), $"error {error} does not fit {isRead}");
        Require(error is FrameDropReason.None or FrameDropReason.Malformed or FrameDropReason.Truncated or FrameDropReason.TooDeep, $"error {error} is not declared");
        Require(!isRead || frame.Payload.Length <= input.Length, "payload is longer than the message");
        Require(!isRead || IsArray(input) || !IsTooDeep(frame.Payload), "payload is deeper than one may be");
        EnvelopeTwin.Compare(input, isRead, frame);
        return verdict;
    }

    /// <summary>What the channels do with a frame, as far as its bytes decide.</summary>
    private static string Use(in Frame frame)
    {
        switch (frame.Event)
        {
            case FrameEvent.Reply:
                if (ReplyPayload.TryParse(frame.Payload) is not { } reply)
                {
                    return "Reply, unreadable";
                }

                Require(frame.Payload is [(byte)'{', ..], "reply is no object");
                Explain(FaultTable.Channel(reply.Reason));
                return reply.IsOk ? "Reply, ok" : "Reply, error";
            case FrameEvent.System:
                if (SystemPayload.TryParse(frame.Payload) is not { } system)
                {
                    return "System, unreadable";
                }

                Require(frame.Payload is [(byte)'{', ..], "system message is no object");
                Explain(FaultTable.Channel(system.Message));
                Explain(FaultTable.Subscription(system.Message).Fault);
                var quoted = RefusedBinding.Find(system.Message, Bindings);
                Require(quoted is null || Bindings.Contains(quoted), "binding is none of those that were sent");
                return system.IsOk ? "System, ok" : quoted is null ? "System, error" : "System, error of a binding";
            default:
                return frame.Event.ToString();
        }
    }

    private static void Explain(ServerFault fault) => Require(Enum.IsDefined(fault.Reason) && fault.ToException().Message.Length > 0, "fault says nothing");

    /// <summary>Then the payload is all that is left, and nobody walks through it before its own reader.</summary>
    private static bool IsArray(ReadOnlySpan<byte> message) => message.TrimStart(" \n\r\t"u8) is [(byte)'[', ..];

    private static bool IsTooDeep(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = int.MaxValue });
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject && reader.CurrentDepth >= JsonScanner.MaxDepth)
                {
                    return true;
                }
            }
        }
        catch (JsonException)
        {
            // How deep it is behind that, nobody can say.
        }

        return false;
    }

    private static string Reference(Chance chance) => chance.Below(6) switch { 0 => "null", 1 => "7", 2 => HostileJson.Text(chance), 3 => HostileJson.Value(chance, 1), _ => "\"1\"" };

    /// <summary>As deep as a payload may be, or nearly, or a little deeper.</summary>
    private static string Deep(Chance chance)
    {
        var levels = JsonScanner.MaxDepth - 2 + chance.Below(5);
        return string.Concat(Enumerable.Repeat("[", levels)) + string.Concat(Enumerable.Repeat("]", levels));
    }

    private static string Response(Chance chance) => chance.Below(5) switch
    {
        0 => HostileJson.Value(chance, 2),
        1 => HostileJson.Object(chance, ("reason", HostileJson.Quote(chance.Of(Messages)))),
        2 => HostileJson.Quote(chance.Of(Messages)),
        _ => HostileJson.Object(chance, ("postgres_changes", $"[{string.Join(',', HostileJson.Many(chance, 3, () => HostileJson.Object(chance,
            ("id", chance.OneIn(6) ? HostileJson.Value(chance, 1) : "68883293"), ("event", "\"*\""), ("schema", "\"public\""), ("table", "\"todos\""))))}]")),
    };
}
