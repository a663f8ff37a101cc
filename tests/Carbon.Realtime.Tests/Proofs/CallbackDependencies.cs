using System.Diagnostics.Metrics;
using Carbon.Realtime.Testing;
using Carbon.Realtime.Transport;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Tests.Proofs;

internal sealed class CallbackTokens(CallbackWorld world)
{
    private int _asked;

    public string User { get; set; } = "ada";

    public bool IsHanging { get; set; }

    public async ValueTask<string?> GetAsync(AccessTokenRequest request, CancellationToken cancellationToken)
    {
        world.At("token provider");
        if (IsHanging)
        {
            cancellationToken.Register(() => world.At("token cancellation"));
            await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
        }

        return world.Emulator.IssueToken(User, expiresIn: TimeSpan.FromMinutes(60 + ++_asked));
    }
}

internal sealed class CallbackSockets(CallbackWorld world, IRealtimeSocketFactory inner) : IRealtimeSocketFactory
{
    public async ValueTask<IRealtimeSocket> ConnectAsync(RealtimeSocketAddress address, CancellationToken cancellationToken)
    {
        world.At("socket factory");
        return new Socket(world, await inner.ConnectAsync(address, cancellationToken));
    }

    private sealed class Socket(CallbackWorld world, IRealtimeSocket inner) : IRealtimeSocket
    {
        private bool _isRegistered;

        public ValueTask<SocketMessage> ReceiveAsync(CancellationToken cancellationToken)
        {
            if (!_isRegistered)
            {
                _isRegistered = true;
                cancellationToken.Register(() => world.At("socket cancellation"));
            }

            world.At("socket receive");
            return inner.ReceiveAsync(cancellationToken);
        }

        public ValueTask SendAsync(ReadOnlyMemory<byte> utf8Text, CancellationToken cancellationToken)
        {
            world.At("socket send");
            return inner.SendAsync(utf8Text, cancellationToken);
        }

        public ValueTask CloseAsync(CancellationToken cancellationToken)
        {
            world.At("socket close");
            return inner.CloseAsync(cancellationToken);
        }

        public void Abort()
        {
            world.At("socket abort");
            inner.Abort();
        }

        public ValueTask DisposeAsync()
        {
            world.At("socket disposal");
            return inner.DisposeAsync();
        }
    }
}

internal sealed class CallbackHandler(CallbackWorld world, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        cancellationToken.Register(() => world.At("read cancellation"));
        world.At("handler");
        return base.SendAsync(request, cancellationToken);
    }
}

internal sealed class CallbackCache(CallbackWorld world) : IStoreCache
{
    private readonly InMemoryStoreCache _inner = new();

    public ValueTask<StoreCacheHeader?> LoadAsync(StoreCacheKey key, StoreCacheRowHandler onRow, CancellationToken cancellationToken)
    {
        world.At("cache load");
        return _inner.LoadAsync(key, onRow, cancellationToken);
    }

    public ValueTask SaveAsync(StoreCacheKey key, StoreCacheChanges changes, CancellationToken cancellationToken)
    {
        world.At("cache save");
        return _inner.SaveAsync(key, changes, cancellationToken);
    }

    public ValueTask RemoveAsync(StoreCacheKey key, CancellationToken cancellationToken)
    {
        world.At("cache removal");
        return _inner.RemoveAsync(key, cancellationToken);
    }

    public ValueTask RemoveUserAsync(string project, string? subject, CancellationToken cancellationToken)
    {
        world.At("cache removal of a user");
        return _inner.RemoveUserAsync(project, subject, cancellationToken);
    }
}

internal sealed class CallbackLog(CallbackWorld world, string category = "") : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => new CallbackLog(world, categoryName);

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel)
    {
        world.At("log filter");
        return logLevel >= LogLevel.Debug;
    }

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (world.Lines)
        {
            world.Lines.Add($"{logLevel} {eventId.Id} {category} {formatter(state, exception)} {exception}");
        }

        world.At("logger");
    }
}

internal sealed class CallbackMeters : IMeterFactory
{
    private Meter? _meter;

    public Meter Create(MeterOptions options) => _meter ??= new Meter(new MeterOptions(options.Name) { Scope = this });

    public void Dispose()
    {
    }
}

/// <summary>The interface's context: what is posted waits until the test runs it, on the test's thread.</summary>
internal sealed class CallbackUi(CallbackWorld world) : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _queue = new();

    public override void Post(SendOrPostCallback d, object? state)
    {
        world.At("context");
        _queue.Enqueue((d, state));
    }

    public void Run()
    {
        while (_queue.TryDequeue(out var work))
        {
            try
            {
                work.Callback(work.State);
            }
            catch (Bitten)
            {
                // A handler's exception goes to the context, which is here.
            }
        }
    }
}

/// <summary>What is thrown from within.</summary>
internal sealed class Bitten() : InvalidOperationException("bitten");
