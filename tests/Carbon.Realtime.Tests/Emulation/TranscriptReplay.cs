using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Tests.Emulation;

/// <summary>
/// Plays the client's side and the SQL of a recording against the emulator at the recorded times, on a manual clock, and compares what the
/// emulator sends with what the real server sent: the exact text, but for ids, times, uuids and the numbers in hash codes, and how long it took.
/// </summary>
internal sealed partial class TranscriptReplay
{
    private readonly Dictionary<string, Client> _clients = [];
    private readonly Dictionary<string, string[]> _columns = [];
    private readonly long _start;
    private readonly List<ITimer> _pings = [];
    private double _origin;
    private double _now;

    public TranscriptReplay(DateTimeOffset? start = null, EmulatorLimits? limits = null, bool isCold = false)
    {
        World = new ManualEnvironment();
        _start = World.Time.GetTimestamp();
        if (start is { } time)
        {
            World.Time.StepWallClock(time - World.Time.GetUtcNow());
        }

        Emulator = new RealtimeEmulator(new EmulatorOptions
        {
            Environment = World.Environment,
            Limits = limits ?? EmulatorLimits.None,

            // The recorded server was warm but once, and the recorder went on half a millisecond after each "Subscribed".
            Timing = new EmulatorTiming
            {
                PollDelay = EmulatorDelay.Milliseconds(100, 500),
                SubscribeDelay = EmulatorDelay.Milliseconds(0.3, 0.3),
                ColdStartDelay = isCold ? EmulatorTiming.Realistic.ColdStartDelay : EmulatorDelay.Milliseconds(0.3, 0.3),
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

    /// <summary>HTTP requests to the server, translated by hand.</summary>
    public Dictionary<string, Action> Requests { get; } = [];

    /// <summary>Connections whose client sends nothing but pings, which the recorder did not write down.</summary>
    public HashSet<string> Pinging { get; } = [];

    /// <summary>Where the real server sends one change to several topics, their order is that of its processes: compare topic by topic.</summary>
    public bool ByTopic { get; init; }

    private double Clock => World.Time.GetElapsedTime(_start).TotalMilliseconds - _origin;

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
        _origin = World.Time.GetElapsedTime(_start).TotalMilliseconds;
        foreach (var line in lines)
        {
            var refusal = line.Direction == "http_response" && _clients.TryGetValue(line.Connection, out var client) ? client.Connecting : null;
            if (refusal is not null)
            {
                Until(line.Milliseconds - 100);
                refusal.IsCompleted.Should().BeFalse("a refused connect takes its time");
            }

            Until(line.Milliseconds);
            Play(line);
            World.RunUntilIdle();
        }

        World.Advance(TimeSpan.FromSeconds(1));
        foreach (var (name, one) in _clients)
        {
            var actual = Normalise(one.Peer.Frames.Zip(one.Peer.Times));
            foreach (var (topic, frames) in Normalise(one.Expected))
            {
                var answers = actual.GetValueOrDefault(topic, []);
                answers.Select(static f => f.Text).Should().Equal(frames.Select(static f => f.Text), $"that is what the server sent on {name} {topic}");
                foreach (var (expected, given) in frames.Zip(answers))
                {
                    AnswerTime.Check(expected.Text, expected.Time, given.Time, one.Sent);
                }
            }

            one.Peer.Frames.Should().HaveCount(one.Expected.Count, name);
        }
    }

    private static string TopicOf(string frame) => JsonNode.Parse(frame) is var json && json is JsonArray array ? array[2]!.ToString() : json!["topic"]!.ToString();

    private void Until(double milliseconds)
    {
        World.Advance(TimeSpan.FromMilliseconds(Math.Max(0, milliseconds - _now)));
        _now = Math.Max(_now, milliseconds);
    }

    private void Play(TranscriptLine line)
    {
        switch (line.Direction)
        {
            case "open_request":
                Connect(line);
                break;
            case "open":
                Opened(line.Connection);
                break;
            case "http_response" when _clients.TryGetValue(line.Connection, out var client):
                Refused(client, JsonNode.Parse(line.Text)!);
                break;
            case "http_response":
                Requests[line.Text]();
                break;
            case "send":
                _clients[line.Connection].Sent.Add((_now, line.Text));
                _clients[line.Connection].Connection!.Receive(line.Text);
                break;
            case "recv":
                _clients[line.Connection].Expected.Add((line.Text, line.Milliseconds));
                break;
            case "sql" when Sql.TryGetValue(line.Text, out var run):
                run();
                break;
            case "sql":
                SqlScript.Run(Emulator, line.Text, t => _columns[t], World.Time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture));
                break;
            case "close" when line.Text.StartsWith("code=1005", StringComparison.Ordinal):
                _clients[line.Connection].Connection!.Disconnect();
                break;
            case "close" when line.Text.StartsWith("code=1006", StringComparison.Ordinal):
                _clients[line.Connection].Connection?.Break();
                break;
            case "close":
                var code = int.Parse(line.Text.AsSpan("code=".Length, 4), CultureInfo.InvariantCulture);
                _clients[line.Connection].Peer.Closed.Should().Be(((int?)code, (string?)""));
                break;
            default:
                break;
        }
    }

    private void Connect(TranscriptLine line)
    {
        var version = line.Text.EndsWith("vsn=2.0.0", StringComparison.Ordinal) ? "2.0.0" : "1.0.0";
        var key = ApiKeys.GetValueOrDefault(line.Connection, Emulator.AnonKey);
        var peer = new RecordingPeer(() => Clock);
        _clients[line.Connection] = new Client(peer)
        {
            Connecting = Emulator.ConnectAsync(new EmulatorConnectRequest("/socket/websocket", $"apikey={key}&vsn={version}", []), peer).AsTask(),
        };
    }

    private void Opened(string name)
    {
        var client = _clients[name];
        client.Connecting!.IsCompletedSuccessfully.Should().BeTrue();
        var connection = client.Connection = client.Connecting.Result;
        client.Connecting = null;
        if (Pinging.Contains(name))
        {
            _pings.Add(World.Time.CreateTimer(_ => connection.ReceivePing(), null, TimeSpan.FromSeconds(25), TimeSpan.FromSeconds(25)));
        }
    }

    private static void Refused(Client client, JsonNode answer)
    {
        var refusal = client.Connecting!.Exception!.InnerException.Should().BeOfType<UpgradeRefusedException>().Subject;
        (refusal.StatusCode, refusal.Body).Should().Be(((int)answer["status"]!, answer["body"]!.ToString()));
        client.Connecting = null;
    }

    /// <summary>Ids and uuids are numbered in the order of their first appearance, so that equal ones stay equal; times become one word.</summary>
    private Dictionary<string, List<(string Text, double Time)>> Normalise(IEnumerable<(string Text, double Time)> frames)
    {
        var ids = new Dictionary<string, int>();
        var byTopic = new Dictionary<string, List<(string, double)>>();
        foreach (var (frame, time) in frames)
        {
            var text = Ids().Replace(frame, m => Number().Replace(m.Value, Numbered));
            text = Uuids().Replace(text, Numbered);
            text = Times().Replace(text, "<time>");
            var topic = ByTopic ? TopicOf(frame) : "";
            if (!byTopic.TryGetValue(topic, out var list))
            {
                byTopic.Add(topic, list = []);
            }

            list.Add((text, time));
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

    [GeneratedRegex("""[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}""")]
    private static partial Regex Uuids();

    [GeneratedRegex("""2026-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)""")]
    private static partial Regex Times();

    private sealed class Client(RecordingPeer peer)
    {
        public RecordingPeer Peer { get; } = peer;

        public Task<EmulatorConnection>? Connecting { get; set; }

        public EmulatorConnection? Connection { get; set; }

        public List<(double Time, string Frame)> Sent { get; } = [];

        public List<(string Text, double Time)> Expected { get; } = [];
    }
}
