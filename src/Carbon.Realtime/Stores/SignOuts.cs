using Carbon.Realtime.Primitives;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Stores;

/// <summary>Deletes what the cache keeps of users who signed out. Thread-safe.</summary>
/// <remarks>
/// Behind everything that is still being saved, by whichever store: one that was dropped just before, for another tenant or because nobody
/// used it, may be saving that user's rows. And again and again until the cache does it.
/// </remarks>
internal sealed class SignOuts(IStoreCache cache, string project, LiveStores stores, RealtimeEnvironment environment, ILogger logger)
{
    /// <summary>A cache that does not answer must not keep the program from ending.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closing = new();
    private int _leaving;
    private TaskCompletionSource? _emptied;

    /// <summary>A user is signed in no longer, and shown nowhere.</summary>
    public void Forget(string subject)
    {
        lock (_gate)
        {
            _leaving++;
        }

        _ = environment.Scheduler.Start(() => ForgetAsync(subject));
    }

    /// <summary>Tries once more what was not deleted yet.</summary>
    /// <returns>Completes when there is nothing left to delete, after two seconds at the latest.</returns>
    public async Task CloseAsync()
    {
        TaskCompletionSource emptied;
        lock (_gate)
        {
            if (_leaving == 0)
            {
                return;
            }

            emptied = _emptied ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        using var late = environment.TimeProvider.CreateTimer(_ => emptied.TrySetResult(), null, Patience, Timeout.InfiniteTimeSpan);
        _closing.Cancel();
        await emptied.Task;
    }

    private async Task ForgetAsync(string subject)
    {
        var flushes = stores.Flushes();
        foreach (var flush in flushes)
        {
            await flush.Done;
        }

        await RemoveAsync(subject);
        if (flushes.Exists(static f => !f.End.IsCompleted))
        {
            // A save that hung may still have come to its end, and brought everything back.
            foreach (var flush in flushes)
            {
                await flush.End;
            }

            await RemoveAsync(subject);
        }

        lock (_gate)
        {
            if (--_leaving == 0)
            {
                _emptied?.TrySetResult();
            }
        }
    }

    private async Task RemoveAsync(string subject)
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(10), TimeSpan.Zero, environment.Randomizer);
        while (!await TryRemoveAsync(subject) && !_closing.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(backoff.Next(spreadOut: false), environment.TimeProvider, _closing.Token);
            }
            catch (OperationCanceledException)
            {
                // The last try.
            }
        }
    }

    private async Task<bool> TryRemoveAsync(string subject)
    {
        try
        {
            await cache.RemoveUserAsync(project, subject, CancellationToken.None);
            return true;
        }
#pragma warning disable CA1031 // The cache is other people's code.
        catch (Exception e)
#pragma warning restore CA1031
        {
            StoresLog.CacheNotEmptied(logger, "a user who signed out", CacheFailure.NameOf(e));
            return false;
        }
    }
}
