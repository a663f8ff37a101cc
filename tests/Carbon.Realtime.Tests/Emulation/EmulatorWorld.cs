using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>An emulator on a manual environment, with a client that has no logic.</summary>
internal sealed class EmulatorWorld
{
    public EmulatorWorld(EmulatorTiming? timing = null, EmulatorLimits? limits = null) => Emulator = new RealtimeEmulator(new EmulatorOptions
    {
        Environment = World.Environment,
        Timing = timing ?? EmulatorTiming.Instant,
        Limits = limits ?? EmulatorLimits.None,
    });

    public ManualEnvironment World { get; } = new();

    public RealtimeEmulator Emulator { get; }

    public (EmulatorConnection Connection, RecordingPeer Peer) Open(string version = "2.0.0", string? key = null)
    {
        var peer = new RecordingPeer();
        var connecting = Emulator.ConnectAsync(
            new EmulatorConnectRequest("/realtime/v1/websocket", $"?apikey={key ?? Emulator.AnonKey}&vsn={version}", []), peer).AsTask();
        World.RunUntilIdle();
        return (connecting.Result, peer);
    }

    /// <summary>Opens a socket and joins a channel; what the server said until then is taken away.</summary>
    public (EmulatorConnection Connection, RecordingPeer Peer) Join(string bindings, string? token = null, string topic = "realtime:room")
    {
        var (connection, peer) = Open();
        connection.Receive(JoinFrame(bindings, token, topic));
        World.RunUntilIdle();
        peer.Take().Should().Contain(static f => f.Contains("Subscribed to PostgreSQL"));
        return (connection, peer);
    }

    public static string JoinFrame(string bindings, string? token = null, string topic = "realtime:room", string reference = "1")
    {
        var payload = new JsonObject { ["config"] = new JsonObject { ["postgres_changes"] = JsonNode.Parse($"[{bindings}]") } };
        if (token is not null)
        {
            payload["access_token"] = token;
        }

        return new JsonArray(reference, reference, topic, "phx_join", payload).ToJsonString();
    }

    /// <summary>Runs what is due and returns the changes that came, as <c>INSERT item {record} {old_record}</c>.</summary>
    public string[] Changes(RecordingPeer peer)
    {
        World.RunUntilIdle();
        return [.. peer.Take().Select(static f => JsonNode.Parse(f)!).Where(static f => f[3]!.ToString() == "postgres_changes").Select(static f =>
        {
            var data = f[4]!["data"]!;
            return string.Join(' ', new[] { data["type"], data["table"], data["record"], data["old_record"], data["errors"] }
                .OfType<JsonNode>().Select(static n => n is JsonValue ? n.ToString() : n.ToJsonString()));
        })];
    }
}
