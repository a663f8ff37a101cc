using Carbon.Realtime.Testing;
using Carbon.Realtime.Transport;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>Counts what the client asks of the server: never two complete reads of one store at once (V9), and never too much in a minute (V10).</summary>
internal sealed class TrafficWatch(SimulatedWorld world, RealtimeEmulator emulator) : IRealtimeSocketFactory
{
    /// <summary>In any minute of virtual time, of two stores and a stream, whatever goes wrong.</summary>
    private const int MostReads = 240;
    private const int MostDials = 40;

    private readonly IRealtimeSocketFactory _inner = emulator.CreateSocketFactory();
    private readonly Dictionary<string, int> _open = [];
    private readonly Budget _reads = new("reads", MostReads);
    private readonly Budget _dials = new("dials", MostDials);

    private SimulatedWorld World { get; } = world;

    /// <summary>When the last "Subscribed" of the stores' channel came.</summary>
    public TimeSpan LastOk { get; private set; }

    public int Reads => _reads.Total;

    public int WorstReads => _reads.Worst;

    public int WorstDials => _dials.Worst;

    public HttpMessageHandler CreateHandler() => new Handler(this, emulator.CreateHttpHandler());

    public async ValueTask<IRealtimeSocket> ConnectAsync(RealtimeSocketAddress address, CancellationToken cancellationToken)
    {
        _dials.Spend(World);
        return new Socket(this, await _inner.ConnectAsync(address, cancellationToken));
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
            if (address.IndexOf("&order=", StringComparison.Ordinal) is var order && order < 0)
            {
                return await base.SendAsync(request, cancellationToken); // of single keys
            }

            var query = address[..order];
            watch._open[query] = watch._open.GetValueOrDefault(query) + 1;
            var isOpen = true;
            using var cancelled = cancellationToken.Register(Close); // from then on it is nobody's; to be awaited it would go to a thread of the real world
            watch.World.Require(watch._open[query] <= watch.World.Client.Stores.Count, $"V9 {watch._open[query]} complete reads at once: {query}");
            try
            {
                return await base.SendAsync(request, cancellationToken);
            }
            finally
            {
                Close();
            }

            void Close()
            {
                watch._open[query] -= isOpen ? 1 : 0;
                isOpen = false;
            }
        }
    }

    private sealed class Socket(TrafficWatch watch, IRealtimeSocket inner) : IRealtimeSocket
    {
        public async ValueTask<SocketMessage> ReceiveAsync(CancellationToken cancellationToken)
        {
            var message = await inner.ReceiveAsync(cancellationToken);
            if (message.Kind == SocketMessageKind.Text && message.Payload.Span.IndexOf("Subscribed to PostgreSQL"u8) >= 0 && message.Payload.Span.IndexOf("-stores-"u8) >= 0)
            {
                watch.LastOk = watch.World.Elapsed;
            }

            return message;
        }

        public ValueTask SendAsync(ReadOnlyMemory<byte> utf8Text, CancellationToken cancellationToken) => inner.SendAsync(utf8Text, cancellationToken);

        public ValueTask CloseAsync(CancellationToken cancellationToken) => inner.CloseAsync(cancellationToken);

        public void Abort() => inner.Abort();

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
