using System.Text.Json;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Channels;

/// <summary>A server that knows which tables are published, subscribes a channel's bindings or none, and drops every push without the current join reference.</summary>
/// <remarks>Strict as servers 2.128.2 to 2.129.4 were (docs/protocol.md, "Join references").</remarks>
internal sealed class TableServer
{
    private readonly Dictionary<string, SentFrame> _joined = [];

    public TableServer(World world)
    {
        world.Server.Opened = socket =>
        {
            _joined.Clear();
            socket.OnSent = text => OnSent(socket, SentFrame.Parse(text));
        };
    }

    /// <summary>Why a binding is refused, or <see langword="null"/>.</summary>
    public Func<JsonElement, string?> Refuses { get; set; } = static _ => null;

    /// <summary>Bindings that were judged bad, at any time.</summary>
    public HashSet<string> Unpublished { get; } = [];

    /// <summary>Whether a refusal names the binding.</summary>
    public bool Quotes { get; set; } = true;

    /// <summary>A server allows so many channels a socket.</summary>
    public int MostAllowed { get; set; } = 100;

    public int Joins { get; private set; }

    /// <summary>The most channels that were joined at a time.</summary>
    public int MostJoined { get; private set; }

    public IReadOnlyCollection<SentFrame> Joined => _joined.Values;

    public List<SentFrame> TokenPushes { get; } = [];

    public List<SentFrame> Leaves { get; } = [];

    public List<SentFrame> Dropped { get; } = [];

    public static string Refusal(JsonElement binding) =>
        $"Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect parameters: {Quote(binding)}";

    private static string Quote(JsonElement binding)
    {
        var filters = binding.TryGetProperty("filter", out var filter)
            ? string.Join(", ", filter.GetString()!.Split(',').Select(static c => $$"""{"{{c.Split('=')[0]}}", "{{c.Split('=')[1].Split('.')[0]}}", "{{c.Split('.', 2)[1]}}", false}"""))
            : "";
        return $"[event: {binding.GetProperty("event").GetString()}, schema: public, table: {binding.GetProperty("table").GetString()}, filters: [{filters}], select: nil]";
    }

    private void OnSent(FakeRealtimeSocket socket, SentFrame frame)
    {
        if (frame.Event == "heartbeat")
        {
            socket.Reply(frame, "ok", "{}");
        }
        else if (frame.Event == "phx_join")
        {
            OnJoin(socket, frame);
        }
        else if (!_joined.TryGetValue(frame.Topic, out var join) || join.Ref != frame.JoinRef)
        {
            Dropped.Add(frame);
        }
        else if (frame.Event == "phx_leave")
        {
            _joined.Remove(frame.Topic);
            Leaves.Add(frame);
            socket.Reply(frame, "ok", "{}");
            socket.CloseChannel(frame);
        }
        else
        {
            TokenPushes.Add(frame);
            socket.Subscribed(join);
        }
    }

    private void OnJoin(FakeRealtimeSocket socket, SentFrame join)
    {
        Joins++;
        if (_joined.Count >= MostAllowed)
        {
            socket.RefuseJoin(join, "ChannelRateLimitReached: Too many channels");
            return;
        }

        _joined.Add(join.Topic, join);
        MostJoined = Math.Max(MostJoined, _joined.Count);
        socket.AcceptJoin(join);
        var bad = join.Bindings.Select(b => (Binding: b, Why: Unpublished.Contains(b.GetProperty("table").GetString()!) ? Refusal(b) : Refuses(b)))
            .FirstOrDefault(static b => b.Why is not null);
        if (bad.Why is null)
        {
            socket.Subscribed(join);
        }
        else
        {
            socket.System(join, "postgres_changes", "error", Quotes ? bad.Why : "Unable to subscribe to changes with given parameters. Who knows why");
        }
    }
}
