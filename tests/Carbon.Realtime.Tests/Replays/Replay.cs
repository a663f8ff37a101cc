using System.Text.Json;
using System.Text.Json.Nodes;
using Carbon.Realtime.Tests.Support;

namespace Carbon.Realtime.Tests.Replays;

/// <summary>Plays the server's side of a transcript to the client under test: what was recorded, when it was recorded, on the client's own topics.</summary>
/// <remarks>
/// Payloads are delivered to the byte; only topics and references become those of the client's joins. A join's reply echoes the client's
/// bindings with the ids that the recorded reply gave to the same bindings, so the ids of changes need not be touched. What was said on
/// topics that the client has no join for is left out.
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
    private TimeSpan _now;
    private int _opened;

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

    /// <summary>The client's join that stands for the last one recorded on <paramref name="topic"/>.</summary>
    public SentFrame JoinOf(string topic) => _byTopic[topic];

    /// <summary>Plays everything.</summary>
    public void Play() => Play(0, int.MaxValue);

    /// <summary>Plays the lines from <paramref name="first"/> (counted from 1) to <paramref name="last"/>.</summary>
    public void Play(int first, int last)
    {
        foreach (var line in _lines.Where((_, index) => index + 1 >= first && index + 1 <= last).Where(IsOurs))
        {
            // What the recorded client did before the joins that are ours takes our client no time.
            _now = _claimed.Count == 0 ? line.Time : _now;
            MoveTo(line.Time);
            switch (line.Direction)
            {
                case "open":
                    _opened++;
                    RunUntil(() => _world.Server.Sockets.Count >= _opened, line);
                    break;
                case "close" when line.Text.StartsWith("code=1006", StringComparison.Ordinal):
                    _world.Socket.Break();
                    break;
                case "send" when RecordedFrame.Parse(line.Bytes) is { Event: "phx_join" } join && IsOurs(join.Topic):
                    Claim(join, line);
                    break;
                case "send" when RecordedFrame.Parse(line.Bytes) is { Event: "phx_leave" } leave:
                    _left.Add(leave.Topic + " " + leave.JoinRef);
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

    private void Claim(RecordedFrame recorded, TranscriptLine line)
    {
        SentFrame? ours = null;
        RunUntil(() => (ours = _world.Socket.Frames("phx_join").FirstOrDefault(join => !IsClaimed(join) && Covers(recorded, join))) is not null, line);
        _claimed.Add(ours!);
        _byTopic[recorded.Topic] = ours!;
        _byJoinRef[Key(recorded)] = ours!;
        _joins[Key(recorded)] = recorded;
    }

    private void Deliver(RecordedFrame frame)
    {
        // 1.0.0 names no join; but the reply to one, and its end, carry its reference.
        var isOfJoin = frame.Event is "phx_reply" or "phx_close" or "phx_error";
        var reference = frame.JoinRef ?? (isOfJoin ? frame.Ref : null);
        if ((reference is null ? _byTopic.GetValueOrDefault(frame.Topic) : _byJoinRef.GetValueOrDefault(frame.Topic + " " + reference)) is not { } join)
        {
            return;
        }

        if ((frame.Event == "phx_reply" && frame.Ref != reference) || (frame.Event == "phx_close" && _left.Contains(frame.Topic + " " + reference)))
        {
            return; // answers a push of the recorded client that ours has not made
        }

        var payload = frame.Event == "phx_reply" ? Reply(_joins[frame.Topic + " " + reference], frame.Payload, join) : frame.Payload.GetRawText();
        var answered = Quoted(isOfJoin ? join.Ref : null);
        var topic = Quoted(join.Topic);
        _world.Socket.Deliver(IsV2
            ? $"[{Quoted(frame.JoinRef is null ? null : join.JoinRef)},{answered},{topic},\"{frame.Event}\",{payload}]"
            : $$"""{"ref":{{answered}},"payload":{{payload}},"event":"{{frame.Event}}","topic":{{topic}}}""");
    }

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
            entry["id"] = recorded.First(other => Same(binding, other)).GetProperty("id").GetInt64();
            bindings.Add((JsonNode)entry);
        }

        return $$$"""{"status":"ok","response":{"postgres_changes":{{{bindings.ToJsonString()}}}}}""";
    }

    private bool Covers(RecordedFrame recorded, SentFrame ours) =>
        ours.Bindings.All(binding => BindingsOf(recorded).Any(other => Same(binding, other)));

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
        [.. join.Payload.GetProperty("config").GetProperty("postgres_changes").EnumerateArray()];

    private static string? Part(JsonElement binding, string name) => binding.TryGetProperty(name, out var part) ? part.GetString() : null;

    private static string Quoted(string? text) => text is null ? "null" : JsonSerializer.Serialize(text);
}
