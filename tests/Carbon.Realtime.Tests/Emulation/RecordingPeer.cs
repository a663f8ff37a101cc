using System.Text;
using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>A client without any logic: it remembers what the server sent.</summary>
internal sealed class RecordingPeer : IEmulatorPeer
{
    public List<string> Frames { get; } = [];

    public (int? Code, string? Reason)? Closed { get; private set; }

    public bool Broken { get; private set; }

    public IEnumerable<JsonNode> Json => Frames.Select(static f => JsonNode.Parse(f)!);

    /// <summary>What came since the last call.</summary>
    public string[] Take()
    {
        string[] frames = [.. Frames];
        Frames.Clear();
        return frames;
    }

    public void OnMessage(SocketMessage message)
    {
        if (message.Kind == SocketMessageKind.Closed)
        {
            Closed = (message.CloseCode, message.CloseReason);
        }
        else
        {
            Frames.Add(Encoding.UTF8.GetString(message.Payload.Span));
        }
    }

    public void OnBroken() => Broken = true;
}
