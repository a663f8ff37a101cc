using System.Reactive.Disposables;

namespace Carbon.Realtime.Samples.ConsoleWatch;

/// <summary>Shows the core stores until it is told to stop, the time is up, or not one of them can be had.</summary>
internal static class StoresWatch
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <param name="manager">Of the company.</param>
    /// <param name="printer">Is told of each change, where there is no table.</param>
    /// <param name="isTable">Whether the output is a screen, on which a table can stay.</param>
    /// <param name="duration">How long, once a store is live.</param>
    /// <param name="stop">Ends it, without an exception.</param>
    /// <exception cref="RealtimeException">Every store needs somebody to change something.</exception>
    /// <exception cref="TimeoutException">No store came alive.</exception>
    public static async Task RunAsync(RealtimeChannelManager manager, Printer printer, bool isTable, TimeSpan? duration, CancellationToken stop)
    {
        var stores = WatchedStores.Of(manager.CoreStores());
        using var following = new CompositeDisposable(stores.Select(s => s.Follow(isTable ? null : printer)));
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var table = isTable ? StoresTable.ShowAsync(stores, ending.Token) : Task.CompletedTask;
        try
        {
            await WhenOneIsLiveAsync(stores, ending.Token);
            await Task.Delay(duration ?? Timeout.InfiniteTimeSpan, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Asked to stop.
        }
        finally
        {
            await ending.CancelAsync();
            await table;
        }
    }

    /// <summary>One is enough to go on: what is wrong with another is its line of the table.</summary>
    private static async Task WhenOneIsLiveAsync(IReadOnlyList<IWatchedStore> stores, CancellationToken cancellationToken)
    {
        var waiting = stores.Select(s => s.WhenLiveAsync(cancellationToken)).ToList();
        while (true)
        {
            Task first;
            try
            {
                first = await Task.WhenAny(waiting).WaitAsync(Patience, cancellationToken);
            }
            catch (TimeoutException)
            {
                throw new TimeoutException($"No store is live after {Patience.TotalSeconds:0} seconds. {stores[0].Status.Error?.Message}", stores[0].Status.Error);
            }

            waiting.Remove(first);
            if (first.IsCompletedSuccessfully || waiting.Count == 0)
            {
                await first;
                return;
            }
        }
    }
}
