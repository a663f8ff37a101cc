using Carbon.Realtime.Stores;
using Microsoft.Extensions.Hosting;

namespace Carbon.Realtime.Hosting;

/// <summary>Runs the registered stores as long as the host runs.</summary>
/// <remarks>
/// They start before the host's services, which then find them at work, and end after the last of these has stopped: a service that is asked to stop may
/// still read them. Starting asks nobody anything and waits for nothing; a server that is away is the store's status. Ending waits until what
/// they hold is in the cache, for two seconds at the most, since the container may dispose of the cache right after.
/// </remarks>
internal sealed class HostedStores(IServiceProvider provider, IEnumerable<StoreRegistration> registrations) : IHostedLifecycleService
{
    private readonly List<ILiveStore> _stores = [];

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        foreach (var registration in registrations)
        {
            var store = registration.Resolve(provider);
            _ = store.Start(); // until it is closed
            _stores.Add(store);
        }

        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        foreach (var flushed in _stores.OfType<IStoreControl>().Select(static store => store.Close()).ToList())
        {
            try
            {
                await flushed.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return; // the host is in a hurry: a cache that lacks the last changes is behind, and not wrong
            }
        }
    }
}
