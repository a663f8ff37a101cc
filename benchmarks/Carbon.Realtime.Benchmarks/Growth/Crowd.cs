namespace Carbon.Realtime.Benchmarks.Growth;

/// <summary>A client with many subscriptions on a <see cref="MemoryServer"/>, and what one event costs it.</summary>
internal sealed class Crowd<TRow> : IAsyncDisposable
{
    /// <summary>So many frames are sent at once, and the next when all were told: never more than a subscriber's queue holds.</summary>
    private const int Batch = 500;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly MemoryServer _server = new();
    private readonly CountdownEvent _due = new(1);
    private readonly RealtimeChannelManager _manager;
    private readonly List<(CountingSubscriber<TRow> Subscriber, IDisposable Subscription)> _subscribers = [];
    private ReadOnlyMemory<byte>[] _frames = [];

    private Crowd(int channels) => _manager = new RealtimeChannelManager(
        new RealtimeOptions
        {
            Url = new Uri("http://127.0.0.1:1"),
            ApiKey = "key",
            MaxChannels = Math.Min(99, channels),
            MaxMessageBytes = 64 * 1024 * 1024,
            GroupWindow = TimeSpan.FromSeconds(2), // ten thousand are not subscribed in 50 ms, and whoever comes late gets a channel more
        },
        new RealtimeDependencies { SocketFactory = _server });

    /// <summary>Subscribes all, and returns when all are told of changes.</summary>
    /// <param name="streams">What is subscribed to; the same one several times is one stream with several subscribers.</param>
    /// <param name="channels">On how many channels; streams are dealt out to them in turn.</param>
    /// <param name="frames">What is sent, once the server knows where to.</param>
    public static async Task<Crowd<TRow>> GatherAsync(IReadOnlyList<RealtimeTable<string, TRow>> streams, int channels, Func<MemoryServer, IEnumerable<byte[]>> frames)
    {
        var crowd = new Crowd<TRow>(channels);
        for (var i = 0; i < streams.Count; i++)
        {
            var subscriber = new CountingSubscriber<TRow>(crowd._due);
            var options = new ChangeStreamOptions { Group = FormattableString.Invariant($"g{i % channels}") };
            crowd._subscribers.Add((subscriber, crowd._manager.Changes(streams[i], options).Subscribe(subscriber)));
        }

        await Task.WhenAll(crowd._subscribers.Select(static s => s.Subscriber.Live)).WaitAsync(Patience);
        var wanted = Math.Min(channels, streams.Distinct().Count());
        if (crowd._server.Channels != wanted) throw new InvalidOperationException($"{crowd._server.Channels} channels joined, not {wanted}: what is measured would be something else.");
        crowd._frames = [.. frames(crowd._server).Select(static f => (ReadOnlyMemory<byte>)f)];
        return crowd;
    }

    /// <summary>Sends the frames again and again.</summary>
    /// <param name="events">How many at least.</param>
    /// <param name="isShared">Whether every subscriber is told of every frame; else each frame is one subscriber's, and there are as many as frames.</param>
    /// <returns>Nanoseconds of processor time for an event, on all threads.</returns>
    public double Measure(int events, bool isShared)
    {
        var batches = _frames.Chunk(Batch).ToArray();
        var start = Environment.CpuUsage.TotalTime;
        var sent = 0;
        for (var i = 0; sent < events; i = (i + 1) % batches.Length)
        {
            var batch = batches[i];
            var told = isShared ? _subscribers : _subscribers.GetRange(i * Batch % _subscribers.Count, Math.Min(batch.Length, _subscribers.Count));
            _due.Reset(told.Count);
            foreach (var (subscriber, _) in told) subscriber.Expect(isShared ? batch.Length : batch.Length / told.Count);
            _server.Send(batch);
            if (!_due.Wait(Patience)) throw new TimeoutException($"{_due.CurrentCount} of {told.Count} subscribers were not told of all.");
            sent += batch.Length;
        }

        return (Environment.CpuUsage.TotalTime - start).TotalNanoseconds / sent;
    }

    public async ValueTask DisposeAsync()
    {
        await _manager.DisposeAsync();
        _due.Dispose();
    }
}
