using System.Diagnostics.Metrics;
using Carbon.Realtime.Convergence;
using Carbon.Realtime.Testing;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Tests.Support;

/// <summary>A manager on a fake socket, a manual clock and a manual scheduler, and a server that is as polite as the test leaves it.</summary>
public sealed class World
{
    internal World(
        Action<RealtimeOptions>? configure = null, IAccessTokenProvider? tokens = null, IMeterFactory? meters = null, string? name = null,
        HttpMessageHandler? rest = null, IStoreCache? cache = null, ConvergencePolicy? policy = null)
    {
        var options = new RealtimeOptions { Url = new Uri("http://127.0.0.1:54321"), ApiKey = "the-api-key", Tenant = "co_1" };
        configure?.Invoke(options);
        Manager = new RealtimeChannelManager(options, new RealtimeDependencies
        {
            Environment = Env.Environment,
            SocketFactory = Server,
            AccessTokens = tokens,
            MeterFactory = meters,
            Name = name,
            HttpMessageHandler = rest is null ? null : () => rest,
            LoggerFactory = Log,
            StoreCache = cache,
            Policy = policy ?? ConvergencePolicy.Full,
        });
        Server.Opened = socket => socket.OnSent = text => OnSent(socket, SentFrame.Parse(text));
    }

    public ManualEnvironment Env { get; } = new();

    public FakeRealtimeServer Server { get; } = new();

    public RecordingLog Log { get; } = new();

    public RealtimeChannelManager Manager { get; }

    public FakeRealtimeSocket Socket => Server.Socket;

    /// <summary>Whether joins are answered and subscribed by themselves; heartbeats and leaves too.</summary>
    public bool AutoJoin { get; set; } = true;

    public bool AutoSubscribed { get; set; } = true;

    public bool AutoHeartbeat { get; set; } = true;

    public void Run() => Env.RunUntilIdle();

    public void Advance(double seconds) => Env.Advance(TimeSpan.FromSeconds(seconds));

    /// <summary>Opens the group window, so that what was subscribed joins.</summary>
    public void Join() => Advance(0.05);

    private void OnSent(FakeRealtimeSocket socket, SentFrame frame)
    {
        switch (frame.Event)
        {
            case "phx_join" when AutoJoin:
                socket.AcceptJoin(frame);
                if (AutoSubscribed)
                {
                    socket.Subscribed(frame);
                }

                break;
            case "heartbeat" when AutoHeartbeat:
                socket.Reply(frame, "ok", "{}");
                break;
            case "phx_leave":
                socket.Reply(frame, "ok", "{}");
                socket.CloseChannel(frame);
                break;
        }
    }
}

/// <summary>Keeps every log line, formatted, for what must and must not be said.</summary>
public sealed class RecordingLog : ILoggerFactory
{
    public List<string> Lines { get; } = [];

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }

    private sealed class Logger(RecordingLog owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (owner.Lines)
            {
                owner.Lines.Add($"{logLevel} {category}[{eventId.Id}] {formatter(state, exception)} {exception}");
            }
        }
    }
}
