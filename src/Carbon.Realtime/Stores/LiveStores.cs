namespace Carbon.Realtime.Stores;

/// <summary>What makes two stores the same.</summary>
/// <param name="Definition">The table's definition, by identity.</param>
/// <param name="Schema">Its schema.</param>
/// <param name="Table">Its name.</param>
/// <param name="Filter">Its filter.</param>
/// <param name="TenantColumn">The column that names a row's tenant, where rows have one.</param>
/// <param name="IsAllTenants">Whether that does not matter.</param>
/// <param name="Scope">For whom.</param>
/// <param name="Options">How.</param>
internal sealed record StoreKey(
    object Definition, string Schema, string Table, RealtimeFilter Filter, string? TenantColumn, bool IsAllTenants, IStoreScope Scope, object Options);

/// <summary>All stores of a manager. A store lives while somebody holds or uses it; equal ones are one.</summary>
internal sealed class LiveStores
{
    private readonly Lock _gate = new();
    private readonly Dictionary<StoreKey, WeakReference<IStoreControl>> _stores = [];

    /// <summary>Those that somebody uses: who only subscribed, and holds nothing, must not lose the store before there is an actor to hold it.</summary>
    private readonly HashSet<IStoreControl> _used = [];

    /// <summary>What is still being written by those that nobody sees any more, of whatever store, user and tenant.</summary>
    private readonly HashSet<StoreFlush> _flushes = [];
    private int _pruneAt = 64;
    private bool _isClosed;

    public LiveStore<TKey, TRow> Get<TKey, TRow>(StoreKey key, Func<LiveStore<TKey, TRow>> create)
        where TKey : notnull
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(ILiveStore));
            if (_stores.TryGetValue(key, out var known) && known.TryGetTarget(out var store))
            {
                return (LiveStore<TKey, TRow>)store;
            }

            var created = create();
            created.Used = isUsed => OnUsed(created, isUsed);
            created.Dropped = OnDropped;
            _stores[key] = new WeakReference<IStoreControl>(created);
            Prune();
            return created;
        }
    }

    /// <summary>Tells stores that user, role or tenant may be another one: when this returns, none shows anything of the old one.</summary>
    public void OnIdentityChanged(Func<IStoreScope, bool> which, bool isOtherUser) => Of(which).ForEach(s => s.OnIdentityChanged(isOtherUser));

    /// <summary>Tells stores of a new token; see <see cref="IStoreControl.OnTokenRenewed"/>.</summary>
    public void OnTokenRenewed(Func<IStoreScope, bool> which) => Of(which).ForEach(static s => s.OnTokenRenewed());

    /// <summary>What is being written now by stores that show it no longer.</summary>
    public List<StoreFlush> Flushes()
    {
        lock (_gate)
        {
            return [.. _flushes];
        }
    }

    /// <summary>Where the stores that somebody uses stand.</summary>
    public List<StoreReport> Report() => [.. Of(static _ => true).Select(static s => s.Report()).OfType<StoreReport>()];

    /// <summary>Ends stores.</summary>
    /// <returns>For each, a task that completes when its rows are kept.</returns>
    public List<Task> Close(Func<IStoreScope, bool> which) => Of(which).ConvertAll(static s => s.Close());

    /// <summary>Ends all; no new one can be had.</summary>
    /// <inheritdoc cref="Close(Func{IStoreScope, bool})"/>
    public List<Task> Close()
    {
        lock (_gate)
        {
            _isClosed = true;
        }

        return Close(static _ => true);
    }

    private void OnDropped(StoreFlush flush)
    {
        if (flush.End.IsCompleted)
        {
            return;
        }

        lock (_gate)
        {
            _flushes.Add(flush);
        }

        _ = flush.End.ContinueWith(
            _ =>
            {
                lock (_gate)
                {
                    _flushes.Remove(flush);
                }
            },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private void OnUsed(IStoreControl store, bool isUsed)
    {
        lock (_gate)
        {
            _ = isUsed ? _used.Add(store) : _used.Remove(store);
        }
    }

    private List<IStoreControl> Of(Func<IStoreScope, bool> which)
    {
        lock (_gate)
        {
            List<IStoreControl> stores = [];
            foreach (var (key, known) in _stores)
            {
                if (which(key.Scope) && known.TryGetTarget(out var store))
                {
                    stores.Add(store);
                }
            }

            return stores;
        }
    }

    /// <summary>Stores nobody holds any more leave an empty place each; they are swept as the number of places doubles.</summary>
    private void Prune()
    {
        if (_stores.Count < _pruneAt)
        {
            return;
        }

        foreach (var (key, known) in _stores)
        {
            if (!known.TryGetTarget(out _))
            {
                _stores.Remove(key);
            }
        }

        _pruneAt = Math.Max(64, _stores.Count * 2);
    }
}
