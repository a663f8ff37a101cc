using Carbon.Realtime.CoreStores;
using Microsoft.Extensions.Hosting;

namespace Carbon.Realtime.Samples.LabelWorker;

/// <summary>Finds the jobs that want a label, in two ways that know nothing of each other, and gives them to the desk, which prints each once.</summary>
/// <remarks>
/// <b>What is to be done</b> comes from the store: the rows that want a label now. It is there after a start, it is right again after any fault, a loss that
/// nobody noticed included, and there is no code for gaps, reconnects or what happened while the worker was down. This alone would do.
/// <b>What just happened</b> comes from the stream: a release is here as soon as the server tells of it, also while the store is still reading thousands of rows, and also if
/// the job is over a moment later. This alone would not do: what the stream missed, it never brings.
/// </remarks>
internal sealed class LabelWorker(
    RealtimeTable<string, Job> openJobs, ILiveStore<string, Job> open, IRealtimeChannelManager realtime, ICoreStores core, LabelDesk desk, Screen screen) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            // Names out of the local cache may be last week's. From here on they are at most as old as the last contact with the server.
            await foreach (var snapshot in core.Items.WatchAsync(stoppingToken))
            {
                if (IsRead(snapshot.Status))
                {
                    break;
                }
            }

            // The first that fails ends the worker, and with it the host. WhenAll would wait for the other one, which never ends.
            await foreach (var ended in Task.WhenEach(PrintWhatIsOpenAsync(stoppingToken), PrintWhatIsReleasedAsync(stoppingToken)))
            {
                await ended;
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    /// <summary>What the store shows was read from the server since the program started, and is current or nearly so.</summary>
    /// <remarks><see cref="StoreState.Degraded"/> is a store that polls: late, but true. A job out of the cache, though, may be closed since yesterday.</remarks>
    private static bool IsRead(StoreStatus status) => status.State is StoreState.Live or StoreState.Degraded;

    private async Task PrintWhatIsOpenAsync(CancellationToken cancellationToken)
    {
        // Slow printing skips snapshots and no row: the next one has all that is open. A label that failed is tried again with it, within minutes at the
        // latest, since the store reads everything now and then.
        await foreach (var snapshot in open.WatchAsync(cancellationToken))
        {
            if (IsRead(snapshot.Status))
            {
                foreach (var job in snapshot.Rows.OrderBy(static job => job.JobId, StringComparer.Ordinal))
                {
                    await PrintAsync(job, cancellationToken);
                }
            }
        }
    }

    private async Task PrintWhatIsReleasedAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var change in realtime.Changes(openJobs).ReadAllAsync(cancellationToken))
            {
                switch (change)
                {
                    case Inserted<string, Job> inserted:
                        await PrintAsync(inserted.Row, cancellationToken);
                        break;
                    case Updated<string, Job> updated:
                        // Entered the filter, or changed within it: the desk knows which.
                        await PrintAsync(updated.Row, cancellationToken);
                        break;
                    case Gap<string, Job> gap:
                        // Something may have been missed. Who had only the stream would have to read all open jobs now; the store does, by itself.
                        screen.Say("gap", gap.ToString());
                        break;
                }
            }
        }
        catch (RealtimeException e)
        {
            // No retry can help (docs/guarantees.md, "What ends a stream"). Labels still come, out of the store.
            screen.Say("stream", $"ended: {e.Message}");
        }
    }

    /// <summary>Prints, or says why not: the job stays open, and is offered again.</summary>
    /// <remarks>What the journal throws is not caught: a worker that cannot write down what it prints must stop.</remarks>
    private async Task PrintAsync(Job job, CancellationToken cancellationToken)
    {
        try
        {
            await desk.PrintAsync(job, cancellationToken);
        }
        catch (Exception e) when (e is IOException or RealtimeException or TimeoutException)
        {
            screen.Say("later", $"{job.JobId}: {e.Message}");
        }
    }
}
