using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Stores;
using Carbon.Realtime.Stores.Views;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Carbon.Realtime.Testing;

/// <summary>A live store whose rows and status a test sets, for tests of view models and of whatever else is given an <see cref="ILiveStore{TKey, TRow}"/>.</summary>
/// <remarks>
/// <para>
/// What it tells is what a real store tells: a reset first, then change sets that lead from one snapshot to the next, versions that grow, snapshots that
/// stay as they are. Setting an equal row tells nothing. It begins empty and <see cref="StoreState.Live"/>. An observer that throws loses its
/// subscription, and here the test is told: the exception comes out of the call that delivers.
/// </para>
/// <para>
/// Made without an environment it delivers before <see cref="Set(TRow[])"/> and its like return, on their thread; time stands still until
/// <see cref="ManualEnvironment.Advance"/> of <see cref="Environment"/>, for which bound collections wait. Made with one, everything waits for its
/// <see cref="ManualEnvironment.RunUntilIdle"/>, as the real store does in tests of this library.
/// </para>
/// </remarks>
/// <typeparam name="TKey">The primary key.</typeparam>
/// <typeparam name="TRow">The row.</typeparam>
public sealed class FakeLiveStore<TKey, TRow> : ILiveStore<TKey, TRow>, IViewedStore<TKey, TRow>, IDisposable
    where TKey : notnull
{
    private readonly Lock _gate = new();
    private readonly bool _deliversAtOnce;
    private readonly List<ObserverDelivery<StoreChangeSet<TKey, TRow>>> _observers = [];
    private readonly Shown<TKey, TRow> _shown;
    private readonly FakeRows<TKey, TRow> _rows;
    private int _users;

    /// <summary>An empty live store that delivers at once.</summary>
    /// <param name="keyOf">A row's key.</param>
    public FakeLiveStore(Func<TRow, TKey> keyOf)
        : this(keyOf, new ManualEnvironment(), deliversAtOnce: true)
    {
    }

    /// <summary>An empty live store that delivers when <paramref name="environment"/> is run.</summary>
    /// <param name="keyOf">A row's key.</param>
    /// <param name="environment">The test's world.</param>
    public FakeLiveStore(Func<TRow, TKey> keyOf, ManualEnvironment environment)
        : this(keyOf, environment, deliversAtOnce: false)
    {
    }

    private FakeLiveStore(Func<TRow, TKey> keyOf, ManualEnvironment environment, bool deliversAtOnce)
    {
        ArgumentNullException.ThrowIfNull(keyOf);
        ArgumentNullException.ThrowIfNull(environment);
        _rows = new FakeRows<TKey, TRow>(keyOf);
        Environment = environment;
        _deliversAtOnce = deliversAtOnce;
        _shown = new(new(0, new(_rows.Publish()), StatusOf(StoreState.Live, StoreReason.None, null)));
        Changes = new ChangesObservable(this);
        StatusChanges = Stores.StatusChanges.Of(Changes);
    }

    /// <summary>The clock of bound collections, and where work runs.</summary>
    public ManualEnvironment Environment { get; }

    /// <summary>The order of views that name none, as <see cref="StoreOptions{TRow}.Order"/>. Default: that of the keys.</summary>
    public Comparison<TRow>? Order { get; init; }

    /// <summary>The table; default: one that is called <c>fake</c>, without a tenant or a filter.</summary>
    public IRealtimeTable Definition { get; init; } = RealtimeTable.Untyped("fake");

    /// <summary>The table's name; default that of <see cref="Definition"/>, <c>public.fake</c>.</summary>
    public string Table
    {
        get => field ?? $"{Definition.Schema}.{Definition.Name}";
        init;
    }

    /// <summary>How many subscriptions, watches, waits and <see cref="Start"/>s are not over: 0 once a view model has disposed all it took.</summary>
    public int Users => Volatile.Read(ref _users);

    /// <summary>What <see cref="VerifyAsync()"/> and its like wait for, to hold it or to let it fail. Default: nothing.</summary>
    public Func<Task>? Verification { get; set; }

    /// <inheritdoc/>
    public StoreStatus Status => Current.Status;

    /// <inheritdoc/>
    public StoreSnapshot<TKey, TRow> Current => _shown.Current;

    /// <inheritdoc/>
    public IObservable<StoreChangeSet<TKey, TRow>> Changes { get; }

    /// <inheritdoc/>
    public IObservable<StoreStatus> StatusChanges { get; }

    RealtimeEnvironment IViewedStore<TKey, TRow>.Environment => Environment.Environment;

    IEqualityComparer<TKey>? IViewedStore<TKey, TRow>.KeyComparer => null;

    ILogger IViewedStore<TKey, TRow>.Logger => NullLogger.Instance;

    /// <summary>Adds rows, or puts them in the place of those with their keys: one change set.</summary>
    public void Set(params TRow[] rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        Change(() => _rows.Set(rows));
    }

    /// <summary>Removes the rows of these keys, where there are any: one change set.</summary>
    public void Remove(params TKey[] keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        Change(() => _rows.Remove(keys));
    }

    /// <summary>Takes these rows instead of all others: a reset, as after a change of tenant or for an observer that did not keep up.</summary>
    public void Reset(params TRow[] rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        lock (_gate)
        {
            ThrowIfClosed();
            _rows.Replace(rows);
            Show(Status, isReset: true, []);
        }

        Deliver();
    }

    /// <summary>Says how true the rows are. <see cref="StoreState.Empty"/> and <see cref="StoreState.Loading"/> have none: a reset takes away those there are.</summary>
    /// <exception cref="ArgumentException">No real store has that status: live for a reason, or <see cref="StoreState.Faulted"/> or <see cref="StoreState.NeedsAuth"/> without an error.</exception>
    public void SetStatus(StoreState state) => SetStatus(state, StoreReason.None);

    /// <inheritdoc cref="SetStatus(StoreState)"/>
    public void SetStatus(StoreState state, StoreReason reason) => SetStatus(StatusOf(state, reason, null));

    /// <summary>Says that something failed, with an error of <see cref="RealtimeErrors"/>. An error that is not transient ends waits (<see cref="WhenLiveAsync()"/>), as the real store's does.</summary>
    public void SetStatus(StoreState state, StoreReason reason, RealtimeException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        SetStatus(StatusOf(state, reason, error));
    }

    /// <summary>Ends the store as the manager's disposal does: an empty <see cref="StoreState.Closed"/> reset, then <c>OnCompleted</c>.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (Status.State == StoreState.Closed)
            {
                return;
            }

            _rows.Replace();
            Show(StatusOf(StoreState.Closed, StoreReason.None, null), isReset: true, []);
            _observers.ForEach(static o => o.End(null));
            _shown.Fail(new ObjectDisposedException("ILiveStore"));
        }

        Deliver();
    }

    /// <inheritdoc/>
    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TRow row) => Current.TryGetValue(key, out row);

    /// <inheritdoc/>
    public IDisposable Start()
    {
        lock (_gate)
        {
            ThrowIfClosed();
        }

        Interlocked.Increment(ref _users);
        return new Use(this);
    }

    /// <inheritdoc/>
    public Task WhenLiveAsync() => WhenLiveAsync(CancellationToken.None);

    /// <inheritdoc/>
    public async Task WhenLiveAsync(CancellationToken cancellationToken)
    {
        using var use = Start();
        var waiter = Shown<TKey, TRow>.NewSignal();
        lock (_gate)
        {
            _shown.Await(waiter);
        }

        try
        {
            await waiter.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
            {
                _shown.Forget(waiter);
            }
        }
    }

    /// <inheritdoc/>
    public Task VerifyAsync() => VerifyAsync(CancellationToken.None);

    /// <inheritdoc/>
    public async Task VerifyAsync(CancellationToken cancellationToken)
    {
        using var use = Start();
        await (Verification?.Invoke() ?? Task.CompletedTask).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task VerifyRowAsync(TKey key) => VerifyRowAsync(key, CancellationToken.None);

    /// <inheritdoc/>
    /// <remarks>Waits for <see cref="Verification"/>, whatever the key.</remarks>
    public Task VerifyRowAsync(TKey key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        return VerifyAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<StoreSnapshot<TKey, TRow>> WatchAsync() => WatchAsync(CancellationToken.None);

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoreSnapshot<TKey, TRow>> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var snapshot in _shown.WatchAsync(Start(), cancellationToken).ConfigureAwait(false))
        {
            yield return snapshot;
        }
    }

    private StoreStatus StatusOf(StoreState state, StoreReason reason, RealtimeException? error) => new()
    {
        State = state,
        Reason = reason,
        Error = error,
        AsOf = state == StoreState.Live ? Environment.Time.GetUtcNow() : _shown?.Current.Status.AsOf,
    };

    private void SetStatus(StoreStatus status)
    {
        if (status.State == StoreState.Closed)
        {
            Dispose();
            return;
        }

        if (status is { State: StoreState.Faulted or StoreState.NeedsAuth, Error: null })
        {
            throw new ArgumentException($"A store that is {status.State} always has an error: give one of RealtimeErrors.", nameof(status));
        }

        if (status is { State: StoreState.Live, Reason: not StoreReason.None })
        {
            throw new ArgumentException("A store is live for no particular reason.", nameof(status));
        }

        lock (_gate)
        {
            ThrowIfClosed();
            var isReset = status.State is StoreState.Empty or StoreState.Loading && Current.Count > 0;
            if (isReset)
            {
                _rows.Replace();
            }

            Show(status, isReset, []);
        }

        Deliver();
    }

    private void Change(Func<ImmutableArray<StoreChange<TKey, TRow>>> change)
    {
        lock (_gate)
        {
            ThrowIfClosed();
            if (change() is { Length: > 0 } changes)
            {
                Show(Status, isReset: false, changes);
            }
        }

        Deliver();
    }

    private void Show(StoreStatus status, bool isReset, ImmutableArray<StoreChange<TKey, TRow>> changes)
    {
        var next = new Showing<TKey, TRow>(_shown.Now.Version + 1, new(_rows.Publish()), status);
        var set = new StoreChangeSet<TKey, TRow>(next.Snapshot, isReset, changes);
        _shown.Show(next); // before anybody is told of it
        _observers.ForEach(o => o.Post(set));
    }

    private ObserverDelivery<StoreChangeSet<TKey, TRow>> Subscribe(IObserver<StoreChangeSet<TKey, TRow>> observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        Interlocked.Increment(ref _users);

        // It never overflows: a test that wants to see a reset calls Reset.
        var owner = new Owner(this);
        var delivery = new ObserverDelivery<StoreChangeSet<TKey, TRow>>(observer, Environment.Scheduler, new(int.MaxValue, owner), owner);
        lock (_gate)
        {
            delivery.Post(new StoreChangeSet<TKey, TRow>(Current, isReset: true, []));
            if (Status.State == StoreState.Closed)
            {
                delivery.End(null);
            }
            else
            {
                _observers.Add(delivery);
            }
        }

        Deliver();
        return delivery;
    }

    private void Remove(IDelivery<StoreChangeSet<TKey, TRow>> delivery)
    {
        Interlocked.Decrement(ref _users);
        lock (_gate)
        {
            _observers.RemoveAll(o => o == delivery);
        }
    }

    /// <summary>What an observer throws is the test's to see.</summary>
    private sealed class Owner(FakeLiveStore<TKey, TRow> store) : IDeliveryOwner<StoreChangeSet<TKey, TRow>>
    {
        public StoreChangeSet<TKey, TRow> Overflowed() => throw new InvalidOperationException("Overflow.");

        public void OnObserverThrew(Exception error) => ExceptionDispatchInfo.Throw(error);

        public void OnDisposed(IDelivery<StoreChangeSet<TKey, TRow>> delivery) => store.Remove(delivery);
    }

    private void Deliver()
    {
        if (_deliversAtOnce)
        {
            Environment.RunUntilIdle();
        }
    }

    private void ThrowIfClosed() => ObjectDisposedException.ThrowIf(Status.State == StoreState.Closed, typeof(ILiveStore<TKey, TRow>));

    private sealed class Use(FakeLiveStore<TKey, TRow> store) : IDisposable
    {
        private int _disposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                Interlocked.Decrement(ref store._users);
            }
        }
    }

    private sealed class ChangesObservable(FakeLiveStore<TKey, TRow> store) : IObservable<StoreChangeSet<TKey, TRow>>
    {
        public IDisposable Subscribe(IObserver<StoreChangeSet<TKey, TRow>> observer) => store.Subscribe(observer);
    }
}
