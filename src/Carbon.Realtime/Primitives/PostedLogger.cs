using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Primitives;

/// <summary>Logs later and elsewhere. The library logs under its gate; a provider is other people's code: it may block, call back, or throw.</summary>
/// <remarks>Entries keep their order. A provider that throws loses the entry; one that does not keep up loses what comes until it does.</remarks>
internal sealed class PostedLogger : ILogger
{
    private const int Capacity = 4096;

    private readonly ILogger _inner;
    private readonly ObserverDelivery<Action> _entries;

    public PostedLogger(ILogger inner, WorkScheduler scheduler)
    {
        _inner = inner;
        var buffer = new DeliveryBuffer<Action>(Capacity, static () => static () => { });
        _entries = new ObserverDelivery<Action>(new Runner(), scheduler, buffer, static _ => { }, static _ => { });
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel)
    {
        try
        {
            return _inner.IsEnabled(logLevel);
        }
#pragma warning disable CA1031 // A filter that throws must not end a connection.
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
    }

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            _entries.Post(() => _inner.Log(logLevel, eventId, state, exception, formatter));
        }
    }

    private sealed class Runner : IObserver<Action>
    {
        public void OnNext(Action value)
        {
            try
            {
                value();
            }
#pragma warning disable CA1031 // There is nowhere to tell it: telling is what failed.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }

        public void OnError(Exception error)
        {
        }

        public void OnCompleted()
        {
        }
    }
}
