using System.Text;
using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>A client without any logic: it remembers what the server sent.</summary>
/// <param name="clock">What says when a frame came.</param>
internal sealed class RecordingPeer(Func<double>? clock = null) : IEmulatorPeer
{
    public List<string> Frames { get; } = [];

    /// <summary>When each frame came.</summary>
    public List<double> Times { get; } = [];

    /// <summary>How large the pieces were of frames that came in pieces.</summary>
    public List<int> Fragments { get; } = [];

    public (int? Code, string? Reason)? Closed { get; private set; }

    public bool Broken { get; private set; }

    public IEnumerable<JsonNode> Json => Frames.Select(static f => JsonNode.Parse(f)!);

    /// <summary>What came since the last call.</summary>
    public string[] Take()
    {
        string[] frames = [.. Frames];
        Frames.Clear();
        Times.Clear();
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
            Times.Add(clock?.Invoke() ?? 0);
            Frames.Add(message.Kind == SocketMessageKind.Binary ? Convert.ToHexString(message.Payload.Span) : Encoding.UTF8.GetString(message.Payload.Span));
        }
    }

    public void OnFragmented(SocketMessage message, int fragmentBytes)
    {
        Fragments.Add(fragmentBytes);
        OnMessage(message);
    }

    public void OnBroken() => Broken = true;
}
