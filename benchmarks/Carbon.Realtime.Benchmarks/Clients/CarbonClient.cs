using System.Text.Json.Serialization.Metadata;
using Carbon.Realtime.Benchmarks.Race;
using Carbon.Realtime.Benchmarks.Rows;

namespace Carbon.Realtime.Benchmarks.Clients;

/// <summary>Carbon.Realtime as a user has it: the changes of one table to one subscriber, default options.</summary>
internal sealed class CarbonClient : IRowClient
{
    public async Task<IAsyncDisposable> SubscribeAsync<TRow>(RunOptions options, JsonTypeInfo<TRow> row, IMeter meter) where TRow : RaceRow
    {
        var table = RealtimeTable.Define(ChangeFrames.Table, row, "id", static r => r.Id);
        var manager = new RealtimeChannelManager(new RealtimeOptions { Url = new Uri($"http://127.0.0.1:{options.Port}"), ApiKey = "key" });
        var observer = new RowObserver<TRow>(meter, options.Load.Kind);
        var subscription = new Subscription(manager, manager.Changes(table).Subscribe(observer));
        await observer.Live.WaitAsync(TimeSpan.FromSeconds(10));
        return subscription;
    }

    /// <summary>Hands on the rows that the stream delivers. Anything lost, or anything but the race's changes with all they bring, fails the run.</summary>
    private sealed class RowObserver<TRow>(IMeter meter, ChangeKind kind) : IObserver<TableChange<string, TRow>> where TRow : RaceRow
    {
        private readonly TaskCompletionSource _live = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Completes with the first element, the gap that says that the stream is complete from here on.</summary>
        public Task Live => _live.Task;

        public void OnNext(TableChange<string, TRow> value)
        {
            switch (value)
            {
                case Inserted<string, TRow> inserted:
                    meter.OnRow(inserted.Row);
                    break;
                case Updated<string, TRow> updated when updated.HasOldRow == (kind == ChangeKind.UpdateFull):
                    meter.OnRow(updated.Row);
                    break;
                case Deleted<string, TRow> { OldRow: { } row }:
                    meter.OnRow(row);
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

    private sealed class Subscription(RealtimeChannelManager manager, IDisposable subscription) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            subscription.Dispose();
            return manager.DisposeAsync();
        }
    }
}
