using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Carbon.Realtime.Authentication;
using Carbon.Realtime.Convergence;
using Carbon.Realtime.Primitives;
using Carbon.Realtime.Stores.Views;
using Microsoft.Extensions.Logging;

namespace Carbon.Realtime.Stores;

/// <summary>What a store object is to its users, whoever is signed in: it finds out whose rows are wanted, and shows one actor's at a time.</summary>
/// <remarks>
/// The lock makes "who may show" and "what is shown" one: after a change of user or tenant returns, not even a snapshot of the old one can be
/// read, whatever its actor still does. It is never held while anything is waited for but, seldom, the end of a burst of changes; no other lock is taken inside
/// but queues' and, to take rows, the table's, in which none is taken.
/// </remarks>
internal sealed class LiveStore<TKey, TRow> : ILiveStore<TKey, TRow>, IStoreControl, IViewedStore<TKey, TRow>
    where TKey : notnull
{
    private readonly StoreContext<TKey, TRow> _context;
    private readonly IStoreScope _scope;
    private readonly Lock _gate = new();
    private readonly StoreObservers<TKey, TRow> _observers;
    private readonly Shown<TKey, TRow> _shown;

    /// <summary>Those who want everything read by an actor that there is not yet.</summary>
    private readonly List<TaskCompletionSource> _verifying = [];
    private readonly StoreUse _use;
    private readonly Resolution _resolution;
    private StoreActor<TKey, TRow>? _actor;
    private Task _flushed = Task.CompletedTask;
    private DateTimeOffset? _notLiveSince;
    private bool _isClosed;

    public LiveStore(StoreContext<TKey, TRow> context, IStoreScope scope)
    {
        _context = context;
        _scope = scope;
        _use = new StoreUse(scope, _gate) { OnUsed = OnUsed, OnUnused = OnUnused };
        _resolution = new Resolution(scope, context.Environment.Scheduler, _gate) { OnResolved = OnResolved };
        _shown = new(new(0, LazyImage<TKey, TRow>.Empty, StatusOf(StoreState.Empty, StoreReason.NotStarted)));
        _observers = new(context.Environment.Scheduler, () => Current, e => StoresLog.ObserverThrew(context.Logger, context.Name, e));
        Changes = new ChangesObservable(this);
        StatusChanges = Stores.StatusChanges.Of(Changes);
    }

    public string Table => _context.TableName;

    public IRealtimeTable Definition => _context.Table;

    public StoreSnapshot<TKey, TRow> Current => _shown.Current;

    public StoreStatus Status => _shown.Now.Status;

    public IObservable<StoreChangeSet<TKey, TRow>> Changes { get; }

    public IObservable<StoreStatus> StatusChanges { get; }

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

    /// <summary>What is shown, for tests.</summary>
    internal Showing<TKey, TRow> Showing => _shown.Now;

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TRow row) => Current.TryGetValue(key, out row);

    public IDisposable Start()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(ILiveStore<TKey, TRow>));
            return _use.Begin();
        }
    }

    public Task WhenLiveAsync() => WhenLiveAsync(CancellationToken.None);

    public Task WhenLiveAsync(CancellationToken cancellationToken) => WaitAsync((waiter, _) => _shown.Await(waiter), cancellationToken);

    public Task VerifyAsync() => VerifyAsync(CancellationToken.None);

    public Task VerifyAsync(CancellationToken cancellationToken) => WaitAsync((waiter, actor) =>
    {
        if (actor is null)
        {
            _verifying.Add(waiter); // whose rows is not known yet
        }
        else
        {
            actor.Verify(waiter);
        }
    }, cancellationToken);

    public Task VerifyRowAsync(TKey key) => VerifyRowAsync(key, CancellationToken.None);

    public Task VerifyRowAsync(TKey key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        return WaitAsync((waiter, actor) =>
        {
            if (actor is null)
            {
                _verifying.Add(waiter);
            }
            else
            {
                actor.Verify(key, waiter);
            }
        }, cancellationToken);
    }

    public IAsyncEnumerable<StoreSnapshot<TKey, TRow>> WatchAsync() => WatchAsync(CancellationToken.None);

    public async IAsyncEnumerable<StoreSnapshot<TKey, TRow>> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Started by who enumerates, not by who only asks for the enumerable.
        await foreach (var snapshot in _shown.WatchAsync(Start(), cancellationToken).ConfigureAwait(false))
        {
            yield return snapshot;
        }
    }

    /// <inheritdoc/>
    public void OnIdentityChanged(bool isOtherUser)
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                _observers.Forget(_shown.Now.Version); // what still waits before the end; the end itself is everybody's
                return;
            }

            if ((!_use.IsUsed && _actor is null) || (_actor is { } same && same.Identity == _scope.Identity))
            {
                return;
            }

            Drop(keep: !isOtherUser, new RealtimeException(
                RealtimeErrorReason.TenantChanged, "User or tenant changed while rows were read; the store shows the new one's.", isTransient: false));
            // Also while nobody uses it: somebody may look, or come back before it would have been stopped.
            _observers.Forget(_shown.Now.Version + 1);
            Show(LazyImage<TKey, TRow>.Empty,
                _use.IsUsed ? StatusOf(StoreState.Loading, StoreReason.None) : StatusOf(StoreState.Empty, StoreReason.NotStarted), isReset: true, []);
            if (_use.IsUsed)
            {
                _resolution.Begin();
            }
        }
    }

    /// <inheritdoc/>
    public void OnTokenRenewed()
    {
        lock (_gate)
        {
            if (_actor is { } actor)
            {
                _shown.Outdate();
                actor.OnTokenRenewed(() => OnTokenNoted(actor));
            }
            else if (_use.IsUsed && !_isClosed)
            {
                _resolution.Begin();
            }
        }
    }

    public StoreReport? Report()
    {
        lock (_gate)
        {
            return !_use.IsUsed || _isClosed ? null : new StoreReport(_context.Name, Status, _shown.Now.Count, _notLiveSince);
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
            Show(LazyImage<TKey, TRow>.Empty, StatusOf(StoreState.Closed, StoreReason.None), isReset: true, []);
            _isClosed = true;
            _use.Close();
            _observers.End();
            _shown.Fail(new ObjectDisposedException("ILiveStore"));
            FailVerifying(new ObjectDisposedException("ILiveStore"));
            return _flushed;
        }
    }

    private static StoreStatus StatusOf(StoreState state, StoreReason reason, RealtimeException? error = null, DateTimeOffset? nextRetry = null) =>
        new() { State = state, Reason = reason, Error = error, NextRetry = nextRetry };

    private async Task WaitAsync(Action<TaskCompletionSource, StoreActor<TKey, TRow>?> begin, CancellationToken cancellationToken)
    {
        using var interest = Start();
        var waiter = Shown<TKey, TRow>.NewSignal();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(ILiveStore<TKey, TRow>));
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
                _shown.Forget(waiter);
                _verifying.Remove(waiter);
            }

            // Who does not wait any more is not told; an error that nobody hears would be one that nobody observed.
            waiter.TrySetCanceled(CancellationToken.None);
            _ = waiter.Task.Exception;
        }
    }

    private void OnUsed(bool isUsed)
    {
        Used?.Invoke(isUsed);
        if (isUsed && _actor is null)
        {
            _resolution.Begin();
        }
    }

    private void OnUnused()
    {
        Drop(keep: true, new OperationCanceledException("Nobody uses the store any more."));
        Show(LazyImage<TKey, TRow>.Empty, StatusOf(StoreState.Empty, StoreReason.NotStarted), isReset: true, []);
    }

    /// <summary>It is known whose rows are wanted: begins to show them.</summary>
    private void OnResolved(TokenAnswer? failure)
    {
        if (_isClosed || !_use.IsUsed || _actor is not null)
        {
            return;
        }

        if (failure is { Error: { } error, RetryIn: var wait })
        {
            if (Status.Error?.Message != error.Message)
            {
                StoresLog.NoIdentity(_context.Logger, _context.Name, error.Message);
            }

            Show(LazyImage<TKey, TRow>.Empty, StatusOf(
                StoreState.NeedsAuth, StoreReason.Auth, error, _context.Environment.TimeProvider.GetUtcNow() + wait), isReset: false, []);
            _resolution.BeginAfter(wait);
            return;
        }

        if (_scope.Identity is not { } identity)
        {
            Show(LazyImage<TKey, TRow>.Empty, StatusOf(StoreState.Empty, StoreReason.NoTenant), isReset: false, []);
            return;
        }

        StoreActor<TKey, TRow>? actor = null;
        actor = _actor = new StoreActor<TKey, TRow>(_context, identity, p => OnPublished(actor!, p), () => _observers.IsWatched);
        actor.Start(_flushed, [.. _verifying]);
        _verifying.Clear();
    }

    private void Drop(bool keep, Exception reason)
    {
        _resolution.Cancel();
        if (_actor is { } actor)
        {
            _actor = null;
            _shown.NoteAll();
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

    private void OnTokenNoted(StoreActor<TKey, TRow> actor)
    {
        lock (_gate)
        {
            if (_actor == actor)
            {
                _shown.Note();
            }
        }
    }

    private void Show(
        LazyImage<TKey, TRow> rows, StoreStatus status, bool isReset, System.Collections.Immutable.ImmutableArray<StoreChange<TKey, TRow>> changes)
    {
        var next = new Showing<TKey, TRow>(_shown.Now.Version + 1, rows, status);
        _notLiveSince = status.State is StoreState.Live or StoreState.Empty or StoreState.Closed
            ? null
            : _notLiveSince ?? _context.Environment.TimeProvider.GetUtcNow();
        _shown.Show(next); // before anybody is told of it
        if (_observers.IsWatched)
        {
            _observers.Post(new StoreChangeSet<TKey, TRow>(next.Snapshot, isReset, isReset ? [] : changes));
        }

        if (Shown<TKey, TRow>.Hopeless(status) is { } error)
        {
            FailVerifying(error);
        }
    }

    private void FailVerifying(Exception error)
    {
        _verifying.ForEach(w => w.TrySetException(error));
        _verifying.Clear();
    }

    private ObserverDelivery<StoreChangeSet<TKey, TRow>> Subscribe(IObserver<StoreChangeSet<TKey, TRow>> observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        _ = Current; // taken by now, as a rule: nobody waits for rows with the lock held
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

    private void Remove(IDelivery<StoreChangeSet<TKey, TRow>> delivery, IDisposable? interest)
    {
        lock (_gate)
        {
            _observers.Remove(delivery);
        }

        interest?.Dispose();
    }

    private sealed class ChangesObservable(LiveStore<TKey, TRow> store) : IObservable<StoreChangeSet<TKey, TRow>>
    {
        public IDisposable Subscribe(IObserver<StoreChangeSet<TKey, TRow>> observer) => store.Subscribe(observer);
    }
}
