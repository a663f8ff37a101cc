using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>Reads every line of the log, at all levels: no key, no token and no row may stand in one (V8).</summary>
internal sealed class SecretWatch(SimulatedWorld world) : ILoggerFactory, ILogger
{
    private const int ScannedEvent = 6002;
    private const int RepairedEvent = 6006;

    /// <summary>When the complete reads began and ended that have ended since this was cleared.</summary>
    public List<(TimeSpan Began, TimeSpan Ended)> Scans { get; } = [];

    /// <summary>How many rows the client says that a read has put right.</summary>
    public int Repairs { get; private set; }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        foreach (var (_, value) in state as IReadOnlyList<KeyValuePair<string, object?>> ?? [])
        {
            Repairs += eventId.Id == RepairedEvent && value is int rows ? rows : 0;
            if (eventId.Id == ScannedEvent && value is TimeSpan time)
            {
                Scans.Add((world.Elapsed - time, world.Elapsed));
            }

            if (value is string or Exception or Uri)
            {
                Check($"{value}");
            }
        }

        var text = formatter(state, exception);
        world.Note($"log {eventId.Id} {text}");
        Check(exception is null ? text : $"{text} {exception}");
    }

    public void Check(string text) => world.Require(!world.IsSecret(text), $"V8 a secret is told: {text}");

    public void Dispose()
    {
    }
}
