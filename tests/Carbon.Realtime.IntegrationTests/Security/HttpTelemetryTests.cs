using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.IntegrationTests.Security;

/// <summary>.NET's own network stack tells of requests too: its log, its events, its activities and its metrics. None of it may have a key, a token, a filter's value or a row's key.</summary>
[Collection(AloneCollection.Name)]
public sealed class HttpTelemetryTests
{
    private const string Key = "telemetry-key-0123456789", Token = "telemetry-token-0123456789", Filter = "telemetry-filter-value", Row = "telemetry-row-text";

    [Theory]
    [InlineData(ApiKeyPlacement.Query, true)]
    [InlineData(ApiKeyPlacement.Headers, true)]
    [InlineData(ApiKeyPlacement.Query, false)]
    [InlineData(ApiKeyPlacement.Headers, false)]
    public async Task Nothing_that_the_network_stack_tells_of_has_a_secret(ApiKeyPlacement placement, bool isWell)
    {
        // All goes well but the upgrade, which is refused; or the upgrade does, and the connection ends at once, and reads fail.
        var heard = new ConcurrentQueue<string>();
        await using var server = new ScriptedHttp(async (_, request, stream, stop) => await stream.WriteAsync(
            request.Contains("/websocket", StringComparison.Ordinal) ? isWell ? ScriptedHttp.Answer("403 Forbidden", "Content-Length: 0\r\n", []) : ScriptedHttp.Upgrade(request)
            : !isWell ? ScriptedHttp.Answer("500 Error", "Content-Length: 0\r\n", [])
            : ScriptedHttp.Json(request.Contains("gt.", StringComparison.Ordinal) ? "[]" : $$"""[{"id":"{{Row}}","status":"{{Row}}"}]"""), stop));
        using var events = new NetworkEvents(heard);
        using var activities = new ActivityListener
        {
            ShouldListenTo = static _ => true,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => heard.Enqueue($"activity {activity.OperationName} {activity.DisplayName} {activity.StatusDescription} {string.Join(' ', activity.TagObjects)} {string.Join(' ', activity.Events.Select(static e => $"{e.Name} {string.Join(' ', e.Tags)}"))}"),
        };
        ActivitySource.AddActivityListener(activities);
        using var meters = new MeterListener { InstrumentPublished = static (instrument, listener) => listener.EnableMeasurementEvents(instrument) };
        meters.SetMeasurementEventCallback<double>((instrument, _, tags, _) => heard.Enqueue($"metric {instrument.Name} {string.Join(' ', tags.ToArray())}"));
        meters.SetMeasurementEventCallback<long>((instrument, _, tags, _) => heard.Enqueue($"metric {instrument.Name} {string.Join(' ', tags.ToArray())}"));
        meters.Start();

        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(new HeardLogs(heard)));
        services.AddCarbonRealtime(o => (o.Url, o.ApiKey, o.ApiKeyPlacement, o.ReadRetries) = (server.Url, Key, placement, 0))
            .UseAccessToken(static (_, _, _) => ValueTask.FromResult<string?>(Token));
        await using (var provider = services.BuildServiceProvider())
        {
            using var hang = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            var manager = provider.GetRequiredService<IRealtimeChannelManager>();
            var store = manager.Store(RealtimeTable.Untyped("todos").Where($"status=neq.{Filter}"));
            var failed = new TaskCompletionSource();
            using var statuses = manager.StatusChanges.Subscribe(new FirstError(failed));
            var verify = () => store.VerifyAsync(hang.Token);
            await (isWell ? verify.Should().NotThrowAsync() : verify.Should().ThrowAsync<RealtimeException>() as Task);
            await failed.Task.WaitAsync(hang.Token);
        }

        server.Requests.Should().Contain(static r => r.Contains(Filter)).And.Contain(static r => r.Contains(Key) && r.Contains("/websocket")).And.Contain(static r => r.Contains(Token));
        heard.Should().Contain(static h => h.StartsWith("event System.Net.Http")).And.Contain(static h => h.StartsWith("log Carbon.Realtime"))
            .And.NotContain(static h => h.StartsWith("log System.Net.Http"), "the factory's own log of requests is off")
            .And.Contain(static h => h.StartsWith("activity System.Net.Http")).And.Contain(static h => h.StartsWith("metric http.client"));
        heard.Where(static h => h.Contains(Key) || h.Contains(Token) || h.Contains(Filter) || h.Contains(Row)).Should().BeEmpty();
    }

    /// <summary>An error is told of when the answer to the upgrade, or the connection's end, was dealt with.</summary>
    private sealed class FirstError(TaskCompletionSource failed) : IObserver<RealtimeStatus>
    {
        public void OnNext(RealtimeStatus value)
        {
            if (value.Error is not null)
            {
                failed.TrySetResult();
            }
        }

        public void OnError(Exception error)
        {
        }

        public void OnCompleted()
        {
        }
    }

    private sealed class NetworkEvents(ConcurrentQueue<string> heard) : EventListener
    {
        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name.StartsWith("System.Net.", StringComparison.Ordinal) || eventSource.Name.StartsWith("Microsoft-Extensions", StringComparison.Ordinal))
            {
                EnableEvents(eventSource, EventLevel.Verbose, EventKeywords.All);
            }
        }

        // The base constructor calls before this one's parameter is there.
        protected override void OnEventWritten(EventWrittenEventArgs eventData) =>
            heard?.Enqueue($"event {eventData.EventSource.Name} {eventData.EventName} {eventData.Message} {string.Join(' ', eventData.Payload ?? new([]))}");
    }

    private sealed class HeardLogs(ConcurrentQueue<string> heard) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => new Heard(heard, categoryName);

        public void Dispose()
        {
        }

        private sealed class Heard(ConcurrentQueue<string> heard, string category) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull
            {
                heard.Enqueue($"scope {category} {state} {Values(state)}");
                return null;
            }

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
                heard.Enqueue($"log {category} {eventId} {formatter(state, exception)} {Values(state)} {exception}");

            private static string Values<TState>(TState state) => string.Join(' ', state as IEnumerable<KeyValuePair<string, object?>> ?? []);
        }
    }
}
