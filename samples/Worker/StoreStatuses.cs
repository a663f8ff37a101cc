using Carbon.Realtime.CoreStores;
using Microsoft.Extensions.Hosting;

namespace Carbon.Realtime.Samples.LabelWorker;

/// <summary>Tells what becomes of the stores: where their rows come from, whether they are current, and what is wrong.</summary>
internal sealed class StoreStatuses(ILiveStore<string, Job> open, ICoreStores core, Screen screen) : IHostedService, IDisposable
{
    private readonly List<IDisposable> _subscriptions = [];

    public Task StartAsync(CancellationToken cancellationToken)
    {
        Follow("jobs", open);
        Follow("items", core.Items);
        Follow("customers", core.Customers);
        Follow("suppliers", core.Suppliers);
        Follow("people", core.People);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        _subscriptions.ForEach(static s => s.Dispose());
        _subscriptions.Clear();
    }

    private void Follow<TRow>(string name, ILiveStore<string, TRow> store)
    {
        (StoreState, StoreReason) told = (StoreState.Empty, StoreReason.NotStarted);
        _subscriptions.Add(store.Changes.Subscribe(set =>
        {
            // "As of" and errors move with every try; what is worth a line is another state or reason.
            var status = set.Status;
            if (told != (status.State, status.Reason))
            {
                told = (status.State, status.Reason);
                screen.Say("store", $"{name,-9}  {status}, {set.Snapshot.Count} {(set.Snapshot.Count == 1 ? "row" : "rows")}");
            }
        }));
    }
}
