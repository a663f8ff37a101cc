using Carbon.Realtime.Benchmarks.Race;
using Carbon.Realtime.Benchmarks.Rows;
using Carbon.Realtime.Benchmarks.Sender;

namespace Carbon.Realtime.Benchmarks.Clients;

/// <summary>Carbon.Realtime as a user has it: the changes of one table to one subscriber, default options.</summary>
internal static class CarbonClient
{
    public static async Task<RunFigures> RunAsync(RunOptions options)
    {
        var table = RealtimeTable.Define(ItemFrames.Table, BenchJson.Default.Item, "id", item => item.Id);
        await using var manager = new RealtimeChannelManager(
            new RealtimeOptions { Url = new Uri($"http://127.0.0.1:{options.Port}"), ApiKey = "key" });
        var meter = new Meter(options);
        var observer = new CountingObserver(meter);
        using var subscription = manager.Changes(table).Subscribe(observer);
        await observer.Live.WaitAsync(TimeSpan.FromSeconds(10));
        using var sender = SenderControl.Go(options.Port, options.Total, out _);
        return sender.AddTo(await meter.CompletionAsync());
    }

    /// <summary>Counts what the stream delivers. Anything lost, or anything but the race's changes, fails the run.</summary>
    private sealed class CountingObserver(Meter meter) : IObserver<TableChange<string, Item>>
    {
        private readonly TaskCompletionSource _live = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Completes with the first element, the gap that says that the stream is complete from here on.</summary>
        public Task Live => _live.Task;

        public void OnNext(TableChange<string, Item> value)
        {
            switch (value)
            {
                case Inserted<string, Item> inserted:
                    meter.OnEvent(inserted.Row.Id.Length + inserted.Row.Name.Length);
                    break;
                case Updated<string, Item> updated:
                    meter.OnEvent(updated.Row.Id.Length + updated.Row.Name.Length);
                    break;
                default:
                    if (!_live.TrySetResult()) meter.Fail($"The stream delivered {value}.");
                    break;
            }
        }

        public void OnError(Exception error)
        {
            _live.TrySetException(error);
            meter.Fail(error.ToString());
        }

        public void OnCompleted() => meter.Fail("The stream completed.");
    }
}
