using System.Buffers;
using System.Text.Json;

namespace Carbon.Realtime.Protocol;

/// <summary>A table subscription as a join sends it. Equal bindings get equal ids from the server.</summary>
/// <param name="Event"><c>*</c>, <c>INSERT</c>, <c>UPDATE</c> or <c>DELETE</c>.</param>
/// <param name="Schema">The schema's name.</param>
/// <param name="Table">The table's name.</param>
/// <param name="Filter">The rendered filter; <see langword="null"/> for none: the key is then left out, a JSON null would be refused.</param>
internal sealed record JoinBinding(string Event, string Schema, string Table, string? Filter);

/// <summary>Builds client frames. Every channel push carries the join reference: strict servers drop it silently otherwise.</summary>
internal sealed class FrameWriter(ProtocolVersion version)
{
    /// <summary>The server closes a socket over a larger frame (docs/protocol.md, "Limits").</summary>
    public const int MaxFrameBytes = 5_000_000;

    /// <summary>The value of the <c>vsn</c> query parameter.</summary>
    public string Vsn => version == ProtocolVersion.V2 ? "2.0.0" : "1.0.0";

    /// <summary>A join; its reference is the channel's join reference from then on.</summary>
    public byte[] Join(string reference, string topic, bool isPrivate, IReadOnlyList<JoinBinding> bindings, string? accessToken) =>
        Write(reference, reference, topic, "phx_join", writer =>
        {
            writer.WriteStartObject("config");
            writer.WriteBoolean("private", isPrivate);
            writer.WriteStartObject("broadcast");
            writer.WriteBoolean("ack", false);
            writer.WriteBoolean("self", false);
            writer.WriteEndObject();
            writer.WriteStartObject("presence");
            writer.WriteBoolean("enabled", false);
            writer.WriteString("key", "");
            writer.WriteEndObject();
            writer.WriteStartArray("postgres_changes");
            foreach (var binding in bindings)
            {
                writer.WriteStartObject();
                writer.WriteString("event", binding.Event);
                writer.WriteString("schema", binding.Schema);
                writer.WriteString("table", binding.Table);
                if (binding.Filter is not null)
                {
                    writer.WriteString("filter", binding.Filter);
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
            if (accessToken is not null)
            {
                writer.WriteString("access_token", accessToken);
            }
        });

    /// <summary>How many bytes of a join a binding takes, or a few less.</summary>
    public static int SizeOf(JoinBinding binding)
    {
        const int Keys = 60;
        return Keys + Escaped(binding.Schema) + Escaped(binding.Table) + Escaped(binding.Filter ?? "");

        static int Escaped(string text) => JsonEncodedText.Encode(text).EncodedUtf8Bytes.Length;
    }

    public byte[] Leave(string joinRef, string reference, string topic) => Write(joinRef, reference, topic, "phx_leave", static _ => { });

    /// <summary>A token push; it is never answered.</summary>
    public byte[] AccessToken(string joinRef, string reference, string topic, string accessToken) =>
        Write(joinRef, reference, topic, "access_token", writer => writer.WriteString("access_token", accessToken));

    public byte[] Heartbeat(string reference) => Write(null, reference, "phoenix", "heartbeat", static _ => { });

    private byte[] Write(string? joinRef, string reference, string topic, string name, Action<Utf8JsonWriter> payload)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            if (version == ProtocolVersion.V2)
            {
                writer.WriteStartArray();
                writer.WriteStringValue(joinRef);
                writer.WriteStringValue(reference);
                writer.WriteStringValue(topic);
                writer.WriteStringValue(name);
                writer.WriteStartObject();
                payload(writer);
                writer.WriteEndObject();
                writer.WriteEndArray();
            }
            else
            {
                writer.WriteStartObject();
                writer.WriteString("topic", topic);
                writer.WriteString("event", name);
                writer.WriteStartObject("payload");
                payload(writer);
                writer.WriteEndObject();
                writer.WriteString("ref", reference);
                writer.WriteString("join_ref", joinRef);
                writer.WriteEndObject();
            }
        }

        return buffer.WrittenSpan.ToArray();
    }
}
