using System.Collections.Immutable;
using System.Reactive.Disposables;

namespace Carbon.Realtime.Stores.Views;

/// <summary>Turns a store's change sets into a view's. The store's delivery sees to it that they come one at a time, and none after disposal.</summary>
internal sealed class ViewSubscription<TKey, TRow>(StoreView<TKey, TRow> view, IObserver<StoreViewChangeSet<TRow>> observer)
    : IObserver<StoreChangeSet<TKey, TRow>>, IDisposable
    where TKey : notnull
{
    private readonly SortedRows<TKey, TRow> _rows = view.NewRows();
    private readonly ImmutableArray<StoreViewChange<TRow>>.Builder _changes = ImmutableArray.CreateBuilder<StoreViewChange<TRow>>();
    private readonly SingleAssignmentDisposable _source = new();
    private StoreStatus? _told;
    private bool _hasEnded;

    public IDisposable Begin()
    {
        _source.Disposable = view.Store.Changes.Subscribe(this);
        return this;
    }

    public void Dispose() => _source.Dispose();

    void IObserver<StoreChangeSet<TKey, TRow>>.OnNext(StoreChangeSet<TKey, TRow> value)
    {
        if (_hasEnded || _source.IsDisposed)
        {
            return;
        }

        StoreViewChangeSet<TRow>? next;
        try
        {
            next = Apply(value);
        }
#pragma warning disable CA1031 // Predicate and comparison are other people's code.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _hasEnded = true;
            _source.Dispose();
            ViewsLog.ViewThrew(view.Logger, view.Store.Table, e.GetType().Name);
            observer.OnError(e);
            return;
        }

        if (next is not null)
        {
            observer.OnNext(next);
        }
    }

    void IObserver<StoreChangeSet<TKey, TRow>>.OnError(Exception error)
    {
        if (!_hasEnded)
        {
            _hasEnded = true;
            observer.OnError(error);
        }
    }

    void IObserver<StoreChangeSet<TKey, TRow>>.OnCompleted()
    {
        if (!_hasEnded)
        {
            _hasEnded = true;
            observer.OnCompleted();
        }
    }

    /// <returns><see langword="null"/> if there is nothing to tell.</returns>
    private StoreViewChangeSet<TRow>? Apply(StoreChangeSet<TKey, TRow> set)
    {
        var isReset = set.IsReset || _told is null;
        if (isReset)
        {
            _rows.Reset(set.Snapshot);
        }
        else
        {
            foreach (var change in set.Changes)
            {
                _rows.Apply(change.Key, change.Kind != StoreChangeKind.Removed, change.Current, _changes);
            }
        }

        var changes = _changes.DrainToImmutable();
        var snapshot = view.Make(set.Snapshot, _rows);
        if (!isReset && changes.IsEmpty && _told!.SaysTheSameAs(set.Status))
        {
            return null;
        }

        _told = set.Status;
        return new StoreViewChangeSet<TRow>(snapshot, isReset, changes);
    }
}
