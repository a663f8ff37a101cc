using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Carbon.Realtime.Testing;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Simulation.Fuzzing;

/// <summary>
/// Some messages on a socket whose channel is live, with a stream and an untyped store behind it. Declared: nothing throws or is logged as thrown, whatever comes. No foreign row is told, the contract of streams holds, and when
/// the server behaves again a fresh row comes to both.
/// </summary>
internal sealed class SocketTarget : FuzzTarget
{
    private const byte Separator = 0x1E;

    private const int MostMessages = 6;

    private static readonly string Topic = LearnTopic();

    public override string Name => "socket";

    /// <summary>An input costs a manager, a join and half a minute of its time.</summary>
    public override int Share => 2;

    public override (long Fixed, long PerByte) Budget => (96 * 1024, 64);

    /// <summary>What was recorded, as if it had been sent to our channel.</summary>
    public override IReadOnlyList<byte[]> Recorded { get; } = [.. Recordings.Frames.Select(Adopt)];

    public override byte[] Write(Chance chance)
    {
        var frames = Enumerable.Range(0, 1 + chance.Below(3)).Select(_ => chance.Below(5) switch
        {
            0 => $"[\"1\",null,{HostileJson.Quote(Topic)},\"system\",{HostileJson.Object(chance, ("extension", chance.OneIn(2) ? "\"system\"" : "\"postgres_changes\""), ("status", chance.OneIn(2) ? "\"ok\"" : "\"error\""), ("message", HostileJson.Value(chance, 1)))}]",
            1 => $"[{HostileJson.Value(chance, 0)},{HostileJson.Value(chance, 0)},{HostileJson.Quote(Topic)},\"phx_reply\",{{\"status\":\"ok\",\"response\":{HostileJson.Value(chance, 2)}}}]",
            _ => $"[null,null,{HostileJson.Quote(Topic)},\"postgres_changes\",{ChangeTarget.Payload(chance, "order", chance.OneIn(4) ? [1, 2] : [1 + chance.Below(3)])}]",
        });
        return Encoding.UTF8.GetBytes(string.Join((char)Separator, frames));
    }

    protected override Verdict Judge(byte[] input)
    {
        using var line = new Line();
        line.Start();
        Begin();
        var count = 0;
        foreach (var range in input.AsSpan().Split(Separator))
        {
            if (++count <= MostMessages)
            {
                line.Deliver(input[range]);
            }
        }

        End();
        if (line.IsEnded)
        {
            return Verdict.Accepted("ended: an array cannot be filtered on");
        }

        var told = line.Told;
        line.Behave();
        return told is null ? Verdict.Refused("nothing was told") : Verdict.Accepted(told);
    }

    private static string LearnTopic()
    {
        using var line = new Line();
        line.Start();
        return line.Topic;
    }

    private static byte[] Adopt(byte[] frame)
    {
        var text = Encoding.UTF8.GetString(frame);
        using var document = JsonDocument.Parse(frame);
        var root = document.RootElement;
        var topic = (root.ValueKind == JsonValueKind.Array ? root[2] : root.GetProperty("topic")).GetRawText();
        text = text.Replace(topic, HostileJson.Quote(Topic), StringComparison.Ordinal);
        var table = text.IndexOf("\"table\":\"", StringComparison.Ordinal);
        if (table >= 0)
        {
            var end = text.IndexOf('"', table + 9);
            text = $"{text[..(table + 9)]}order{text[end..]}";
        }

        var ids = text.IndexOf("\"ids\":[", StringComparison.Ordinal);
        return Encoding.UTF8.GetBytes(ids < 0 ? text : $"{text[..(ids + 7)]}1{text[text.IndexOf(']', ids)..]}");
    }

    /// <summary>A manager, its two consumers, and the polite server at the other end.</summary>
    private sealed class Line : IDisposable, ILoggerFactory, ILogger
    {
        private const string Fresh = """{"id":"fresh","companyId":"co_1","status":"a","qty":1,"n":1,"ratio":1,"done":true,"at":null,"uid":null,"tags":null,"doc":null}""";

        private readonly ManualEnvironment _manual = new();
        private readonly FakeRealtimeServer _server = new();
        private readonly RealtimeChannelManager _manager;
        private readonly IChangeStream<string, FuzzRow> _stream;
        private readonly StreamRecorder<TableChange<string, FuzzRow>> _seen;
        private readonly ILiveStore<JsonElement, JsonElement> _store;
        private readonly StreamRecorder<StoreChangeSet<JsonElement, JsonElement>> _stored;
        private readonly Table _rest = new();
        private readonly Dictionary<string, int> _joined = [];
        private string? _thrown;

        public Line()
        {
            _server.Opened = socket => socket.OnSent = text => Answer(socket, JsonNode.Parse(text)!.AsArray());
            _manager = new RealtimeChannelManager(
                new RealtimeOptions { Url = new Uri("http://127.0.0.1:54321"), ApiKey = "the-api-key", Tenant = FuzzTables.Tenant },
                new RealtimeDependencies { Environment = _manual.Environment, SocketFactory = _server, HttpMessageHandler = () => _rest, LoggerFactory = this });
            _stream = _manager.Changes(FuzzTables.Typed);
            _seen = new StreamRecorder<TableChange<string, FuzzRow>>(_stream);
            _store = _manager.Store(FuzzTables.Untyped);
            _stored = new StreamRecorder<StoreChangeSet<JsonElement, JsonElement>>(_store.Changes);
        }

        public string Topic => _joined.Keys.First();

        /// <summary>Whether a change said that the tenant's column is an array: the server would lose changes for everybody, so that the stream ends.</summary>
        public bool IsEnded => _seen.Error is RealtimeException { Reason: RealtimeErrorReason.UnsafeFilter } || _stored.Error is RealtimeException { Reason: RealtimeErrorReason.UnsafeFilter };

        /// <summary>What the stream was told last, the first gap aside.</summary>
        public string? Told => _seen.Items.Skip(1).Select(static i => i is Gap<string, FuzzRow> gap ? $"gap {gap.Reason}" : i.GetType().Name.Split('`')[0].ToLowerInvariant()).LastOrDefault()
            ?? (_seen.Count == 0 ? "status" : _manager.Status.State == RealtimeState.Live ? null : "status");

        public void Start()
        {
            _manual.Advance(TimeSpan.FromSeconds(2));
            Require(_seen.Count > 0, "the channel does not become live");
        }

        public void Deliver(byte[] message)
        {
            var socket = _server.Socket;
            socket.Deliver(message);
            _manual.RunUntilIdle();
            Require(!socket.IsAborted && !socket.IsDisposed, "a message cost the socket"); // as an exception on the reader's loop does
            Look();
        }

        /// <summary>The socket breaks, and whatever was said on it is forgotten: on the next one all is well.</summary>
        public void Behave()
        {
            _server.Socket.Break();
            _joined.Clear();
            var seconds = 0;
            do
            {
                _manual.Advance(TimeSpan.FromSeconds(5));
                Look();
            }
            while ((_joined.Count == 0 || _store.Status.State != StoreState.Live || _stream.Status.State != RealtimeState.Live) && (seconds += 5) < 1_300);

            _rest.Rows = $"[{Fresh}]";
            foreach (var (topic, bindings) in _joined.ToList())
            {
                for (var id = 1; id <= bindings; id++)
                {
                    Deliver(Encoding.UTF8.GetBytes(
                        $"[null,null,{HostileJson.Quote(topic)},\"postgres_changes\",{{\"data\":{{\"table\":\"order\",\"type\":\"INSERT\",\"record\":{Fresh},\"columns\":[{{\"name\":\"id\",\"type\":\"text\"}},{{\"name\":\"companyId\",\"type\":\"text\"}}],\"errors\":null,\"schema\":\"public\",\"commit_timestamp\":\"2026-11-22T10:46:23.124Z\"}},\"ids\":[{id}]}}]"));
                }
            }

            _manual.Advance(TimeSpan.FromSeconds(1));
            Look();
            Require(_seen.Items.Any(static i => i is Inserted<string, FuzzRow> { Key: "fresh" }), $"no fresh row comes to the stream: {_stream.Status}");
            Require(_store.Current.Rows.Any(static r => r.GetProperty("id").ValueEquals("fresh")), $"no fresh row comes to the store: {_store.Status}");
        }

        public void Dispose()
        {
            _seen.Dispose();
            _stored.Dispose();
            _manager.Dispose();
            _manual.Advance(TimeSpan.FromSeconds(3));
        }

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _thrown ??= exception is null or RealtimeException or IOException ? null : $"{formatter(state, exception)} {exception}";

        private void Look()
        {
            Require(_thrown is null, $"thrown and logged: {_thrown}");
            Require(IsEnded || (_seen.Error is null && _stored.Error is null), $"a stream ended: {_seen.Error ?? _stored.Error}");
            _seen.AssertContract();
            _stored.AssertContract();
            foreach (var item in _seen.Items)
            {
                var row = item switch { Inserted<string, FuzzRow> inserted => inserted.Row, Updated<string, FuzzRow> updated => updated.Row, Deleted<string, FuzzRow> deleted => deleted.OldRow, _ => null };
                Require(row is null || row.CompanyId == FuzzTables.Tenant, "foreign row");
            }

            Require(_store.Current.Rows.All(static r => r.GetProperty(FuzzTables.TenantColumn).ValueEquals(FuzzTables.Tenant)), "foreign row in the store");
        }

        private void Answer(FakeRealtimeSocket socket, JsonArray frame)
        {
            var (joinRef, reference, topic) = (frame[0]?.ToJsonString() ?? "null", frame[1]?.ToJsonString() ?? "null", frame[2]!.ToJsonString());
            switch ((string)frame[3]!)
            {
                case "phx_join":
                    var bindings = frame[4]!["config"]!["postgres_changes"]!.AsArray().Select(static (binding, i) =>
                    {
                        var answered = binding!.DeepClone();
                        answered["id"] = i + 1;
                        return answered.ToJsonString();
                    }).ToList();
                    _joined[(string)frame[2]!] = bindings.Count;
                    socket.Deliver($"[{joinRef},{reference},{topic},\"phx_reply\",{{\"status\":\"ok\",\"response\":{{\"postgres_changes\":[{string.Join(',', bindings)}]}}}}]");
                    socket.Deliver($"[{joinRef},null,{topic},\"system\",{{\"message\":\"Subscribed to PostgreSQL\",\"status\":\"ok\",\"extension\":\"postgres_changes\",\"channel\":\"x\"}}]");
                    break;
                case "phx_leave":
                    socket.Deliver($"[{joinRef},{reference},{topic},\"phx_reply\",{{\"status\":\"ok\",\"response\":{{}}}}]");
                    socket.Deliver($"[{joinRef},{joinRef},{topic},\"phx_close\",{{}}]");
                    break;
                default:
                    socket.Deliver($"[{joinRef},{reference},{topic},\"phx_reply\",{{\"status\":\"ok\",\"response\":{{}}}}]");
                    break;
            }
        }
    }

    /// <summary>A read finds nothing, until there is a row; and behind that nothing.</summary>
    private sealed class Table : HttpMessageHandler
    {
        public string Rows { get; set; } = "[]";

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var isBehind = request.RequestUri!.Query.Contains("gt.", StringComparison.Ordinal);
            var answer = new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(isBehind ? "[]" : Rows), RequestMessage = request };
            answer.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            answer.Content.Headers.TryAddWithoutValidation("Content-Range", isBehind || Rows == "[]" ? "*/0" : "0-0/1");
            return Task.FromResult(answer);
        }
    }
}
