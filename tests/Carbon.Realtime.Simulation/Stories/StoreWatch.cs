namespace Carbon.Realtime.Simulation.Stories;

/// <summary>Looks at a store as its user would, and at every change set: what may never be seen at any moment.</summary>
/// <param name="world">For the log, and for what is true.</param>
/// <param name="name">The store's.</param>
/// <param name="store">The store.</param>
/// <param name="table">Its table.</param>
/// <param name="filter">Which rows are the store's.</param>
/// <param name="isVersioned">Whether the store never goes back to an older version of a row that it shows.</param>
internal sealed class StoreWatch(
    SimulatedWorld world, string name, ILiveStore<string, Order> store, string table, Func<Order, bool> filter, bool isVersioned) : IObserver<StoreChangeSet<string, Order>>
{
    private readonly Dictionary<string, Order> _folded = [];
    private IDisposable? _use;
    private IDisposable? _subscription;
    private long _version = -1;
    private bool _isInside;
    private bool _isFirst;
    private bool _isOver;

    public string Name => name;

    public ILiveStore<string, Order> Store => store;

    public bool IsOfOrders => table == SimulatedDatabase.Orders;

    public bool IsUsed => _use is not null || _subscription is not null;

    /// <summary>The observer's next call throws, which ends its subscription.</summary>
    public bool ThrowsNext { get; set; }

    public IReadOnlyList<Order> Shown => [.. store.Current.Rows.OrderBy(static r => r.Id, StringComparer.Ordinal)];

    public IReadOnlyList<Order> Truth =>
        [.. world.Database.Truth(table, world.Client.User, world.Client.Tenant).Where(filter).OrderBy(static r => r.Id, StringComparer.Ordinal)];

    public void Start() => _use ??= store.Start();

    public void Stop()
    {
        _use?.Dispose();
        _use = null;
    }

    public void Subscribe()
    {
        _subscription?.Dispose();
        _isFirst = true;
        _isOver = false;
        _subscription = store.Changes.Subscribe(this);
    }

    public void Unsubscribe()
    {
        _subscription?.Dispose();
        _subscription = null;
    }

    public void OnNext(StoreChangeSet<string, Order> value)
    {
        world.Require(!_isInside, $"V7 {name}: an observer is called while it is being called");
        world.Require(!_isOver, $"V7 {name}: a call after the end");
        _isInside = true;
        try
        {
            Take(value);
        }
        finally
        {
            _isInside = false;
        }

        if (ThrowsNext)
        {
            ThrowsNext = false;
            _isOver = true;
            throw new InvalidOperationException("An observer of the simulation throws.");
        }
    }

    public void OnCompleted() => End("completed");

    public void OnError(Exception error) => End($"{error.GetType().Name}");

    /// <summary>What holds at every moment.</summary>
    public void Look()
    {
        var snapshot = store.Current;
        world.Require(snapshot.Version >= _lookedAt, $"V3 {name}: version {snapshot.Version} after {_lookedAt}");
        _lookedAt = snapshot.Version;
        foreach (var (key, row) in snapshot)
        {
            Allow(key, row, "shown");
        }

        var status = store.Status;
        world.Require(
            status.State != StoreState.Live || world.Client.Manager.Status.State == RealtimeState.Live, $"V2 {name}: live while the connection is {world.Client.Manager.Status.State}");
        world.Require(status.State is not (StoreState.Empty or StoreState.Loading) || snapshot.Count == 0, $"V2 {name}: rows while {status}");
        world.Require(status.State != StoreState.Live || status.AsOf is not null, $"V2 {name}: live, and never read");
        world.Require(status.Unverified <= 5_000, $"V6 {name}: {status.Unverified} keys in doubt");
    }

    private long _lookedAt;

    private void Take(StoreChangeSet<string, Order> set)
    {
        var snapshot = set.Snapshot;
        world.Note($"{name} {snapshot.Version} {snapshot.Status.State} {snapshot.Status.Reason} {(set.IsReset ? "reset" : string.Join(',', set.Changes.Select(static c => $"{c.Kind} {c.Key}")))} of {snapshot.Count}");
        world.Require(snapshot.Version > _version || _isFirst, $"V7 {name}: version {snapshot.Version} after {_version}");
        world.Require(!_isFirst || set.IsReset, $"V7 {name}: the first change set is no reset");
        _isFirst = false;
        _version = snapshot.Version;
        if (set.IsReset)
        {
            _folded.Clear();
            foreach (var (key, row) in snapshot)
            {
                world.Require(_folded.TryAdd(key, row), $"V4 {name}: {key} twice");
            }
        }

        foreach (var change in set.Changes)
        {
            Fold(change);
        }

        foreach (var (key, row) in snapshot)
        {
            Allow(key, row, "told");
            world.Require(_folded.TryGetValue(key, out var folded) && folded == row, $"V3 {name}: {row} is shown, and the changes lead to {folded?.ToString() ?? "nothing"}");
        }

        world.Require(_folded.Count == snapshot.Count, $"V3 {name}: the changes lead to {_folded.Count} rows, {snapshot.Count} are shown");

        // What users do in callbacks: they look, and they come and go.
        _ = (store.Current.Count, store.Status, store.TryGet("o1", out _));
        store.Start().Dispose();
    }

    private void Fold(in StoreChange<string, Order> change)
    {
        var isThere = _folded.TryGetValue(change.Key, out var before);
        switch (change.Kind)
        {
            case StoreChangeKind.Added:
                world.Require(!isThere, $"V4 {name}: {change.Key} is added, and was there");
                _folded[change.Key] = change.Current!;
                break;
            case StoreChangeKind.Updated:
                world.Require(isThere && before == change.Previous, $"V4 {name}: {change.Key} is updated from {change.Previous}, and was {before}");
                world.Require(change.Current != change.Previous, $"V4 {name}: {change.Key} is updated to what it was");
                world.Require(!isVersioned || change.Current!.Version >= before!.Version, $"V5 {name}: {before} goes back to {change.Current}");
                _folded[change.Key] = change.Current!;
                break;
            case StoreChangeKind.Removed:
                world.Require(isThere && before == change.Previous, $"V4 {name}: {change.Key} is removed as {change.Previous}, and was {before}");
                _folded.Remove(change.Key);
                break;
        }
    }

    private void Allow(string key, Order row, string how)
    {
        world.Require(row.Id == key, $"V4 {name}: {row} at {key}");
        world.Require(row.CompanyId == world.Client.Tenant, $"V1 {name}: a row of {row.CompanyId} is {how} to {world.Client.Tenant ?? "nobody"}");
        world.Require(!row.Secret || world.Client.MayBe(SimulatedDatabase.Users[0]) || !world.Database.WasAlwaysSecret(key), $"V1 {name}: {row} is {how} to {world.Client.User}");
        world.Require(row.Status?.StartsWith("forged", StringComparison.Ordinal) != true || store.Status.State != StoreState.Live, $"V12 {name}: a forged row is {how} as live");
    }

    private void End(string how)
    {
        world.Require(!_isOver, $"V7 {name}: {how} after the end");
        _isOver = true;
        world.Note($"{name} {how}");
    }
}
