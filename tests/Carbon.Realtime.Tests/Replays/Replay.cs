using System.Text.Json;
using System.Text.Json.Nodes;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Replays;

/// <summary>Plays the server's side of a transcript to the client under test: what was recorded, when it was recorded, on the client's own topics.</summary>
/// <remarks>
/// Payloads are delivered to the byte; only topics and references become those of the client's joins. A join's reply echoes the client's
/// bindings with the ids that the recorded reply gave to the same bindings, so the ids of changes need not be touched. What was said on
/// topics that the client has no join for is left out. <see cref="Played"/> says which steps of the recorded client ours has taken too.
/// </remarks>
public sealed class Replay
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly World _world;
    private readonly IReadOnlyList<TranscriptLine> _lines;
    private readonly List<SentFrame> _claimed = [];
    private readonly Dictionary<string, SentFrame> _byTopic = [];
    private readonly Dictionary<string, SentFrame> _byJoinRef = [];
    private readonly Dictionary<string, RecordedFrame> _joins = [];
    private readonly HashSet<string> _left = [];
    private readonly HashSet<string> _leaves = [];
    private readonly Dictionary<string, int> _requests = [];
    private readonly Dictionary<string, (RecordedFrame Join, TranscriptLine Line)> _unclaimed = [];
    private readonly Dictionary<string, string> _beats = [];
    private readonly SortedSet<int> _played = [];
    private string? _connection;
    private TimeSpan _now;
    private int _opened;
    private int _dialed;

    public Replay(World world, string transcript)
    {
        _world = world;
        _world.AutoJoin = false;
        _lines = Transcript.Read(transcript);
    }

    /// <summary>Which of the transcript's connections are the client's, one after another. Default: all.</summary>
    public IReadOnlyList<string> Connections { get; init; } = [];

    /// <summary>Which of the transcript's topics the client has. Default: all.</summary>
    public IReadOnlyList<string> Topics { get; init; } = [];

    /// <summary>Whether a recorded binding stands for one of ours. Default: event, schema, table and filter are equal.</summary>
    public Func<JsonElement, JsonElement, bool> Same { get; init; } = static (ours, recorded) =>
        Part(ours, "event") == Part(recorded, "event") && Part(ours, "schema") == Part(recorded, "schema")
        && Part(ours, "table") == Part(recorded, "table") && Part(ours, "filter") == Part(recorded, "filter")
        && !recorded.TryGetProperty("select", out _);

    /// <summary>Lets a join of ours stand for a recorded one that asked for something else: for recorded joins without bindings, which ours never are.</summary>
    public Func<RecordedFrame, SentFrame, bool>? StandsFor { get; init; }

    /// <summary>Our client joins a few at a time: what was recorded in one burst is met when the server answers it.</summary>
    public bool ClaimsWithTheReply { get; init; }

    /// <summary>Recorded heartbeats after the first join wait for ours, and only the recorded replies answer them. Default: ours are answered at once.</summary>
    public bool Beats
    {
        get => !_world.AutoHeartbeat;
        init => _world.AutoHeartbeat = !value;
    }

    /// <summary>The lines of the steps that our client has taken as well: sockets asked for, joins, leaves and, if asked for, heartbeats.</summary>
    public IReadOnlyCollection<int> Played => _played;

    /// <summary>The client's join that stands for the last one recorded on <paramref name="topic"/>.</summary>
    public SentFrame JoinOf(string topic) => _byTopic[topic];

    /// <summary>Plays everything.</summary>
    public void Play() => Play(0, int.MaxValue);

    /// <summary>Plays the lines from <paramref name="first"/> (counted from 1) to <paramref name="last"/>.</summary>
    public void Play(int first, int last)
    {
        foreach (var line in _lines.Where(line => line.Number >= first && line.Number <= last).Where(IsOurs))
        {
            // What the recorded client did before the joins that are ours takes our client no time.
            _now = _claimed.Count == 0 ? line.Time : _now;
            MoveTo(line.Time);
            switch (line.Direction)
            {
                case "open_request":
                    _requests[line.Connection] = line.Number;
                    break;
                case "open":
                    Open(line);
                    break;
                case "http_response" when Refusal(line) is not null:
                    _dialed++;
                    RunUntil(() => _world.Server.Dialed.Count >= _dialed, line);
                    _played.Add(_requests[line.Connection]);
                    break;
                case "close" when line.Connection == _connection:
                    Close(line.Text);
                    break;
                case "send" when RecordedFrame.TryParse(line.Bytes) is { } sent:
                    Send(sent, line);
                    break;
                case "recv":
                    Deliver(RecordedFrame.Parse(line.Bytes));
                    break;
            }

            _world.Run();
        }
    }

    /// <summary>The server says again what it said in one line of the transcript.</summary>
    public void Deliver(int line)
    {
        Deliver(RecordedFrame.Parse(_lines[line - 1].Bytes));
        _world.Run();
    }

    private void Open(TranscriptLine line)
    {
        // The refusals that follow are there before the client, which has its own pace, runs into them.
        foreach (var (status, body) in _lines.Skip(line.Number).TakeWhile(next => next.Direction != "open").Where(IsOurs).Select(Refusal).OfType<(int, string)>())
        {
            _world.Server.RefuseNext(status, body);
        }

        _opened++;
        _dialed++;
        RunUntil(() => _world.Server.Sockets.Count >= _opened, line);
        _connection = line.Connection;
        _played.Add(_requests[line.Connection]);
    }

    /// <summary>As the recorded client saw it; 1005 is what its own close looked like.</summary>
    private void Close(string text)
    {
        var code = int.Parse(text.AsSpan("code=".Length, 4), System.Globalization.CultureInfo.InvariantCulture);
        if (code == 1006)
        {
            _world.Socket.Break();
        }
        else if (code != 1005)
        {
            _world.Socket.CloseFromServer(code);
        }
    }

    private void Send(RecordedFrame sent, TranscriptLine line)
    {
        switch (sent.Event)
        {
            case "phx_join" when IsOurs(sent.Topic) && ClaimsWithTheReply:
                _unclaimed.Add(Key(sent), (sent, line));
                break;
            case "phx_join" when IsOurs(sent.Topic):
                Claim(sent, line);
                break;
            case "phx_leave" when _byJoinRef.GetValueOrDefault(sent.Topic + " " + sent.JoinRef) is { } join && HasLeft(join) && _leaves.Add(join.JoinRef!):
                _played.Add(line.Number);
                break;
            case "phx_leave":
                _left.Add(sent.Topic + " " + sent.JoinRef);
                break;
            case "heartbeat" when Beats && _claimed.Count > 0:
                RunUntil(() => _world.Socket.Frames("heartbeat").Count > _beats.Count, line);
                _beats.Add(sent.Ref!, _world.Socket.Frames("heartbeat")[^1].Ref!);
                _played.Add(line.Number);
                break;
        }
    }

    private void Claim(RecordedFrame recorded, TranscriptLine line)
    {
        SentFrame? ours = null;
        RunUntil(() => (ours = _world.Socket.Frames("phx_join").FirstOrDefault(join => !IsClaimed(join) && Covers(recorded, join))) is not null, line);
        _played.Add(line.Number);
        _claimed.Add(ours!);
        _byTopic[recorded.Topic] = ours!;
        _byJoinRef[Key(recorded)] = ours!;
        _joins[Key(recorded)] = recorded;
    }

    private void Deliver(RecordedFrame frame)
    {
        if (frame.Topic == "phoenix")
        {
            if (_beats.GetValueOrDefault(frame.Ref ?? "") is { } beat)
            {
                Deliver(null, beat, frame.Topic, frame.Event, frame.Payload.GetRawText());
            }

            return;
        }

        // 1.0.0 names no join; but the reply to one, and its end, carry its reference.
        var isOfJoin = frame.Event is "phx_reply" or "phx_close" or "phx_error";
        var reference = frame.JoinRef ?? (isOfJoin ? frame.Ref : null);
        if (_unclaimed.Remove(frame.Topic + " " + reference, out var waiting))
        {
            Claim(waiting.Join, waiting.Line);
        }

        if ((reference is null ? _byTopic.GetValueOrDefault(frame.Topic) : _byJoinRef.GetValueOrDefault(frame.Topic + " " + reference)) is not { } join)
        {
            return;
        }

        if ((frame.Event == "phx_reply" && frame.Ref != reference) || (frame.Event == "phx_close" && _left.Contains(frame.Topic + " " + reference)))
        {
            return; // answers a push of the recorded client that ours has not made
        }

        var payload = frame.Event == "phx_reply" ? Reply(_joins[frame.Topic + " " + reference], frame.Payload, join) : frame.Payload.GetRawText();
        Deliver(frame.JoinRef is null ? null : join.JoinRef, isOfJoin ? join.Ref : null, join.Topic, frame.Event, payload);
    }

    private void Deliver(string? joinRef, string? reference, string topic, string name, string payload) => _world.Socket.Deliver(IsV2
        ? $"[{Quoted(joinRef)},{Quoted(reference)},{Quoted(topic)},\"{name}\",{payload}]"
        : $$"""{"ref":{{Quoted(reference)}},"payload":{{payload}},"event":"{{name}}","topic":{{Quoted(topic)}}}""");

    private bool IsV2 => _world.Server.Dialed[^1].Uri.Query.Contains("vsn=2", StringComparison.Ordinal);

    /// <summary>The recorded reply, with our bindings in our order and the ids of those they stand for.</summary>
    private string Reply(RecordedFrame join, JsonElement payload, SentFrame ours)
    {
        if (payload.GetProperty("status").GetString() != "ok")
        {
            return payload.GetRawText();
        }

        var recorded = payload.GetProperty("response").GetProperty("postgres_changes").EnumerateArray().ToArray();
        recorded.Should().HaveCount(BindingsOf(join).Count);
        var bindings = new JsonArray();
        foreach (var binding in ours.Bindings)
        {
            var entry = JsonNode.Parse(binding.GetRawText())!.AsObject();
            entry["id"] = StandsFor is null ? recorded.First(other => Same(binding, other)).GetProperty("id").GetInt64() : bindings.Count + 1;
            bindings.Add((JsonNode)entry);
        }

        return $$$"""{"status":"ok","response":{"postgres_changes":{{{bindings.ToJsonString()}}}}}""";
    }

    private bool Covers(RecordedFrame recorded, SentFrame ours) => StandsFor is { } standsFor
        ? standsFor(recorded, ours)
        : ours.Bindings.All(binding => BindingsOf(recorded).Any(other => Same(binding, other)));

    private bool HasLeft(SentFrame join) => _world.Socket.Frames("phx_leave").Any(leave => leave.JoinRef == join.JoinRef);

    private bool IsClaimed(SentFrame join) => _claimed.Exists(other => other.Topic == join.Topic);

    private bool IsOurs(TranscriptLine line) => Connections.Count == 0 || line.Connection.Length == 0 || Connections.Contains(line.Connection);

    private bool IsOurs(string topic) => Topics.Count == 0 || Topics.Contains(topic);

    private void MoveTo(TimeSpan time)
    {
        if (time > _now)
        {
            _world.Env.Advance(time - _now);
            _now = time;
        }
    }

    /// <summary>The client may need longer than the recorded one: a group window, a back-off.</summary>
    private void RunUntil(Func<bool> condition, TranscriptLine line)
    {
        var left = Patience;
        _world.Run();
        while (!condition())
        {
            var next = _world.Env.Time.NextDue() ?? Patience;
            left -= next;
            if (left < TimeSpan.Zero)
            {
                throw new InvalidOperationException($"{line}: the client did nothing that this line could be the answer to.");
            }

            _world.Env.Advance(next);
            _now += next;
        }
    }

    private static string Key(RecordedFrame join) => join.Topic + " " + join.Ref;

    private static IReadOnlyList<JsonElement> BindingsOf(RecordedFrame join) =>
        join.Payload.GetProperty("config").TryGetProperty("postgres_changes", out var bindings) ? [.. bindings.EnumerateArray()] : [];

    /// <summary>A refused upgrade; other answers over HTTP are not of the socket.</summary>
    private static (int Status, string Body)? Refusal(TranscriptLine line) => line.Direction == "http_response" && line.Text.StartsWith('{')
        && JsonDocument.Parse(line.Text).RootElement is var answer
            ? (answer.GetProperty("status").GetInt32(), answer.GetProperty("body").GetString()!)
            : null;

    private static string? Part(JsonElement binding, string name) => binding.TryGetProperty(name, out var part) ? part.GetString() : null;

    private static string Quoted(string? text) => text is null ? "null" : JsonSerializer.Serialize(text);
}
