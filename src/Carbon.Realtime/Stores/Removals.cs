using Carbon.Realtime.Primitives;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Stores;

/// <summary>Deletes from the cache what nobody may see any more: of users who signed out, and of keys whose right was taken away. Thread-safe.</summary>
/// <remarks>
/// Behind everything that is still being saved, by whichever store: one that was dropped just before, for another tenant or because nobody used it, may be
/// saving just these rows. And again and again until the cache does it, whether or not the store is still there that found out. Until then the key is
/// <em>owed</em>: what is kept under it is not shown to anybody, and nothing is saved under it, for the removal would take that along.
/// </remarks>
internal sealed class Removals(IStoreCache cache, string project, LiveStores stores, RealtimeEnvironment environment, ILogger logger)
{
    /// <summary>A cache that does not answer must not keep the program from ending.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Between the tries of the end.</summary>
    private static readonly TimeSpan LastPause = TimeSpan.FromSeconds(0.5);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly List<Removal> _owed = [];
    private readonly List<RemovalWatch> _watches = [];
    private TaskCompletionSource? _settled;
    private bool _isOver;

    /// <summary>A user is signed in no longer, and shown nowhere.</summary>
    public void OfUser(string subject) => Begin(
        new Removal(
            "a user who signed out",
            key => key.Project == project && key.Subject == subject,
            () => cache.RemoveUserAsync(project, subject, CancellationToken.None)),
        stores.Flushes());

    /// <summary>The right to see what is kept under a key is gone.</summary>
    /// <param name="key">The key.</param>
    /// <param name="saving">Completes when who saves under it does so no more, unless that is one of those that are shown no longer.</param>
    public void OfKey(StoreCacheKey key, Task saving) => Begin(
        new Removal(key.Table, other => other == key, () => cache.RemoveAsync(key, CancellationToken.None)),
        [.. stores.Flushes(), new StoreFlush(saving, saving)]);

    /// <summary>Whether what is kept under a key has yet to go.</summary>
    public bool IsOwed(StoreCacheKey key)
    {
        lock (_gate)
        {
            return _owed.Exists(r => r.Covers(key));
        }
    }

    /// <summary>Notes whether anything is begun to be removed under a key, until the result is disposed.</summary>
    public RemovalWatch Watch(StoreCacheKey key)
    {
        lock (_gate)
        {
            var watch = new RemovalWatch(key, Forget);
            _watches.Add(watch);
            return watch;
        }
    }

    /// <summary>Tries at once what waits for its next try: somebody wants to use the key.</summary>
    public void Hurry(StoreCacheKey key)
    {
        List<Removal> waiting;
        lock (_gate)
        {
            waiting = _owed.FindAll(r => r.Covers(key));
        }

        waiting.ForEach(static r => r.Hurry());
    }

    /// <summary>Tries what was not deleted yet for a last time, again and again for two seconds.</summary>
    /// <returns>Completes when there is nothing left to delete, or that time is over.</returns>
    public async Task CloseAsync()
    {
        var settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _settled = settled;
            Volatile.Write(ref _isOver, _owed.Count == 0);
        }

        _closing.CancelQuietly();
        if (!Volatile.Read(ref _isOver))
        {
            using var late = environment.TimeProvider.CreateTimer(_ => settled.TrySetResult(), null, Patience, Timeout.InfiniteTimeSpan);
            await settled.Task;
            Volatile.Write(ref _isOver, true);
        }
    }

    private void Begin(Removal removal, List<StoreFlush> flushes)
    {
        lock (_gate)
        {
            if (_isOver)
            {
                return; // the cache may be disposed by now
            }

            _owed.Add(removal);
            _watches.FindAll(w => removal.Covers(w.Key)).ForEach(static w => w.HasBegun = true);
        }

        _ = environment.Scheduler.Start(() => RunAsync(removal, flushes));
    }

    private void Forget(RemovalWatch watch)
    {
        lock (_gate)
        {
            _watches.Remove(watch);
        }
    }

    private async Task RunAsync(Removal removal, List<StoreFlush> flushes)
    {
        foreach (var flush in flushes)
        {
            await flush.Done;
        }

        await RemoveAsync(removal);
        if (flushes.Exists(static f => !f.End.IsCompleted))
        {
            // A save that hung may still have come to its end, and brought everything back.
            foreach (var flush in flushes)
            {
                await flush.End;
            }

            await RemoveAsync(removal);
        }

        TaskCompletionSource? settled;
        lock (_gate)
        {
            _owed.Remove(removal);
            settled = _owed.Count == 0 ? _settled : null;
        }

        settled?.TrySetResult();
    }

    /// <summary>Until the cache has done it, or the manager has ended.</summary>
    private async Task RemoveAsync(Removal removal)
    {
        // Each try costs next to nothing, and until one succeeds somebody's rows lie where they must not.
        var backoff = new Backoff(TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(10), TimeSpan.Zero, environment.Randomizer);
        while (!await TryAsync(removal) && !Volatile.Read(ref _isOver))
        {
            var wait = backoff.Next(spreadOut: false);
            await (_closing.IsCancellationRequested
                ? removal.PauseAsync(LastPause, hurried: LastPause, environment.TimeProvider, CancellationToken.None)
                : removal.PauseAsync(wait, hurried: backoff.Shortest, environment.TimeProvider, _closing.Token));
        }
    }

    private async Task<bool> TryAsync(Removal removal)
    {
        try
        {
            await removal.Remove();
            return true;
        }
#pragma warning disable CA1031 // The cache is other people's code.
        catch (Exception e)
#pragma warning restore CA1031
        {
            StoresLog.CacheNotEmptied(logger, removal.What, CacheReport.Describe(e));
            return false;
        }
    }

    /// <summary>One that is not done yet.</summary>
    /// <param name="what">What the log calls it: no identifier.</param>
    /// <param name="covers">Which keys it empties.</param>
    /// <param name="remove">One try.</param>
    private sealed class Removal(string what, Func<StoreCacheKey, bool> covers, Func<ValueTask> remove)
    {
        private readonly Lock _gate = new();
        private CancellationTokenSource? _pause;
        private bool _isHurried;

        public string What => what;

        public Func<ValueTask> Remove => remove;

        public bool Covers(StoreCacheKey key) => covers(key);

        /// <summary>Ends the pause; if there is none, for a try is under way, the next one is short.</summary>
        public void Hurry()
        {
            CancellationTokenSource? pause;
            lock (_gate)
            {
                pause = _pause;
                _isHurried = pause is null;
            }

            try
            {
                pause?.CancelQuietly();
            }
            catch (ObjectDisposedException)
            {
                // It ended just now.
            }
        }

        public async Task PauseAsync(TimeSpan wait, TimeSpan hurried, TimeProvider time, CancellationToken cancellationToken)
        {
            using var pause = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            lock (_gate)
            {
                _pause = pause;
                wait = _isHurried ? hurried : wait;
                _isHurried = false;
            }

            try
            {
                await Task.Delay(wait, time, pause.Token);
            }
            catch (OperationCanceledException)
            {
                // The next try is now.
            }
            finally
            {
                lock (_gate)
                {
                    _pause = null;
                }
            }
        }
    }
}
