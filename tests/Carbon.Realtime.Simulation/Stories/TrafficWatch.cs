using System.Net.WebSockets;
using System.Text;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>
/// The way between client and server. Counts what the client asks for: one dial and one complete read of a query at a time (V9), and never too much in a minute (V10); tells it of other
/// companies' rows, as a server would that does not filter; and stands still while the server does.
/// </summary>
internal sealed class TrafficWatch(SimulatedWorld world, RealtimeEmulator emulator) : IRealtimeSocketFactory
{
    /// <summary>In any minute of virtual time, of two stores and a stream, whatever goes wrong.</summary>
    private const int MostReads = 240;
    private const int MostDials = 40;

    private readonly IRealtimeSocketFactory _inner = emulator.CreateSocketFactory();
    private readonly Dictionary<string, int> _open = [];
    private readonly Dictionary<string, TimeSpan> _firstOks = [];
    private readonly HashSet<string> _answered = [];
    private readonly Budget _reads = new("reads", MostReads);
    private readonly Budget _dials = new("dials", MostDials);
    private TimeSpan _pausedUntil;
    private int _process;
    private int _dialing;

    /// <summary>When the last of the channels was told for the first time that changes flow, on the socket of now and since <see cref="ForgetOks"/>.</summary>
    public TimeSpan? FirstOk => _firstOks.Count == 0 ? null : _firstOks.Values.Max();

    /// <summary>So many changes are followed by one of another company's row.</summary>
    public int ForeignRecords { get; set; }

    /// <summary>Whether a read of everything in a table, or of a page of it, was answered since the last dial: before that nobody can know that it is live.</summary>
    public bool WasAnswered(string table) => _answered.Contains(table);

    public int Reads => _reads.Total;

    public int WorstReads => _reads.Worst;

    public int WorstDials => _dials.Worst;

    private SimulatedWorld World { get; } = world;

    /// <summary>Whether neither dials nor reads find their way.</summary>
    public bool IsDown { get; set; }

    public void ForgetOks() => _firstOks.Clear();

    /// <summary>The server's process stands still, its sockets stay: what either side sends comes when it goes on.</summary>
    public void Pause(TimeSpan time) => _pausedUntil = World.Elapsed + time;

    public void Heal() => (_pausedUntil, ForeignRecords, IsDown) = (TimeSpan.Zero, 0, false);

    /// <summary>A process begins: what another one had under way is nobody's any more.</summary>
    public void OnProcess() => (_dialing, _process) = (0, _process + 1);

    public HttpMessageHandler CreateHandler() => new Handler(this, emulator.CreateHttpHandler());

    public async ValueTask<IRealtimeSocket> ConnectAsync(RealtimeSocketAddress address, CancellationToken cancellationToken)
    {
        _dials.Spend(World);
        var process = _process;
        World.Require(++_dialing <= 1, $"V9b {_dialing} dials at once");
        var isOpen = true;
        using var cancelled = cancellationToken.Register(End);
        try
        {
            var socket = IsDown ? throw new WebSocketException(WebSocketError.Faulted, "The network is down.") : await _inner.ConnectAsync(address, cancellationToken);
            _firstOks.Clear();
            _answered.Clear();
            return new Socket(this, socket);
        }
        finally
        {
            End();
        }

        void End()
        {
            _dialing -= isOpen && process == _process ? 1 : 0;
            isOpen = false;
        }
    }

    /// <summary>Until the server goes on.</summary>
    private async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        while (_pausedUntil > World.Elapsed)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500), World.Manual.Time, cancellationToken);
        }
    }

    private sealed class Budget(string name, int most)
    {
        private readonly Queue<TimeSpan> _spent = new();

        public int Total { get; private set; }

        public int Worst { get; private set; }

        public void Spend(SimulatedWorld world)
        {
            Total++;
            _spent.Enqueue(world.Elapsed);
            while (_spent.Peek() < world.Elapsed - TimeSpan.FromMinutes(1))
            {
                _spent.Dequeue();
            }

            Worst = Math.Max(Worst, _spent.Count);
            world.Require(_spent.Count <= most, $"V10 more than {most} {name} in a minute");
        }
    }

    private sealed class Handler(TrafficWatch watch, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            watch._reads.Spend(watch.World);
            var address = request.RequestUri!.PathAndQuery;
            watch.World.Note($"read {address}");
            if (watch.IsDown)
            {
                throw new HttpRequestException(HttpRequestError.ConnectionError, "The network is down.");
            }

            if (address.IndexOf("&order=", StringComparison.Ordinal) is var order && order < 0)
            {
                return await base.SendAsync(request, cancellationToken); // of single keys
            }

            var query = address[..order];
            watch._open[query] = watch._open.GetValueOrDefault(query) + 1;
            var isOpen = true;
            cancellationToken.Register(Close); // from then on it is nobody's; to be awaited it would go to a thread of the real world
            watch.World.Require(watch._open[query] <= watch.World.Client.MostOfOneQuery, $"V9c {watch._open[query]} complete reads at once: {query}");
            try
            {
                var response = new Response(await base.SendAsync(request, cancellationToken), Close);
                if (response.IsSuccessStatusCode)
                {
                    watch._answered.Add(query[..query.IndexOf('?', StringComparison.Ordinal)].Split('/')[^1]);
                }

                return response;
            }
            catch
            {
                Close();
                throw;
            }

            void Close()
            {
                watch._open[query] -= isOpen ? 1 : 0;
                isOpen = false;
            }
        }
    }

    /// <summary>A read is under way until its answer was read and left.</summary>
    private sealed class Response : HttpResponseMessage
    {
        private readonly Action _close;

        public Response(HttpResponseMessage inner, Action close)
            : base(inner.StatusCode)
        {
            _close = close;
            (Content, RequestMessage, ReasonPhrase, Version) = (inner.Content, inner.RequestMessage, inner.ReasonPhrase, inner.Version);
            foreach (var (name, values) in inner.Headers)
            {
                Headers.TryAddWithoutValidation(name, values);
            }
        }

        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            _close();
        }
    }

    private sealed class Socket(TrafficWatch watch, IRealtimeSocket inner) : IRealtimeSocket
    {
        private SocketMessage? _foreign;

        public async ValueTask<SocketMessage> ReceiveAsync(CancellationToken cancellationToken)
        {
            if (_foreign is { } foreign)
            {
                _foreign = null;
                return foreign;
            }

            var message = await inner.ReceiveAsync(cancellationToken);
            await watch.WaitAsync(cancellationToken);
            if (message.Kind == SocketMessageKind.Text && message.Payload.Span.IndexOf("Subscribed to PostgreSQL"u8) >= 0)
            {
                watch._firstOks.TryAdd(Topic(message.Payload.Span), watch.World.Elapsed);
            }
            else if (watch.ForeignRecords > 0 && message.Kind == SocketMessageKind.Text && Foreign(message.Payload.Span) is { } copy)
            {
                watch.ForeignRecords--;
                watch.World.Note("a foreign record");
                _foreign = SocketMessage.Text(copy);
            }

            return message;
        }

        public async ValueTask SendAsync(ReadOnlyMemory<byte> utf8Text, CancellationToken cancellationToken)
        {
            await watch.WaitAsync(cancellationToken);
            await inner.SendAsync(utf8Text, cancellationToken);
        }

        public ValueTask CloseAsync(CancellationToken cancellationToken) => inner.CloseAsync(cancellationToken);

        public void Abort() => inner.Abort();

        public ValueTask DisposeAsync() => inner.DisposeAsync();

        private static string Topic(ReadOnlySpan<byte> frame)
        {
            var begin = frame.IndexOf("realtime:"u8);
            return Encoding.UTF8.GetString(frame.Slice(begin, frame[begin..].IndexOf((byte)'"')));
        }

        /// <summary>The same change once more, of another company.</summary>
        private byte[]? Foreign(ReadOnlySpan<byte> frame)
        {
            if (frame.IndexOf("\"commit_timestamp\""u8) < 0 || watch.World.Client.Tenant is not { } tenant)
            {
                return null;
            }

            var text = Encoding.UTF8.GetString(frame);
            var foreign = text.Replace(CompanyOf(tenant), CompanyOf(SimulatedDatabase.Companies.First(c => c != tenant)), StringComparison.Ordinal);
            return foreign == text ? null : Encoding.UTF8.GetBytes(foreign);

            static string CompanyOf(string tenant) => $"\"companyId\": \"{tenant}\""; // records are written by PostgreSQL, with a space
        }
    }
}
