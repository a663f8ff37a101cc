using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Carbon.Realtime.Testing;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>
/// Plays the client's side and the SQL of a recording against the emulator at the recorded times, on a manual clock, and compares what the
/// emulator sends with what the real server sent: the exact text, but for ids, times and the numbers in hash codes.
/// </summary>
internal sealed partial class TranscriptReplay
{
    private readonly Dictionary<string, RecordingPeer> _peers = [];
    private readonly Dictionary<string, EmulatorConnection> _connections = [];
    private readonly Dictionary<string, List<string>> _expected = [];
    private readonly Dictionary<string, string[]> _columns = [];
    private double _now;

    public TranscriptReplay(DateTimeOffset? start = null)
    {
        World = new ManualEnvironment();
        if (start is { } time)
        {
            World.Time.StepWallClock(time - World.Time.GetUtcNow());
        }

        Emulator = new RealtimeEmulator(new EmulatorOptions
        {
            Environment = World.Environment,

            // The recorded server was warm, and the recorder went on half a millisecond after each "Subscribed".
            Timing = new EmulatorTiming
            {
                PollDelay = EmulatorDelay.Milliseconds(100, 500),
                SubscribeDelay = EmulatorDelay.Milliseconds(0.3, 0.3),
                ColdStartDelay = EmulatorDelay.Milliseconds(0.3, 0.3),
                ResubscribeDelay = EmulatorDelay.Milliseconds(1100, 1200),
                JoinErrorDelay = TimeSpan.FromSeconds(5),
                ConnectErrorDelay = TimeSpan.FromSeconds(2),
                IdleTimeout = TimeSpan.FromSeconds(60),
            },
        });
    }

    public ManualEnvironment World { get; }

    public RealtimeEmulator Emulator { get; }

    /// <summary>The API keys of connections that do not use the anonymous one.</summary>
    public Dictionary<string, string> ApiKeys { get; } = [];

    /// <summary>Statements that are translated by hand.</summary>
    public Dictionary<string, Action> Sql { get; } = [];

    /// <summary>Where the real server sends one change to several topics, their order is that of its processes: compare topic by topic.</summary>
    public bool ByTopic { get; init; }

    public void Table(string name, Action<EmulatorTableBuilder> define, string schema = "public")
    {
        Emulator.CreateTable(name, t =>
        {
            define(t);
            _columns[schema == "public" ? name : $"{schema}.{name}"] = [.. t.Columns.Select(static c => c.Name)];
        }, schema);
    }

    /// <summary>Plays the lines and compares.</summary>
    public void Run(IEnumerable<TranscriptLine> lines)
    {
        foreach (var line in lines)
        {
            World.Advance(TimeSpan.FromMilliseconds(Math.Max(0, line.Milliseconds - _now)));
            _now = Math.Max(_now, line.Milliseconds);
            Play(line);
            World.RunUntilIdle();
        }

        World.Advance(TimeSpan.FromSeconds(1));
        foreach (var (connection, expected) in _expected)
        {
            var actual = _peers[connection].Frames;
            foreach (var (topic, frames) in Normalise(expected))
            {
                Normalise(actual).GetValueOrDefault(topic, []).Should().Equal(frames, $"that is what the server sent on {connection} {topic}");
            }

            actual.Should().HaveCount(expected.Count, connection);
        }
    }

    private static string TopicOf(string frame) => JsonNode.Parse(frame) is var json && json is JsonArray array ? array[2]!.ToString() : json!["topic"]!.ToString();

    private void Play(TranscriptLine line)
    {
        switch (line.Direction)
        {
            case "open_request":
                Connect(line);
                break;
            case "send":
                _connections[line.Connection].Receive(line.Text);
                break;
            case "recv":
                _expected[line.Connection].Add(line.Text);
                break;
            case "sql" when Sql.TryGetValue(line.Text, out var run):
                run();
                break;
            case "sql":
                SqlScript.Run(Emulator, line.Text, t => _columns[t], World.Time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture));
                break;
            case "close" when line.Text.StartsWith("code=1005", StringComparison.Ordinal):
                _connections[line.Connection].Disconnect();
                break;
            case "close" when line.Text.StartsWith("code=1006", StringComparison.Ordinal):
                _connections[line.Connection].Break();
                break;
            case "close":
                var code = int.Parse(line.Text.AsSpan("code=".Length, 4), CultureInfo.InvariantCulture);
                _peers[line.Connection].Closed.Should().Be(((int?)code, (string?)""));
                break;
            default:
                break;
        }
    }

    private void Connect(TranscriptLine line)
    {
        var version = line.Text.EndsWith("vsn=2.0.0", StringComparison.Ordinal) ? "2.0.0" : "1.0.0";
        var key = ApiKeys.GetValueOrDefault(line.Connection, Emulator.AnonKey);
        var peer = new RecordingPeer();
        var connecting = Emulator.ConnectAsync(new EmulatorConnectRequest("/socket/websocket", $"apikey={key}&vsn={version}", []), peer).AsTask();
        World.RunUntilIdle();
        connecting.IsCompletedSuccessfully.Should().BeTrue();
        _connections[line.Connection] = connecting.Result;
        _peers[line.Connection] = peer;
        _expected[line.Connection] = [];
    }

    /// <summary>Ids are numbered in the order of their first appearance, so that equal ids stay equal; times become one word.</summary>
    private Dictionary<string, List<string>> Normalise(List<string> frames)
    {
        var ids = new Dictionary<string, int>();
        var byTopic = new Dictionary<string, List<string>>();
        foreach (var frame in frames)
        {
            var text = Ids().Replace(frame, m => Number().Replace(m.Value, Numbered));
            text = Times().Replace(text, "<time>");
            var topic = ByTopic ? TopicOf(frame) : "";
            if (!byTopic.TryGetValue(topic, out var list))
            {
                byTopic.Add(topic, list = []);
            }

            list.Add(text);
        }

        return byTopic;

        string Numbered(Match id)
        {
            ids.TryAdd(id.Value, ids.Count);
            return $"#{ids[id.Value]}";
        }
    }

    [GeneratedRegex("""\{"id":\d+[,}]|"ids":\[[\d,]+\]""")]
    private static partial Regex Ids();

    [GeneratedRegex("""\d+""")]
    private static partial Regex Number();

    [GeneratedRegex("""2026-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)""")]
    private static partial Regex Times();
}
