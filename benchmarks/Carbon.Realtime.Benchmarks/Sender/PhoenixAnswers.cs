using System.Text;
using System.Text.Json;
using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Sender;

/// <summary>What the sender knows of the protocol (vsn 2.0.0): joins, leaves and heartbeats are answered, all else (tokens) is ignored.</summary>
internal sealed class PhoenixAnswers(Workload load)
{
    private const long FirstId = 68_883_293;
    private const string EmptyOk = """{"status":"ok","response":{}}""";

    /// <summary>The topic joined last with a binding that matches the race's changes, and the ids of those bindings.</summary>
    public (string Topic, IReadOnlyList<long> Ids)? Subscription { get; private set; }

    /// <summary>The answers to one client message, in order.</summary>
    public IEnumerable<string> To(ReadOnlyMemory<byte> message)
    {
        using var document = JsonDocument.Parse(message);
        var frame = document.RootElement;
        if (frame.ValueKind != JsonValueKind.Array || frame.GetArrayLength() < 5)
            throw new InvalidDataException("The sender speaks vsn 2.0.0 only: connect with vsn=2.0.0.");

        var (joinRef, reference, topic) = (frame[0].GetRawText(), frame[1].GetRawText(), frame[2].GetString()!);
        return frame[3].GetString() switch
        {
            "phx_join" => Join(joinRef, reference, topic, frame[4]),
            "heartbeat" => [Frame("null", reference, topic, "phx_reply", EmptyOk)],
            "phx_leave" => [Frame(joinRef, reference, topic, "phx_reply", EmptyOk), Frame(joinRef, joinRef, topic, "phx_close", "{}")],
            _ => [],
        };
    }

    private string[] Join(string joinRef, string reference, string topic, JsonElement payload)
    {
        var echoes = new StringBuilder();
        List<long> matching = [];
        var next = FirstId;
        if (payload.TryGetProperty("config", out var config) && config.TryGetProperty("postgres_changes", out var bindings))
        {
            foreach (var binding in bindings.EnumerateArray())
            {
                var id = next++;
                echoes.Append(echoes.Length == 0 ? "" : ",").Append("{\"id\":").Append(id).Append(',').Append(binding.GetRawText().AsSpan(1));
                if (Matches(binding)) matching.Insert(0, id); // the server lists them in reverse order
            }
        }

        if (matching.Count > 0) Subscription = (topic, matching);
        var channel = topic["realtime:".Length..];
        var reply = Frame(joinRef, reference, topic, "phx_reply", $$$"""{"status":"ok","response":{"postgres_changes":[{{{echoes}}}]}}""");
        var subscribed = $$"""{"message":"Subscribed to PostgreSQL","status":"ok","extension":"postgres_changes","channel":"{{channel}}"}""";
        return echoes.Length == 0 ? [reply] : [reply, Frame(joinRef, "null", topic, "system", subscribed)];
    }

    private static string Frame(string joinRef, string reference, string topic, string name, string payload) =>
        $"[{joinRef},{reference},\"{topic}\",\"{name}\",{payload}]";

    private bool Matches(JsonElement binding) =>
        binding.TryGetProperty("table", out var table) && table.GetString() is ChangeFrames.Table or "*" &&
        binding.TryGetProperty("event", out var name) &&
        (name.GetString() == "*" || string.Equals(name.GetString(), load.Event, StringComparison.OrdinalIgnoreCase));
}
