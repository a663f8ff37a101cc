using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Carbon.Realtime.Convergence;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Stores.Views;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Stores;

/// <summary>What a store object is to its users, whoever is signed in: it finds out whose rows are wanted, and shows one actor's at a time.</summary>
/// <remarks>
/// The lock makes "who may show" and "what is shown" one: after a change of user or tenant returns, not even a snapshot of the old one can be
/// read, whatever its actor still does. It is never held while anything is waited for, and no other lock is taken inside but queues'.
/// </remarks>
internal sealed class LiveStore<TKey, TRow> : ILiveStore<TKey, TRow>, IStoreControl, IViewedStore<TKey, TRow>
    where TKey : notnull
{
    private readonly StoreContext<TKey, TRow> _context;
    private readonly IStoreScope _scope;
    private readonly Lock _gate = new();
    private readonly StoreObservers<TKey, TRow> _observers;
    private readonly List<TaskCompletionSource> _waiters = [];
    private readonly Backoff _backoff;
    private TaskCompletionSource _newer = NewSignal();
    private StoreSnapshot<TKey, TRow> _current;
    private StoreActor<TKey, TRow>? _actor;
    private Task _flushed = Task.CompletedTask;
    private IDisposable? _linger;
    private IDisposable? _retry;
    private DateTimeOffset? _notLiveSince;
    private int _interest;
    private int _attempt;
    private bool _isResolving;
    private bool _isClosed;

    public LiveStore(StoreContext<TKey, TRow> context, IStoreScope scope)
    {
        _context = context;
        _scope = scope;
        _backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1), TimeSpan.Zero, context.Environment.Randomizer);
        _current = new(0, RowImage<TKey, TRow>.Empty, StatusOf(StoreState.Empty, StoreReason.NotStarted));
        _observers = new(context.Environment.Scheduler, () => Current, e => StoresLog.ObserverThrew(context.Logger, context.Name, e));
        Changes = new ChangesObservable(this);
    }

    public string Table => _context.Name;

    public StoreSnapshot<TKey, TRow> Current => Volatile.Read(ref _current);

    public StoreStatus Status => Current.Status;

    public IObservable<StoreChangeSet<TKey, TRow>> Changes { get; }

    /// <summary>The order of views that name none.</summary>
    public Comparison<TRow>? Order => _context.Options.Order;

    /// <summary>Told that somebody begins to use the store, and that nobody does any more. Under the lock.</summary>
    internal Action<bool>? Used { get; set; }

    /// <summary>Told what an actor that is shown no longer still writes. Under the lock.</summary>
    internal Action<StoreFlush>? Dropped { get; set; }

    public RealtimeEnvironment Environment => _context.Environment;

    public IEqualityComparer<TKey>? KeyComparer => _context.Table.Definition.Key.Comparer;

    public ILogger Logger => _context.Logger;

    /// <summary>Whose rows are shown, for tests.</summary>
    internal StoreActor<TKey, TRow>? Actor => _actor;

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TRow row) => Current.TryGetValue(key, out row);

    public IDisposable Start()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(ILiveStore<TKey, TRow>));
            _linger?.Dispose();
            _linger = null;
            if (_interest++ == 0)
            {
                Used?.Invoke(true);
                if (_actor is null)
                {
                    Resolve();
                }
            }
        }

        return new Interest(this);
    }

    public Task WhenLiveAsync() => WhenLiveAsync(CancellationToken.None);

    public Task WhenLiveAsync(CancellationToken cancellationToken) => WaitAsync((waiter, _) =>
    {
        if (_current.Status.IsLive)
        {
            waiter.TrySetResult();
        }
        else if (Hopeless(_current.Status) is { } error)
        {
            waiter.TrySetException(error);
        }
        else
        {
            _waiters.Add(waiter);
        }
    }, cancellationToken);

    public Task VerifyAsync() => VerifyAsync(CancellationToken.None);

    public Task VerifyAsync(CancellationToken cancellationToken) => WaitAsync((waiter, actor) =>
    {
        if (actor is null)
        {
            // Whose rows is not known yet: the first read will begin after this call, and be complete when the store is live.
            _waiters.Add(waiter);
        }
        else
        {
            actor.Verify(waiter);
        }
    }, cancellationToken);

    public IAsyncEnumerable<StoreSnapshot<TKey, TRow>> WatchAsync() => WatchAsync(CancellationToken.None);

    public async IAsyncEnumerable<StoreSnapshot<TKey, TRow>> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var interest = Start();
        var seen = -1L;
        while (true)
        {
            Task newer;
            StoreSnapshot<TKey, TRow> snapshot;
            lock (_gate)
            {
                (newer, snapshot) = (_newer.Task, _current);
            }

            if (snapshot.Version != seen)
            {
                seen = snapshot.Version;
                yield return snapshot;
            }
            else if (snapshot.Status.State == StoreState.Closed)
            {
                yield break;
            }
            else
            {
                // The user's loop, not the library's.
                await newer.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public void OnIdentityChanged(bool isOtherUser)
    {
        lock (_gate)
        {
            if (_isClosed || (_interest == 0 && _actor is null) || (_actor is { } same && same.Identity == _scope.Identity))
            {
                return;
            }

            Drop(keep: !isOtherUser, new RealtimeException(
                RealtimeErrorReason.TenantChanged, "User or tenant changed while rows were read; the store shows the new one's.", isTransient: false));
            // Also while nobody uses it: somebody may look, or come back before it would have been stopped.
            _observers.Forget(_current.Version + 1);
            Show(RowImage<TKey, TRow>.Empty,
                _interest > 0 ? StatusOf(StoreState.Loading, StoreReason.None) : StatusOf(StoreState.Empty, StoreReason.NotStarted), isReset: true, []);
            if (_interest > 0)
            {
                Resolve();
            }
        }
    }

    public StoreReport? Report()
    {
        lock (_gate)
        {
            return _interest == 0 || _isClosed ? null : new StoreReport(Table, _current.Status, _current.Count, _notLiveSince);
        }
    }

    public Task Close()
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return _flushed;
            }

            Drop(keep: true, new ObjectDisposedException("ILiveStore"));
            Show(RowImage<TKey, TRow>.Empty, StatusOf(StoreState.Closed, StoreReason.None), isReset: true, []);
            _isClosed = true;
            Used?.Invoke(false);
            _observers.End();
            Release(static w => w.TrySetException(new ObjectDisposedException("ILiveStore")));
            return _flushed;
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static StoreStatus StatusOf(StoreState state, StoreReason reason, RealtimeException? error = null, DateTimeOffset? nextRetry = null) =>
        new() { State = state, Reason = reason, Error = error, NextRetry = nextRetry };

    private async Task WaitAsync(Action<TaskCompletionSource, StoreActor<TKey, TRow>?> begin, CancellationToken cancellationToken)
    {
        using var interest = Start();
        var waiter = NewSignal();
        lock (_gate)
        {
            begin(waiter, _actor);
        }

        try
        {
            await waiter.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
            {
                _waiters.Remove(waiter);
            }
        }
    }

    /// <summary>Finds out whose rows are wanted, and begins to show them. Under the lock.</summary>
    private void Resolve()
    {
        if (_isResolving)
        {
            return;
        }

        _isResolving = true;
        _ = _context.Environment.Scheduler.Start(async () =>
        {
            // The tenant may be set while the token is asked for: both are looked at when the answer is here.
            var error = await _scope.PrepareAsync();
            lock (_gate)
            {
                _isResolving = false;
                OnResolved(error);
            }
        });
    }

    private void OnResolved(RealtimeException? error)
    {
        if (_isClosed || _interest == 0 || _actor is not null)
        {
            return;
        }

        if (error is not null)
        {
            var wait = _backoff.Next(spreadOut: false);
            StoresLog.NoIdentity(_context.Logger, _context.Name, error.Message);
            Show(RowImage<TKey, TRow>.Empty, StatusOf(
                StoreState.NeedsAuth, StoreReason.Auth, error, _context.Environment.TimeProvider.GetUtcNow() + wait), isReset: false, []);
            var attempt = ++_attempt;
            _retry?.Dispose();
            _retry = _scope.Later(wait, () => Again(attempt));
            return;
        }

        _backoff.Reset();
        if (_scope.Identity is not { } identity)
        {
            Show(RowImage<TKey, TRow>.Empty, StatusOf(StoreState.Empty, StoreReason.NoTenant), isReset: false, []);
            return;
        }

        StoreActor<TKey, TRow>? actor = null;
        actor = _actor = new StoreActor<TKey, TRow>(_context, identity, p => OnPublished(actor!, p), () => _observers.IsWatched);
        actor.Start(_flushed);
    }

    private void Again(int attempt)
    {
        lock (_gate)
        {
            if (attempt == _attempt && _interest > 0 && _actor is null && !_isClosed)
            {
                Resolve();
            }
        }
    }

    private void Drop(bool keep, Exception reason)
    {
        _attempt++;
        _retry?.Dispose();
        if (_actor is { } actor)
        {
            _actor = null;
            actor.Stop(keep, reason);
            _flushed = actor.Flush.Done;
            Dropped?.Invoke(actor.Flush);
        }
    }

    private void OnPublished(StoreActor<TKey, TRow> actor, in StorePublication<TKey, TRow> publication)
    {
        lock (_gate)
        {
            // A late word of an actor that was dropped is nobody's.
            if (_actor == actor)
            {
                Show(publication.Rows, publication.Status, publication.IsReset, publication.Changes);
            }
        }
    }

    private void Show(
        RowImage<TKey, TRow> rows, StoreStatus status, bool isReset, System.Collections.Immutable.ImmutableArray<StoreChange<TKey, TRow>> changes)
    {
        var snapshot = new StoreSnapshot<TKey, TRow>(_current.Version + 1, rows, status);
        Volatile.Write(ref _current, snapshot);
        _notLiveSince = status.State is StoreState.Live or StoreState.Empty or StoreState.Closed
            ? null
            : _notLiveSince ?? _context.Environment.TimeProvider.GetUtcNow();
        if (_observers.IsWatched)
        {
            _observers.Post(new StoreChangeSet<TKey, TRow>(snapshot, isReset, isReset ? [] : changes));
        }

        var newer = _newer;
        _newer = NewSignal();
        newer.SetResult();
        if (status.IsLive)
        {
            Release(static w => w.TrySetResult());
        }
        else if (Hopeless(status) is { } error)
        {
            Release(w => w.TrySetException(error));
        }
    }

    /// <summary>Why waiting would not help.</summary>
    private static RealtimeException? Hopeless(StoreStatus status) =>
        status is { State: StoreState.Faulted or StoreState.NeedsAuth or StoreState.Degraded, Error: { IsTransient: false } error } ? error : null;

    private void Release(Action<TaskCompletionSource> release)
    {
        _waiters.ForEach(release);
        _waiters.Clear();
    }

    private ObserverDelivery<StoreChangeSet<TKey, TRow>> Subscribe(IObserver<StoreChangeSet<TKey, TRow>> observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        lock (_gate)
        {
            // A closed store tells that it is, and no more.
            var interest = _isClosed ? null : Start();
            var delivery = _observers.Add(observer, d => Remove(d, interest));
            if (_isClosed)
            {
                delivery.End(null);
            }

            return delivery;
        }
    }

    private void Remove(ObserverDelivery<StoreChangeSet<TKey, TRow>> delivery, IDisposable? interest)
    {
        lock (_gate)
        {
            _observers.Remove(delivery);
        }

        interest?.Dispose();
    }

    private void OnInterestEnded()
    {
        lock (_gate)
        {
            if (--_interest == 0 && !_isClosed)
            {
                // Who goes from page to page comes back soon.
                Used?.Invoke(false);
                _linger?.Dispose();
                _linger = _scope.Later(_scope.Linger, StopUnlessWanted);
            }
        }
    }

    private void StopUnlessWanted()
    {
        lock (_gate)
        {
            if (_interest == 0 && !_isClosed)
            {
                Drop(keep: true, new OperationCanceledException("Nobody uses the store any more."));
                Show(RowImage<TKey, TRow>.Empty, StatusOf(StoreState.Empty, StoreReason.NotStarted), isReset: true, []);
            }
        }
    }

    private sealed class Interest(LiveStore<TKey, TRow> store) : IDisposable
    {
        private int _disposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                store.OnInterestEnded();
            }
        }
    }

    private sealed class ChangesObservable(LiveStore<TKey, TRow> store) : IObservable<StoreChangeSet<TKey, TRow>>
    {
        public IDisposable Subscribe(IObserver<StoreChangeSet<TKey, TRow>> observer) => store.Subscribe(observer);
    }
}
