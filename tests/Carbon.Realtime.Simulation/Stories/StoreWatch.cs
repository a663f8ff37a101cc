using Carbon.Realtime.Stores;

namespace Carbon.Realtime.Simulation.Stories;

/// <summary>Looks at a store as its user would, and at every change set: what may never be seen at any moment.</summary>
/// <param name="world">For the log, and for what is true.</param>
/// <param name="name">The store's.</param>
/// <param name="store">The store.</param>
/// <param name="table">Its table.</param>
/// <param name="filter">Which rows are the store's.</param>
/// <param name="isVersioned">Whether the store never goes back to an older version of a row that it shows.</param>
internal sealed class StoreWatch(
    SimulatedWorld world, string name, ILiveStore<string, Order> store, string table, Func<Order, bool>? filter, bool isVersioned)
{
    /// <summary>Of the keys that a story writes, and of those that are there from its beginning.</summary>
    private const int MostKeys = 26;

    private readonly Dictionary<string, Order> _folded = [];
    private readonly Dictionary<string, long> _highest = [];
    private IDisposable? _use;
    private Follower? _follower;
    private long _version = -1;
    private long _lookedAt;
    private bool _isInside;
    private bool _isFirst;

    public string Name => name;

    private SimulatedWorld World { get; } = world;

    public ILiveStore<string, Order> Store => store;

    public bool IsOfOrders => table == SimulatedDatabase.Orders;

    /// <summary>What it reads: two stores of one query may each be at a complete read of it.</summary>
    public (string Table, bool IsFiltered) Query => (table, filter is not null);

    /// <summary>Since when it has been live; <see langword="null"/> while it is not.</summary>
    public TimeSpan? LiveSince { get; private set; }

    /// <summary>In what time a change that was lost in silence just now is made good: what is left until everything is read again, and the read.</summary>
    public TimeSpan LongestRepair => ((LiveStore<string, Order>)store).Actor is { } actor
        ? (actor.Reconcile.Period * 1.2) + LongestScan
        : LongestScan;

    private static TimeSpan LongestScan { get; } = TimeSpan.FromSeconds(15);

    /// <summary>The observer's next call throws, which ends its subscription.</summary>
    public bool ThrowsNext { get; set; }

    /// <summary>The observer disposes of its subscription in its next call, and begins another one.</summary>
    public bool LeavesNext { get; set; }

    public IReadOnlyList<Order> Shown => [.. store.Current.Rows.OrderBy(static r => r.Id, StringComparer.Ordinal)];

    public IReadOnlyList<Order> Truth =>
        [.. World.Database.Truth(table, World.Client.User, World.Client.Tenant).Where(filter ?? (static _ => true)).OrderBy(static r => r.Id, StringComparer.Ordinal)];

    /// <summary>Whether it equals the database, row for row.</summary>
    public bool IsTrue => Shown.SequenceEqual(Truth);

    public string Describe() => $"{name} is {store.Status}, shows [{string.Join(' ', Shown)}], and true is [{string.Join(' ', Truth)}]";

    public void Start() => _use ??= store.Start();

    public void Stop()
    {
        _use?.Dispose();
        _use = null;
    }

    public void Subscribe()
    {
        Unsubscribe();
        _isFirst = true;
        _follower = new Follower(this);
        _follower.Begin(store.Changes);
    }

    public void Unsubscribe()
    {
        _follower?.Dispose();
        _follower = null;
    }

    /// <summary>What holds at every moment.</summary>
    public void Look()
    {
        var snapshot = store.Current;
        World.Require(snapshot.Version >= _lookedAt, $"V3 {name}: version {snapshot.Version} after {_lookedAt}");
        _lookedAt = snapshot.Version;
        foreach (var (key, row) in snapshot)
        {
            Allow(key, row, "shown", snapshot.Status);
        }

        LookAt(store.Status, snapshot.Count);
        World.Require(
            store.Status.State != StoreState.Live || World.Client.Manager.Status.State == RealtimeState.Live, $"V2 {name}: live while the connection is {World.Client.Manager.Status.State}");
        if (((LiveStore<string, Order>)store).Actor?.Rules is { } rules)
        {
            World.Require(
                Math.Max(rules.Touched, Math.Max(rules.Doubts.Count, rules.State.Asked.Count)) <= MostKeys + World.RowsAtFirst,
                $"V6 {name}: of few keys {rules.Touched} are touched, {rules.Doubts.Count} in doubt, {rules.State.Asked.Count} asked for");
        }
    }

    private void LookAt(StoreStatus status, int rows)
    {
        World.Require(status.State is not (StoreState.Empty or StoreState.Loading) || rows == 0, $"V2 {name}: rows while {status}");
        World.Require(status.State != StoreState.Live || (status.AsOf is not null && World.Traffic.WasAnswered(table)), $"V2 {name}: live, and never read since the last dial");
        World.Require(status.Unverified <= MostKeys + World.RowsAtFirst, $"V6 {name}: {status.Unverified} keys in doubt");
        LiveSince = status.State == StoreState.Live ? LiveSince ?? World.Elapsed : null;
    }

    private void Take(StoreChangeSet<string, Order> set)
    {
        var snapshot = set.Snapshot;
        World.Note($"{name} {snapshot.Version} {snapshot.Status.State} {snapshot.Status.Reason} {(set.IsReset ? "reset" : string.Join(',', set.Changes.Select(static c => $"{c.Kind} {c.Key}")))} of {snapshot.Count}");
        World.Require(snapshot.Version > _version || _isFirst, $"V7 {name}: version {snapshot.Version} after {_version}");
        World.Require(!_isFirst || set.IsReset, $"V7 {name}: the first change set is no reset");
        _isFirst = false;
        _version = snapshot.Version;
        LookAt(snapshot.Status, snapshot.Count);
        if (set.IsReset)
        {
            _folded.Clear();
            if (snapshot.Status.State != StoreState.Live)
            {
                _highest.Clear(); // another company's, another user's, or what the cache has: nothing that was shown before
            }

            foreach (var (key, row) in snapshot)
            {
                World.Require(_folded.TryAdd(key, row), $"V4 {name}: {key} twice");
            }
        }

        foreach (var change in set.Changes)
        {
            Fold(change);
        }

        foreach (var (key, row) in snapshot)
        {
            Allow(key, row, "told", snapshot.Status);
            var highest = _highest.GetValueOrDefault(key);
            World.Require(!isVersioned || row.Version >= highest, $"V5 {name}: {row} was at version {highest}");
            _highest[key] = row.Version;
            World.Require(_folded.TryGetValue(key, out var folded) && folded == row, $"V3 {name}: {row} is shown, and the changes lead to {folded?.ToString() ?? "nothing"}");
        }

        World.Require(_folded.Count == snapshot.Count, $"V3 {name}: the changes lead to {_folded.Count} rows, {snapshot.Count} are shown");

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
                World.Require(!isThere, $"V4 {name}: {change.Key} is added, and was there");
                _folded[change.Key] = change.Current!;
                break;
            case StoreChangeKind.Updated:
                World.Require(isThere && before == change.Previous, $"V4 {name}: {change.Key} is updated from {change.Previous}, and was {before}");
                World.Require(change.Current != change.Previous, $"V4 {name}: {change.Key} is updated to what it was");
                _folded[change.Key] = change.Current!;
                break;
            case StoreChangeKind.Removed:
                World.Require(isThere && before == change.Previous, $"V4 {name}: {change.Key} is removed as {change.Previous}, and was {before}");
                _folded.Remove(change.Key);
                _highest.Remove(change.Key);
                break;
        }
    }

    private void Allow(string key, Order row, string how, StoreStatus status)
    {
        World.Require(row.Id == key, $"V4 {name}: {row} at {key}");
        World.Require(row.CompanyId == World.Client.Tenant, $"V1 {name}: a row of {row.CompanyId} is {how} to {World.Client.Tenant ?? "nobody"}");
        World.Require(!row.Secret || World.Client.MayBe(SimulatedDatabase.Users[0]) || World.Database.WasOpen(table, key, row.Version), $"V1 {name}: {row} is {how} to {World.Client.User}");
        World.Require(row.Status?.StartsWith("forged", StringComparison.Ordinal) != true || status.State != StoreState.Live, $"V12a {name}: a forged row is {how} as live");
    }

    /// <summary>One subscription: told in order, never twice at once, and nothing after its end or its disposal.</summary>
    private sealed class Follower(StoreWatch owner) : IObserver<StoreChangeSet<string, Order>>, IDisposable
    {
        private IDisposable? _subscription;
        private bool _isOver;
        private bool _isDisposed;

        public void Begin(IObservable<StoreChangeSet<string, Order>> changes) => _subscription = changes.Subscribe(this);

        public void Dispose()
        {
            _subscription?.Dispose();
            _isDisposed = true;
        }

        public void OnNext(StoreChangeSet<string, Order> value)
        {
            Allow("a change set");
            owner._isInside = true;
            try
            {
                owner.Take(value);
            }
            finally
            {
                owner._isInside = false;
            }

            if (owner.LeavesNext)
            {
                owner.LeavesNext = false;
                owner.Subscribe();
            }
            else if (owner.ThrowsNext)
            {
                owner.ThrowsNext = false;
                _isOver = true;
                throw new InvalidOperationException("An observer of the simulation throws.");
            }
        }

        public void OnCompleted() => End("completed");

        public void OnError(Exception error)
        {
            owner.World.Secrets.Check($"{error}");
            End($"{error.GetType().Name}");
        }

        private void End(string how)
        {
            Allow(how);
            _isOver = true;
            owner.World.Note($"{owner.Name} {how}");
        }

        private void Allow(string what)
        {
            owner.World.Require(!owner._isInside, $"V7 {owner.Name}: {what} while it is being called");
            owner.World.Require(!_isOver, $"V7 {owner.Name}: {what} after the end");
            owner.World.Require(!_isDisposed, $"V7 {owner.Name}: {what} after its disposal");
        }
    }
}
