using Carbon.Realtime.Testing;
using Carbon.Realtime.Tests.Support;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Tests.Connection;

public sealed class LoggingTests
{
    private sealed class Throwing : ILoggerFactory, ILogger
    {
        public int Thrown { get; private set; }

        public bool On { get; set; }

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public ILogger CreateLogger(string categoryName) => this;

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => On;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Thrown++;
            throw new InvalidOperationException("disk full");
        }
    }

    [Fact]
    public void A_logger_that_throws_costs_its_entries_and_nothing_else()
    {
        var env = new ManualEnvironment();
        var server = new FakeRealtimeServer();
        var log = new Throwing();
        var manager = new RealtimeChannelManager(new RealtimeOptions { Url = new Uri("http://127.0.0.1:54321"), ApiKey = "k", Tenant = "co_1" },
            new RealtimeDependencies { Environment = env.Environment, SocketFactory = server, LoggerFactory = log });
        using var s = manager.Changes(Shop.SalesOrders).Subscribe(_ => { });
        env.RunUntilIdle();
        server.Sockets.Should().HaveCount(1);
        log.On = true;
        log.Thrown.Should().Be(0);
        server.Socket.Break();
        env.RunUntilIdle();
        log.On = false;
        env.Advance(TimeSpan.FromMinutes(30));
        server.Sockets.Count.Should().BeGreaterThan(1);
        log.Thrown.Should().BePositive("or nothing was tried");
    }

    [Fact]
    public void No_code_of_a_logger_runs_under_the_gate()
    {
        var env = new ManualEnvironment();
        var server = new FakeRealtimeServer();
        var log = new Asking();
        var manager = new RealtimeChannelManager(
            new RealtimeOptions { Url = new Uri("http://127.0.0.1:54321"), ApiKey = "k" },
            new RealtimeDependencies { Environment = env.Environment, SocketFactory = server, LoggerFactory = log });
        log.Probe = () => !manager.IsGateHeld;
        using var seen = new StreamRecorder<TableChange<System.Text.Json.JsonElement, System.Text.Json.JsonElement>>(manager.Changes("a"));
        env.RunUntilIdle();
        env.Advance(TimeSpan.FromSeconds(0.1));
        log.Blocked.Should().Be(0);
    }

    private sealed class Asking : ILoggerFactory, ILogger
    {
        private bool _isAsking;

        public Func<bool>? Probe { get; set; }

        public int Blocked { get; private set; }

        public ILogger CreateLogger(string categoryName) => this;

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
            if (Probe is { } probe && !_isAsking && Blocked < 3)
            {
                _isAsking = true;
                Blocked += probe() ? 0 : 1;
                _isAsking = false;
            }

            return true;
        }

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
        }
    }
}
