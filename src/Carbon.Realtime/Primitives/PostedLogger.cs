using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Primitives;

/// <summary>Logs later and elsewhere. The library logs under its gate; a provider is other people's code: it may block, call back, or throw.</summary>
/// <remarks>Entries keep their order. A provider that throws loses the entry; one that does not keep up loses what comes until it does.</remarks>
internal sealed class PostedLogger : ILogger
{
    private const int Capacity = 4096;

    /// <summary>A level that is switched on while the program runs is noticed with the next message of another level, or after so many of its own.</summary>
    private const int AskAgainAfter = 1024;

    private readonly ILogger _inner;
    private readonly bool[] _enabled = new bool[(int)LogLevel.None];
    private readonly ObserverDelivery<Action> _entries;
    private long _suppressed;

    public PostedLogger(ILogger inner, WorkScheduler scheduler)
    {
        _inner = inner;
        var runner = new Runner();
        _entries = new ObserverDelivery<Action>(runner, scheduler, new DeliveryBuffer<Action>(Capacity, runner), runner);
        AskAll();
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <summary>What the provider said when it was last asked, which is never under a lock: a filter is other people's code, too.</summary>
    public bool IsEnabled(LogLevel logLevel)
    {
        if (logLevel is < LogLevel.Trace or >= LogLevel.None)
        {
            return false;
        }

        // Those from Information on are rare: they are asked about when they are written.
        if (logLevel >= LogLevel.Information || Volatile.Read(ref _enabled[(int)logLevel]))
        {
            return true;
        }

        if (Interlocked.Increment(ref _suppressed) % AskAgainAfter == 0)
        {
            _entries.Post(AskAll);
        }

        return false;
    }

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            _entries.Post(() =>
            {
                AskAll();
                if (_enabled[(int)logLevel])
                {
                    _inner.Log(logLevel, eventId, state, exception, formatter);
                }
            });
        }
    }

    private void AskAll()
    {
        for (var level = LogLevel.Trace; level < LogLevel.None; level++)
        {
            Volatile.Write(ref _enabled[(int)level], Ask(level));
        }
    }

    private bool Ask(LogLevel level)
    {
        try
        {
            return _inner.IsEnabled(level);
        }
#pragma warning disable CA1031 // A filter that throws must not end a connection.
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
    }

    private sealed class Runner : IObserver<Action>, IDeliveryOwner<Action>
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

        public Action Overflowed() => static () => { };

        public void OnObserverThrew(Exception error)
        {
        }

        public void OnDisposed(IDelivery<Action> delivery)
        {
        }
    }
}
